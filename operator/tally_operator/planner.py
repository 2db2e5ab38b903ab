"""The decisions: from what is observed of one ScheduledJob at one instant to the writes that put it right.

`plan` never trusts an event, it looks at the world (level, not edge), so it may be asked at any time, and its steps may
be cut off between any two: the next plan goes on from there. The rules, in the order in which they are applied:

1. Count, and write the count before anything that could lose a Job.
2. At the limit: adopt the Jobs, then delete the CronJob. In this order: the garbage collector, when it hears of the
   deletion before it has heard of the youngest Job, would take that one for an orphan and delete it.
3. An Invalid one keeps its last good CronJob, except where the name is another's.
4. Otherwise make the CronJob, or put it right; before one that would start a passed slot, forget the passed slots.
5. Delete the counted Jobs beyond the history limits.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tally_operator import counting, drift, events, fence, history, instants, render, status, timing
from tally_operator.counting import Firings, Tally
from tally_operator.model import Spec, Status
from tally_operator.observed import CronJob, Job, Observed, Window
from tally_operator.problems import Problem, cronjob_conflict
from tally_operator.render import Defaults
from tally_operator.status import Situation
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
from tally_operator.timing import Timing

SETTLE = timedelta(seconds=2)  # from a fence's end until a Job that the API server took just before it can be listed
# Until a firing without a Job is no longer shown as the next one. A controller with a thousand CronJobs for the same
# minute takes fifteen seconds: a write for each that is only late would come when the API server has most to do.
GRACE = timedelta(seconds=30)
RETRY = timedelta(seconds=30)  # until something that the API server refused is tried again


@dataclass(frozen=True, kw_only=True)
class _Case:
    """One ScheduledJob with what follows from the observation directly."""

    observed: Observed
    spec: Spec
    tally: Tally
    timing: Timing | None
    problem: Problem | None
    defaults: Defaults
    now: datetime

    @property
    def remaining(self) -> int | None:
        return self.tally.remaining(self.spec.number_of_executions)

    @property
    def complete(self) -> bool:
        return self.remaining == 0

    @property
    def own_cronjob(self) -> CronJob | None:
        cronjob = self.observed.cronjob
        return cronjob if cronjob and cronjob.owner == self.observed.scheduled_job.uid else None


def plan(observed: Observed, defaults: Defaults, now: datetime, refusal: Problem | None = None) -> Plan:
    """Decide what to do for one ScheduledJob.

    Args:
        observed: What is there.
        defaults: What the installation says.
        now: The present time by the API server's clock, or a little earlier; aware.
        refusal: Why the last plan for the same observation could not be carried out: then only the status is written.
    """
    scheduled_job = observed.scheduled_job
    if scheduled_job.deleting:
        return Plan()
    if scheduled_job.spec is None:
        return _unreadable(observed, now)
    case = _case(observed, scheduled_job.spec, defaults, now, refusal)
    wanted, cronjob_steps = (None, ()) if refusal else _cronjob_steps(case)
    if isinstance(wanted, Problem):
        case = replace(case, problem=wanted)
    elif wanted is not None:
        case = replace(case, tally=_with_missed(case, wanted, cronjob_steps))
    new = _status(case)
    steps = _ordered(case, new, cronjob_steps)
    return Plan(steps=steps, look_again_at=_look_again(case, wanted if isinstance(wanted, Window) else None, new))


def needs_listing(observed: Observed, now: datetime) -> bool:
    """Tell whether only a fresh listing of the Jobs can say what was executed.

    So it is when the fence has ended, and when the CronJob tells of a Job that the other watch has not told of: counted
    without having been seen, the last one would not be adopted, and go with its CronJob.

    Args:
        observed: What the watches have told.
        now: The present time by the API server's clock, or a little earlier; aware.
    """
    window = observed.cronjob.window if observed.cronjob else None
    ended = window is not None and window.expires is not None and now >= window.expires + SETTLE
    suspended = observed.scheduled_job.spec is not None and observed.scheduled_job.spec.suspend
    return (ended and not suspended) or _tells_of_unseen(observed)


def _tells_of_unseen(observed: Observed) -> bool:
    firings = _firings(observed)
    started = counting.vanished(firings)
    if started is None:
        return False
    counted = {counting.slot_of(each) for each in observed.scheduled_job.status.recent_executions}
    return started not in counted and started not in {job.slot for job in (*observed.jobs, *observed.gone)}


def _case(observed: Observed, spec: Spec, defaults: Defaults, now: datetime, refusal: Problem | None) -> _Case:
    checked = timing.check(spec.schedule, spec.time_zone, now)
    problem = checked if isinstance(checked, Problem) else None
    if observed.rival:
        message = f"The name {spec.name!r} is taken by the older ScheduledJob {observed.rival}. Use another one."
        problem = Problem(reason="NameTaken", message=message)
    elif refusal:
        problem = refusal
    tally = counting.count(
        observed.scheduled_job.status,
        spec.number_of_executions,
        (*observed.gone, *observed.jobs),
        _firings(observed),
    )
    return _Case(
        observed=observed,
        spec=spec,
        tally=tally,
        timing=checked if isinstance(checked, Timing) else None,
        problem=problem,
        defaults=defaults,
        now=now,
    )


def _firings(observed: Observed) -> Firings | None:
    """Read from the CronJob what it has stood for; its spec may be another than the user's newest."""
    cronjob = observed.cronjob
    if cronjob is None or cronjob.owner != observed.scheduled_job.uid:
        return None
    # Where the fence was spoilt by hand, what we forgot last was its beginning.
    began = cronjob.window.after if cronjob.window else cronjob.forgotten
    spec = cronjob.body["spec"]
    live = timing.read(spec["schedule"], spec.get("timeZone", ""))
    if isinstance(live, Problem):
        return None
    return Firings(
        schedule=live.schedule,
        zone=live.zone,
        # A clock that was late when the window was opened must not make a gap of what lies before the CronJob.
        after=_latest(cronjob.created, began),
        # Cut off between ForgetPassed and ApplyCronJob, the window does not tell yet that this time is ours.
        last_started=None if cronjob.last_schedule_time == cronjob.forgotten else cronjob.last_schedule_time,
        watching_since=observed.watching_since,
        policy=spec["concurrencyPolicy"],
    )


def _cronjob_steps(case: _Case) -> tuple[Window | Problem | None, tuple[Step, ...]]:
    """Decide about the CronJob; with the window that it then has, or the problem that shows only now."""
    own, present = case.own_cronjob, case.observed.cronjob
    if case.complete or case.observed.rival:
        return None, _removal(case)
    if case.problem or case.timing is None:
        return (own.window if own else None), ()
    if present is None:
        return _created(case, case.timing)
    if own is None:
        return cronjob_conflict(present.name), ()
    return (own.window, ()) if own.deleting else _corrected(case, own, case.timing)


def _removal(case: _Case) -> tuple[Step, ...]:
    own = case.own_cronjob
    if own is None or own.deleting:
        return ()
    adoptions = [
        AdoptJob(job=job.name, uid=job.uid) for job in case.observed.jobs if job.owner == own.uid and not job.deleting
    ]
    return (*adoptions, DeleteCronJob(cronjob=own.name, uid=own.uid))


def _created(case: _Case, at: Timing) -> tuple[Window | Problem | None, tuple[Step, ...]]:
    window = fence.opened(at.schedule, at.zone, _latest(case.now, case.tally.newest), case.remaining)
    body = _rendered(case, window)
    return (body, ()) if isinstance(body, Problem) else (window, (CreateCronJob(body=body),))


def _corrected(case: _Case, own: CronJob, at: Timing) -> tuple[Window | Problem | None, tuple[Step, ...]]:
    """Compare the CronJob with what it should be."""
    there = own.body
    live = there["spec"]
    same_firings = live["schedule"] == case.spec.schedule and live.get("timeZone") == case.spec.time_zone
    resumed = bool(live.get("suspend")) and not case.spec.suspend
    version = there["metadata"]["resourceVersion"]
    steps: list[Step] = []
    if same_firings and not resumed:
        window = _kept(case, own, at)
    else:
        # By a late clock we might forget less than the controller has forgotten, and start what had passed for it.
        begin = _latest(case.now, case.tally.newest, own.created, own.last_schedule_time)
        window = fence.opened(at.schedule, at.zone, begin, case.remaining)
        steps.append(ForgetPassed(cronjob=own.name, uid=own.uid, version=version, until=window.after))
    body = _rendered(case, window)
    if isinstance(body, Problem):
        return body, ()
    if not drift.has_drifted(there, body) and own.window == window:
        return window, ()
    removal = drift.foreign_fields(there, body)
    return window, (*steps, ApplyCronJob(uid=own.uid, version=version, body=body, removal=removal))


def _kept(case: _Case, own: CronJob, at: Timing) -> Window:
    if case.spec.suspend and own.window is not None:
        return own.window
    return fence.kept(
        own.window,
        at.schedule,
        at.zone,
        newest=case.tally.newest,
        anchor=_anchor(case, own),
        remaining=case.remaining,
        now=case.observed.listed_at or (own.window.after if own.window else case.now),
    )


def _with_missed(case: _Case, window: Window, steps: tuple[Step, ...]) -> Tally:
    """Count the firings that a moved fence leaves behind; those before a new beginning were nobody's."""
    own, at = case.own_cronjob, case.timing
    if own is None or own.window is None or at is None or any(isinstance(step, ForgetPassed) for step in steps):
        return case.tally
    start = _latest(own.window.after, case.tally.newest)
    passed = at.schedule.count(start.astimezone(at.zone), window.after.astimezone(at.zone))
    return replace(case.tally, missed=case.tally.missed + passed)


def _rendered(case: _Case, window: Window) -> dict[str, object] | Problem:
    scheduled_job = case.observed.scheduled_job
    try:
        return render.cronjob(scheduled_job.key, scheduled_job.uid, case.spec, window, case.defaults)
    except ValueError as error:
        return Problem(reason="InvalidTemplate", message=str(error))


def _status(case: _Case) -> Status:
    problem = None if case.complete else case.problem
    own = case.own_cronjob
    has_cronjob = not case.complete and not case.observed.rival and (own is not None or problem is None)
    situation = Situation(
        problem=problem,
        complete=case.complete,
        cronjob=case.spec.name if has_cronjob else None,
        next_firing=_next_firing(case) if has_cronjob and problem is None else None,
    )
    observed = case.observed
    return status.written(observed.scheduled_job, case.tally, situation, observed.jobs, observed.ending, case.now)


def _next_firing(case: _Case) -> datetime | None:
    if case.timing is None or case.spec.suspend:
        return None
    own = case.own_cronjob
    base = _latest(case.now - GRACE, case.tally.newest, own.window.after if own and own.window else case.now)
    schedule, zone = case.timing.schedule, case.timing.zone
    if fence.is_interval(schedule):
        if own is None:
            return None  # it counts from the instant at which the CronJob will have been made
        anchor = _anchor(case, own)
        passed = schedule.count(anchor, base)
        base = (schedule.nth(anchor, passed) if passed else None) or anchor
    return schedule.next(base.astimezone(zone))


def _anchor(case: _Case, own: CronJob) -> datetime:
    """Give what an `@every` counts from, as the CronJob controller sees it."""
    return _latest(case.tally.newest or own.created, own.last_schedule_time)


def _ordered(case: _Case, new: Status, cronjob_steps: tuple[Step, ...]) -> tuple[Step, ...]:
    old = case.observed.scheduled_job.status
    write: tuple[Step, ...] = (WriteStatus(status=new), *events.told(old, new)) if new != old else ()
    counted = new.executions != old.executions or case.complete
    steps = (*write, *cronjob_steps) if counted else (*cronjob_steps, *write)
    return (*steps, *_adoptions(case), *_deletions(case))


def _adoptions(case: _Case) -> list[Step]:
    """Take in Jobs whose CronJob has gone without them."""
    orphans = [job for job in case.observed.jobs if job.owner is None and not job.deleting]
    return [AdoptJob(job=job.name, uid=job.uid) for job in orphans]


def _deletions(case: _Case) -> list[Step]:
    surplus = case.tally.surplus
    counted = [job for job in case.observed.jobs if job not in surplus]
    gone = [step for job in surplus if not job.deleting for step in _surplus_deleted(case, job)]
    old = [DeleteJob(job=job.name, uid=job.uid, why="history") for job in history.superfluous(counted, case.spec)]
    return [*gone, *old]


def _surplus_deleted(case: _Case, job: Job) -> tuple[Step, ...]:
    message = f"Deleted the Job {job.name}, made after the limit of {case.spec.number_of_executions} was reached."
    return (
        DeleteJob(job=job.name, uid=job.uid, why="surplus"),
        Emit(type="Warning", reason="SurplusDeleted", message=message),
    )


def _look_again(case: _Case, window: Window | None, new: Status) -> datetime | None:
    if case.complete:
        return None
    if case.problem:
        return case.now + RETRY
    if case.spec.suspend:
        return None
    times = [instants.read(new.next_schedule_time) + GRACE if new.next_schedule_time else case.now + SETTLE]
    if window and window.expires:
        times.append(window.expires + SETTLE)
    return min((time for time in times if time > case.now), default=None)


def _unreadable(observed: Observed, now: datetime) -> Plan:
    """Say what is wrong with a spec that the CRD let through, and leave all else alone."""
    scheduled_job = observed.scheduled_job
    old = scheduled_job.status
    tally = Tally(
        executions=old.executions,
        succeeded=old.succeeded,
        failed=old.failed,
        missed=old.missed,
        recent=old.recent_executions,
    )
    problem = Problem(reason="InvalidSpec", message=scheduled_job.problem)
    situation = Situation(problem=problem, complete=False, cronjob=old.cron_job, next_firing=None)
    new = status.written(scheduled_job, tally, situation, observed.jobs, None, now)
    return Plan(steps=(WriteStatus(status=new), *events.told(old, new)) if new != old else ())


def _latest(first: datetime, *others: datetime | None) -> datetime:
    return max([first, *(each for each in others if each is not None)])
