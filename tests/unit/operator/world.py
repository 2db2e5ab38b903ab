"""A small world for tables: instants as "12:01" of one Monday, and the objects that are seen there."""

# ruff: noqa: ANN401 (the fields of any model)

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tally_operator import observed, planner, render
from tally_operator.model import Outcome, RecentExecution, Spec, Status
from tally_operator.observed import CronJob, Job, Key, Observed, ScheduledJob, Window
from tally_operator.steps import (
    AdoptJob,
    ApplyCronJob,
    CreateCronJob,
    DeleteCronJob,
    DeleteJob,
    Emit,
    ForgetPassed,
    Plan,
    Step,
    WriteStatus,
)

DEFAULTS = render.Defaults(runner_image="runner:1")
KEY = Key("shop", "sync")
UID = "scheduled-job-1"
CRONJOB_UID = "cronjob-1"


def at(text: str) -> datetime:
    """Read "12:01", "12:01:30" or an instant with its date; all in UTC."""
    full = text if "T" in text else f"2026-01-05T{text}"
    return datetime.fromisoformat(full.removesuffix("Z")).replace(tzinfo=UTC)


def maybe_at(text: str | None) -> datetime | None:
    return at(text) if text else None


def window(after: str, not_after: str | None = None, expires: str | None = None) -> Window:
    return Window(after=at(after), not_after=maybe_at(not_after), expires=maybe_at(expires))


def spec(limit: int | None = None, **fields: Any) -> Spec:
    return Spec(**{"name": "sync", "schedule": "* * * * *", "number_of_executions": limit, **fields})


def execution(slot: str, outcome: Outcome = "succeeded") -> RecentExecution:
    return RecentExecution(scheduled_time=at(slot).isoformat().replace("+00:00", "Z"), outcome=outcome)


def counted(*slots: str, outcome: Outcome = "succeeded", **more: Any) -> Status:
    """Give the status after executions at these times."""
    recent = tuple(execution(slot, outcome) for slot in slots)
    ended = {"succeeded": len(slots)} if outcome == "succeeded" else {}
    return Status(**{"executions": len(slots), "recent_executions": recent, **ended, **more})


def scheduled_job(asked: Spec, status: Status | None = None, **fields: Any) -> ScheduledJob:
    settings: dict[str, Any] = {
        "key": KEY,
        "uid": UID,
        "created": at("12:00:30"),
        "generation": 1,
        "resource_version": "7",
    }
    return ScheduledJob(spec=asked, status=status or Status(), **{**settings, **fields})


def cronjob(
    asked: Spec, fence: Window, *, last: str | None = None, owner: str = UID, created: str = "12:00:30", **fields: Any
) -> CronJob:
    """Give the CronJob that we would have made of this spec."""
    body = render.cronjob(KEY, owner, asked, fence, DEFAULTS)
    body["metadata"]["resourceVersion"] = "1"
    body["metadata"]["resourceVersion"] = "5"
    settings: dict[str, Any] = {
        "name": asked.name,
        "uid": CRONJOB_UID,
        "created": at(created),
        "source": observed.packed(body, "spec"),
    }
    return CronJob(owner=owner, window=fence, last_schedule_time=maybe_at(last), **{**settings, **fields})


def run(
    slot: str,
    outcome: Outcome = "succeeded",
    *,
    created: str | None = None,
    completed: str | None = None,
    owner: str | None = CRONJOB_UID,
    **fields: Any,
) -> Job:
    """Give a Job that the CronJob controller has made for a slot."""
    name = f"sync-{int(at(slot).timestamp()) // 60}"
    start = at(created or slot)
    end = at(completed) if completed else (None if outcome == "running" else start)
    settings: dict[str, Any] = {"name": name, "uid": f"uid-of-{name}", "slot": at(slot)}
    return Job(created=start, started=start, completed=end, outcome=outcome, owner=owner, **{**settings, **fields})


def manual(name: str, outcome: Outcome = "succeeded", created: str = "12:00", **fields: Any) -> Job:
    return Job(name=name, uid=f"uid-of-{name}", created=at(created), slot=None, outcome=outcome, **fields)


def seen(
    asked: Spec,
    status: Status | None = None,
    *,
    cron: CronJob | None = None,
    jobs: Iterable[Job] = (),
    watching_since: str = "12:00",
    **more: Any,
) -> Observed:
    return Observed(
        scheduled_job=scheduled_job(asked, status),
        watching_since=at(watching_since),
        cronjob=cron,
        jobs=tuple(jobs),
        **more,
    )


def plan(world: Observed, now: str, **more: Any) -> Plan:
    return planner.plan(world, DEFAULTS, at(now), **more)


def kinds(steps: Iterable[Step]) -> list[str]:
    return [type(step).__name__ for step in steps]


def writes(steps: Iterable[Step]) -> list[str]:
    """Name the steps that change something, and the Jobs that they are about; status and events left out."""
    return [_written(step) for step in steps if not isinstance(step, WriteStatus | Emit)]


def _written(step: Step) -> str:
    return f"{type(step).__name__} {step.job}" if isinstance(step, AdoptJob | DeleteJob) else type(step).__name__


def status_of(world: Observed, steps: Iterable[Step]) -> Status:
    """Give the status that stands after the steps."""
    written = [step.status for step in steps if isinstance(step, WriteStatus)]
    return written[-1] if written else world.scheduled_job.status


def carried_out(world: Observed, steps: Iterable[Step], now: str) -> Observed:
    """Give the world after the steps, as the API server would show it."""
    for step in steps:
        world = _after(world, step, now)
    return world


def _after(world: Observed, step: Step, now: str) -> Observed:
    match step:
        case WriteStatus(status=status):
            return replace(world, scheduled_job=replace(world.scheduled_job, status=status))
        case CreateCronJob(body=body):
            made = {"uid": CRONJOB_UID, "creationTimestamp": at(now).isoformat(), "resourceVersion": "1"}
            return replace(world, cronjob=observed.cronjob({**body, "metadata": {**body["metadata"], **made}}))
        case ApplyCronJob(body=body):
            assert world.cronjob is not None
            fence = observed.window(body["spec"]["jobTemplate"]["metadata"]["annotations"])
            body = {**body, "metadata": {**body["metadata"], "resourceVersion": "5"}}
            return replace(world, cronjob=replace(world.cronjob, source=observed.packed(body, "spec"), window=fence))
        case ForgetPassed(until=until):
            assert world.cronjob is not None
            return replace(world, cronjob=replace(world.cronjob, last_schedule_time=until, forgotten=until))
        case AdoptJob(job=name):
            jobs = [replace(job, owner=UID) if job.name == name else job for job in world.jobs]
            return replace(world, jobs=tuple(jobs))
        case DeleteCronJob(uid=uid):
            jobs = [replace(job, owner=None) if job.owner == uid else job for job in world.jobs]
            return replace(world, cronjob=None, jobs=tuple(jobs))
        case DeleteJob(job=name):
            return replace(world, jobs=tuple(job for job in world.jobs if job.name != name))
    return world


def settled(world: Observed, now: str) -> Observed:
    """Plan and carry out until there is nothing left to do."""
    for _ in range(5):
        steps = plan(world, now).steps
        if not steps:
            return world
        world = carried_out(world, steps, now)
    raise AssertionError(f"the planner never comes to rest: {kinds(steps)}")
