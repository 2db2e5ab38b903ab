"""Counts executions by their slots, so that a Job seen twice counts once, and one that came and went counts too.

The memory is `status.recentExecutions`: the last ten slots and any older one that still runs. A Job whose slot stands
there, or is older than ten counted ones, has been counted; any other Job has not, however late it is seen.

A firing between two counted slots that has no Job was missed, if the operator was watching (a Job that came and went is
told by its deletion), or if something else tells so: its predecessor was still running (Forbid), or its successor
started late, as after an outage of the controller. A firing in a time when nobody watched, that nothing explains, may
have had a Job that was deleted since. With a limit it counts as executed, since never more than N comes first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tally.cron import Schedule

from tally_operator import instants
from tally_operator.model import ConcurrencyPolicy, Outcome, RecentExecution, Status
from tally_operator.observed import Job

MEMORY = 10  # executions
LATE = timedelta(seconds=10)  # a controller that is up starts a Job within a second or two


@dataclass(frozen=True, kw_only=True)
class Firings:
    """The firings that a CronJob has stood for: where gaps between Jobs can be seen.

    Args:
        schedule: The CronJob's, not the one that the user has just written.
        zone: Where it is read.
        after: Since when it stands, from the window on the CronJob.
        last_started: The newest slot for which the controller says to have made a Job.
        watching_since: Since when no Job can have come and gone unseen.
        policy: What happened at a firing while the last run went on.
    """

    schedule: Schedule
    zone: ZoneInfo
    after: datetime
    last_started: datetime | None
    watching_since: datetime
    policy: ConcurrencyPolicy


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The count so far.

    Args:
        executions: Executed slots, ever.
        succeeded: Those that ended well.
        failed: Those that did not.
        missed: Firings that passed without a Job.
        recent: The memory, oldest first.
        surplus: Jobs beyond the limit; they are not in the count.
    """

    executions: int
    succeeded: int
    failed: int
    missed: int
    recent: tuple[RecentExecution, ...]
    surplus: tuple[Job, ...] = ()

    @property
    def newest(self) -> datetime | None:
        """The newest executed slot."""
        return max(map(slot_of, self.recent), default=None)

    def remaining(self, limit: int | None) -> int | None:
        """How many executions are left; None without a limit."""
        return None if limit is None else max(0, limit - self.executions)


def count(status: Status, limit: int | None, jobs: Iterable[Job], firings: Firings | None) -> Tally:
    """Bring the count up to date.

    Args:
        status: The count as it was last written.
        limit: `numberOfExecutions`.
        jobs: All Jobs of this ScheduledJob.
        firings: What its CronJob has stood for; None when there is none, or none that can be read.

    Returns:
        The new count; equal counts for equal worlds, however often it is asked.
    """
    by_slot = {job.slot: job for job in jobs if job.slot is not None}
    memory = {slot_of(each): each for each in status.recent_executions}
    tally = _settle(status, memory, by_slot)
    surplus: list[Job] = []
    for slot, job in _uncounted(status, memory, by_slot, firings):
        # What lies before a surplus Job is no gap: nothing should have run there, and it would be found at every look.
        if limit is None or tally.executions < limit:
            tally = _fill_gap(tally, limit, slot, job, by_slot, firings)
        if limit is not None and tally.executions >= limit:
            if job is not None:
                surplus.append(job)
            continue
        tally = _counted(tally, slot, job)
    return replace(tally, recent=_remembered(tally.recent), surplus=tuple(surplus))


def slot_of(execution: RecentExecution) -> datetime:
    """Give an execution's slot, in UTC."""
    return instants.read(execution.scheduled_time)


def _settle(status: Status, memory: dict[datetime, RecentExecution], by_slot: dict[datetime, Job]) -> Tally:
    """Take over what became of the executions that were counted before."""
    recent = []
    succeeded, failed = status.succeeded, status.failed
    for slot, known in memory.items():
        ended = _with_outcome(known, by_slot.get(slot))
        if known.outcome not in ("succeeded", "failed"):
            succeeded += ended.outcome == "succeeded"
            failed += ended.outcome == "failed"
        recent.append(ended)
    return Tally(
        executions=status.executions, succeeded=succeeded, failed=failed, missed=status.missed, recent=tuple(recent)
    )


def _with_outcome(known: RecentExecution, job: Job | None) -> RecentExecution:
    if known.outcome in ("succeeded", "failed"):
        return known
    if job is None:
        return known.model_copy(update={"outcome": "unknown"})
    return _execution(slot_of(known), job)


def _execution(slot: datetime, job: Job | None) -> RecentExecution:
    outcome: Outcome = job.outcome if job else "unknown"
    seconds = None
    if job and job.started and job.completed:
        seconds = max(0, int((job.completed - job.started).total_seconds()))
    return RecentExecution(scheduled_time=instants.write(slot), outcome=outcome, duration_seconds=seconds)


def _uncounted(
    status: Status,
    memory: dict[datetime, RecentExecution],
    by_slot: dict[datetime, Job],
    firings: Firings | None,
) -> list[tuple[datetime, Job | None]]:
    """List the slots to count, oldest first; one whose Job is gone has None."""
    known = sorted(memory)
    forgotten = known[-MEMORY] if len(known) >= MEMORY else datetime.min.replace(tzinfo=UTC)
    # A status that lost its memory but kept its count has counted what is not newer than the last slot.
    if not known and status.last_schedule_time:
        forgotten = instants.read(status.last_schedule_time) + timedelta(seconds=1)
    new: dict[datetime, Job | None] = {
        slot: job for slot, job in by_slot.items() if slot not in memory and slot >= forgotten
    }
    gone = vanished(firings)
    if gone and gone not in memory and gone > max([*known, *new], default=forgotten):
        new[gone] = None
    return sorted(new.items(), key=lambda item: item[0])


def vanished(firings: Firings | None) -> datetime | None:
    """Give the slot that the controller says to have started, Job or no Job; what we wrote there ourselves is none."""
    if firings is None or firings.last_started is None or firings.last_started <= firings.after:
        return None
    return firings.last_started


def _fill_gap(
    tally: Tally,
    limit: int | None,
    slot: datetime,
    job: Job | None,
    by_slot: dict[datetime, Job],
    firings: Firings | None,
) -> Tally:
    """Decide on the firings between the newest executed slot and this one."""
    if firings is None or slot <= firings.after or (tally.newest and slot < tally.newest):
        return tally
    start = max(filter(None, [tally.newest, firings.after]))
    gaps = max(0, firings.schedule.count(start.astimezone(firings.zone), slot.astimezone(firings.zone)) - 1)
    if not gaps:
        return tally
    if limit is None or _started_late(slot, job):
        return replace(tally, missed=tally.missed + gaps)
    for gap in _between(firings, start, slot):
        if gap > firings.watching_since or _skipped(gap, by_slot, firings.policy):
            tally = replace(tally, missed=tally.missed + 1)
        elif tally.executions < limit:
            tally = _counted(tally, gap, None)
        else:
            break
    return tally


def _between(firings: Firings, start: datetime, end: datetime) -> Iterator[datetime]:
    firing = firings.schedule.next(start.astimezone(firings.zone))
    while firing is not None and firing.astimezone(UTC) < end:
        yield firing.astimezone(UTC)
        firing = firings.schedule.next(firing)


def _started_late(slot: datetime, job: Job | None) -> bool:
    """Tell that the controller was away, or held back by Forbid, until after this slot: older firings never started."""
    return job is not None and job.created - slot >= LATE


def _skipped(gap: datetime, by_slot: dict[datetime, Job], policy: ConcurrencyPolicy) -> bool:
    if policy != "Forbid":
        return False
    return any(job.created <= gap and (job.completed is None or job.completed >= gap) for job in by_slot.values())


def _counted(tally: Tally, slot: datetime, job: Job | None) -> Tally:
    execution = _execution(slot, job)
    return replace(
        tally,
        executions=tally.executions + 1,
        succeeded=tally.succeeded + (execution.outcome == "succeeded"),
        failed=tally.failed + (execution.outcome == "failed"),
        recent=(*tally.recent, execution),
    )


def _remembered(recent: tuple[RecentExecution, ...]) -> tuple[RecentExecution, ...]:
    ordered = sorted(recent, key=slot_of)
    older, last = ordered[:-MEMORY], ordered[-MEMORY:]
    return tuple([each for each in older if each.outcome == "running"] + last)
