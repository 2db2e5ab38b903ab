"""Writes the status: the count, the phase for people, and the conditions for programs (kstatus' convention)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tally_operator import counting, instants
from tally_operator.counting import Tally
from tally_operator.model import Condition, LastExecution, Phase, Spec, Status
from tally_operator.observed import Ending, Job, ScheduledJob
from tally_operator.problems import Problem


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What the planner has found, besides the count.

    Args:
        problem: Why it is Invalid, if it is.
        complete: Whether the limit is reached.
        cronjob: The name of our CronJob when all is carried out; None when there is none.
        next_firing: The next scheduled time; None when there is none to come.
    """

    problem: Problem | None
    complete: bool
    cronjob: str | None
    next_firing: datetime | None


def written(
    scheduled_job: ScheduledJob,
    tally: Tally,
    situation: Situation,
    jobs: tuple[Job, ...],
    ending: Ending | None,
    now: datetime,
) -> Status:
    """Write the status as it should stand.

    Args:
        scheduled_job: The ScheduledJob with its old status.
        tally: The count.
        situation: What else is the case.
        jobs: Its Jobs.
        ending: What the newest execution's pod left; None when it is not known or not asked for.
        now: The present time, for what changes now.

    Returns:
        The new status, equal to the old one when nothing changed.
    """
    old, limit = scheduled_job.status, scheduled_job.spec.number_of_executions if scheduled_job.spec else None
    newest = tally.newest
    return old.model_copy(
        update={
            "observed_generation": scheduled_job.generation,
            "phase": _phase(scheduled_job.spec, situation, jobs),
            "tally": str(tally.executions) if limit is None else f"{tally.executions}/{limit}",
            "executions": tally.executions,
            "remaining": tally.remaining(limit),
            "succeeded": tally.succeeded,
            "failed": tally.failed,
            "missed": tally.missed,
            "last_schedule_time": instants.write(newest) if newest else old.last_schedule_time,
            "next_schedule_time": instants.write(situation.next_firing) if situation.next_firing else None,
            "completion_time": (old.completion_time or instants.write(now)) if situation.complete else None,
            "cron_job": situation.cronjob,
            "last_execution": _last_execution(old, tally, jobs, ending),
            "recent_executions": tally.recent,
            "conditions": _conditions(scheduled_job, tally, situation, now),
        }
    )


def awaited_ending(status: Status, jobs: tuple[Job, ...]) -> Job | None:
    """Give the Job whose pod's last words are to be fetched: the newest execution's, once, when it has ended."""
    executed = [job for job in jobs if job.slot is not None]
    newest = max(executed, key=lambda job: (job.slot, job.created), default=None)
    if newest is None or newest.outcome == "running":
        return None
    last = status.last_execution
    if last is None or newest.slot is None:
        return newest
    counted = instants.read(last.scheduled_time)
    told = newest.slot < counted or (newest.slot == counted and last.outcome in ("succeeded", "failed"))
    return None if told else newest


def _phase(spec: Spec | None, situation: Situation, jobs: tuple[Job, ...]) -> Phase:
    if situation.complete:
        return "Completed"
    if situation.problem or spec is None:
        return "Invalid"
    if any(job.outcome == "running" and not job.deleting for job in jobs):
        return "Running"
    return "Suspended" if spec.suspend else "Scheduled"


def _last_execution(old: Status, tally: Tally, jobs: tuple[Job, ...], ending: Ending | None) -> LastExecution | None:
    newest = tally.newest
    job = next((each for each in jobs if each.slot is not None and each.slot == newest), None)
    if newest is None or job is None:
        return _gone(old.last_execution, tally)
    last = old.last_execution
    if last is not None and (last.job, last.outcome) == (job.name, job.outcome) and ending is None:
        return last
    ended = ending or Ending()
    return LastExecution(
        job=job.name,
        scheduled_time=instants.write(newest),
        start_time=instants.write(job.started) if job.started else None,
        completion_time=instants.write(job.completed) if job.completed else None,
        outcome=job.outcome,
        exit_code=ended.exit_code,
        message=ended.message or job.message or None,
        result=ended.result,
    )


def _gone(last: LastExecution | None, tally: Tally) -> LastExecution | None:
    """Keep what is known of an execution whose Job has gone; one that still ran has an end that nobody knows."""
    if last is None or last.outcome != "running" or not tally.recent:
        return last
    known = next((each for each in tally.recent if counting.slot_of(each) == instants.read(last.scheduled_time)), None)
    return last.model_copy(update={"outcome": known.outcome}) if known else last


def _conditions(
    scheduled_job: ScheduledJob, tally: Tally, situation: Situation, now: datetime
) -> tuple[Condition, ...]:
    problem = situation.problem
    reason, message = _said(scheduled_job.spec, tally, situation)
    complete = (
        ("LimitReached", message) if situation.complete else ("LimitNotReached", _left(scheduled_job.spec, tally))
    )
    wanted: list[tuple[Literal["Ready", "Stalled", "Complete"], bool, str, str]] = [
        ("Ready", problem is None, reason, message),
        ("Stalled", problem is not None, reason, message if problem else ""),
        ("Complete", situation.complete, *complete),
    ]
    return tuple(_condition(scheduled_job, now, *each) for each in wanted)


def _said(spec: Spec | None, tally: Tally, situation: Situation) -> tuple[str, str]:
    if situation.problem:
        return situation.problem.reason, situation.problem.message
    if situation.complete and spec is not None:
        return (
            "LimitReached",
            f"Executed {tally.executions} of {spec.number_of_executions} times; the CronJob is deleted, the Jobs stay.",
        )
    if spec is not None and spec.suspend:
        return "Suspended", "The schedule rests until spec.suspend is false."
    return "Scheduled", "The CronJob is as it should be."


def _left(spec: Spec | None, tally: Tally) -> str:
    if spec is None or spec.number_of_executions is None:
        return "There is no limit."
    return f"{tally.remaining(spec.number_of_executions)} of {spec.number_of_executions} executions are left."


def _condition(
    scheduled_job: ScheduledJob,
    now: datetime,
    type_: Literal["Ready", "Stalled", "Complete"],
    holds: bool,
    reason: str,
    message: str,
) -> Condition:
    status: Literal["True", "False"] = "True" if holds else "False"
    old = scheduled_job.status.condition(type_)
    changed = old is None or old.status != status
    return Condition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=instants.write(now) if changed or old is None else old.last_transition_time,
        observed_generation=scheduled_job.generation,
    )
