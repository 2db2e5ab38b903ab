"""The decisions of `tally dev`: from where each job stands at one instant to what starts and what is missed.

They are those of a ScheduledJob in a cluster: an execution is a slot (a scheduled time), it counts whatever becomes of
it, and nothing starts for a slot that passed before the job was taken up or its schedule changed. Of several slots that
are due at once only the newest may start. It starts late in two cases only: up to `GRACE` after its time (or
`starting_deadline_seconds`, where the job says so) when this machine was busy or asleep; and when the run that it had
to wait for under Forbid ends, as with a native CronJob.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from tally import cron
from tally.config import JobConfig

GRACE = 60  # seconds; a laptop that slept longer than the smallest gap of two slots misses them instead of hurrying
_SECOND = timedelta(seconds=1)

Reason = Literal["late", "busy"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is remembered of one job across restarts.

    Args:
        anchor: The whole minute, aware, from which an `@every` counts: when its schedule was first seen.
        executions: How many slots have been started, ever.
        newest: The newest slot that has been started, aware.
    """

    anchor: datetime
    executions: int = 0
    newest: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where one job stands.

    Args:
        config: The job's own word.
        anchor: The whole minute, aware, from which an `@every` counts.
        after: Aware; the slots up to here are settled: started, missed or passed.
        executions: How many slots have been started, ever.
        waiting: The slot, if any, that starts when the running execution ends.
    """

    config: JobConfig
    anchor: datetime
    after: datetime
    executions: int
    waiting: datetime | None = None

    @property
    def name(self) -> str:
        """The job's name."""
        return self.config.name

    @property
    def complete(self) -> bool:
        """Whether the limit is reached."""
        limit = self.config.number_of_executions
        return limit is not None and self.executions >= limit

    @property
    def next_slot(self) -> datetime | None:
        """The first slot that is not settled, in UTC; None where the job rests, is complete or never fires."""
        if self.config.suspend or self.complete:
            return None
        return _next(self.config.schedule, self.config.time_zone, self.anchor, self.after)


@dataclass(frozen=True, kw_only=True)
class Start:
    """One execution to begin.

    Args:
        config: The job.
        slot: Its scheduled time, in UTC.
        replaces: Whether the runs of this job that still go on are to be stopped.
    """

    config: JobConfig
    slot: datetime
    replaces: bool = False


@dataclass(frozen=True, kw_only=True)
class Missed:
    """Slots of one job for which nothing starts any more.

    Args:
        name: The job's name.
        slot: The first of them, in UTC.
        count: How many they are.
        reason: `late`, as this machine was busy or asleep at their time; or `busy`, as an earlier run still went on.
    """

    name: str
    slot: datetime
    count: int
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What follows from where the jobs stand.

    Args:
        standings: Where they stand afterwards, each start counted.
        starts: What to begin.
        missed: What is not begun any more.
        look_again_at: When the next slot is due; None where no job has one.
    """

    standings: tuple[Standing, ...]
    starts: tuple[Start, ...]
    missed: tuple[Missed, ...]
    look_again_at: datetime | None


def take_up(config: JobConfig, record: Record, now: datetime, before: Standing | None = None) -> Standing:
    """Begin with a job, or go on with it after its file was saved; neither starts a slot that has passed.

    Args:
        config: The job's word now.
        record: What is remembered of it.
        now: The present time, aware.
        before: Where it stood, if it was known.
    """
    if before is not None and _rule(before.config) == _rule(config):
        return replace(before, config=config)
    after = max(now, record.newest or now)
    return Standing(config=config, anchor=record.anchor, after=after, executions=record.executions)


def plan(standings: Iterable[Standing], running: Collection[str], now: datetime) -> Plan:
    """Decide what starts now, what is missed, and when to look again.

    Args:
        standings: Where each job stands.
        running: The names of the jobs of which a run goes on.
        now: The present time, aware.
    """
    settled: list[Standing] = []
    starts: list[Start] = []
    missed: list[Missed] = []
    for standing in standings:
        standing, passed = _settle(standing, now)
        missed += passed
        busy = standing.name in running
        policy = standing.config.concurrency_policy
        if standing.waiting is not None and not (busy and policy == "Forbid"):
            replaces = busy and policy == "Replace"
            starts.append(Start(config=standing.config, slot=standing.waiting, replaces=replaces))
            standing = replace(standing, waiting=None, executions=standing.executions + 1)
        settled.append(standing)
    upcoming = [each.next_slot for each in settled]
    return Plan(
        standings=tuple(settled),
        starts=tuple(starts),
        missed=tuple(missed),
        look_again_at=min(filter(None, upcoming), default=None),
    )


def _rule(config: JobConfig) -> tuple[object, ...]:
    """What decides which slots are executions: after a change of it, the slots up to now are passed."""
    return config.schedule, config.time_zone, config.suspend, config.number_of_executions


def _settle(standing: Standing, now: datetime) -> tuple[Standing, list[Missed]]:
    """Let the newest slot that is due be the one that waits, unless it is too late for it; the others are missed."""
    first = standing.next_slot
    if first is None:
        return replace(standing, waiting=None), []
    missed = []
    if first <= now:
        count, newest = _due(standing, now)
        fresh = _lateness(newest, now) <= _allowed(standing.config, GRACE)
        if standing.waiting is not None:
            missed.append(Missed(name=standing.name, slot=standing.waiting, count=1, reason="busy"))
        if count > fresh:
            missed.append(Missed(name=standing.name, slot=first, count=count - fresh, reason="late"))
        return replace(standing, after=newest, waiting=newest if fresh else None), missed
    waiting, deadline = standing.waiting, standing.config.starting_deadline_seconds
    if waiting is not None and deadline is not None and _lateness(waiting, now) > deadline:
        missed.append(Missed(name=standing.name, slot=waiting, count=1, reason="busy"))
        standing = replace(standing, waiting=None)
    return standing, missed


def _allowed(config: JobConfig, otherwise: int) -> int:
    deadline = config.starting_deadline_seconds
    return otherwise if deadline is None else deadline


def _lateness(slot: datetime, now: datetime) -> int:
    """In whole seconds: a deadline of 0 means within the slot's own second."""
    return (now - slot) // _SECOND


def _due(standing: Standing, now: datetime) -> tuple[int, datetime]:
    """How many slots are due, of which there is at least one, and the newest of them."""
    schedule, zone = _parsed(standing.config.schedule), ZoneInfo(standing.config.time_zone)
    origin = _origin(standing.config.schedule, standing.anchor, standing.after).astimezone(zone)
    settled = schedule.count(origin, standing.after)
    total = schedule.count(origin, now)
    newest = schedule.nth(origin, total)
    assert newest is not None, "the first one is due"
    return total - settled, newest.astimezone(UTC)


@lru_cache(maxsize=4096)
def _next(expression: str, zone: str, anchor: datetime, after: datetime) -> datetime | None:
    schedule = _parsed(expression)
    origin = _origin(expression, anchor, after).astimezone(ZoneInfo(zone))
    found = schedule.nth(origin, schedule.count(origin, after) + 1)
    return found and found.astimezone(UTC)


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> cron.Schedule:
    return cron.parse(expression)


def _origin(expression: str, anchor: datetime, after: datetime) -> datetime:
    """Where to count from: cron fields know their times by themselves, an `@every` is a delay from the first one."""
    return anchor if expression.startswith("@every") else after
