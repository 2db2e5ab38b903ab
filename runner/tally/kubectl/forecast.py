"""What will run when, over many ScheduledJobs: every firing of a span of time, in columns, and where they meet.

Firings come from the operator's own cron module. Jobs of one schedule and zone share them, so that a thousand jobs
cost as much as their few schedules.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from tally.cron.changes import Change, changes
from tally.kubectl.firings import firings, is_interval, timing
from tally.kubectl.observed import ScheduledJob

_STEPS = tuple(
    timedelta(minutes=each) for each in (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10080)
)
_LOOK_AHEAD = timedelta(days=14)  # a change of the clock is told that long before, however short the span
_BUSIEST = 5  # minutes


@dataclass(frozen=True, kw_only=True)
class Line:
    """One ScheduledJob.

    Args:
        scheduled_job: Which one.
        times: When it will run, in UTC.
    """

    scheduled_job: ScheduledJob
    times: Sequence[datetime]


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A minute in which several start.

    Args:
        minute: In UTC.
        jobs: Which ones.
    """

    minute: datetime
    jobs: Sequence[ScheduledJob]


@dataclass(frozen=True, kw_only=True)
class ClockChange:
    """A change of the clock that one schedule will feel.

    Args:
        zone: Whose clock.
        change: What it does.
        jobs: Those with this schedule.
    """

    zone: str
    change: Change
    jobs: Sequence[ScheduledJob]


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What is ahead.

    Args:
        start: From when, in UTC.
        until: To when.
        lines: Those that will run.
        idle: Those that will not run by themselves in this time.
        meetings: The minutes in which most start, the fullest first; none in which one starts alone.
        clock_changes: The earliest first.
    """

    start: datetime
    until: datetime
    lines: Sequence[Line]
    idle: Sequence[ScheduledJob]
    meetings: Sequence[Meeting]
    clock_changes: Sequence[ClockChange]


def forecast(scheduled_jobs: Iterable[ScheduledJob], now: datetime, span: timedelta) -> Forecast:
    """Look ahead.

    Args:
        scheduled_jobs: Which ones.
        now: The present time, aware.
        span: How far.
    """
    until = now + span
    known: dict[tuple[str, str], list[datetime]] = {}
    lines = [Line(scheduled_job=each, times=_times(each, now, until, known)) for each in scheduled_jobs]
    running = [line for line in lines if line.times]
    return Forecast(
        start=now.astimezone(UTC),
        until=until.astimezone(UTC),
        lines=running,
        idle=[line.scheduled_job for line in lines if not line.times],
        meetings=_meetings(running),
        clock_changes=_clock_changes(running, now, max(until, now + _LOOK_AHEAD)),
    )


def step_of(span: timedelta, columns: int) -> timedelta:
    """Give the time that one column stands for: the shortest round one with which the span fits.

    Args:
        span: How long.
        columns: How many there are, at least one.
    """
    return next((step for step in _STEPS if step * columns >= span), span / columns)


def in_columns(times: Iterable[datetime], start: datetime, step: timedelta, columns: int) -> list[int]:
    """Count times by column.

    Args:
        times: In UTC, not before `start`, nor after the last column.
        start: Where the first column begins, in UTC.
        step: What one stands for.
        columns: How many there are.
    """
    counts = [0] * columns
    for time in times:
        counts[min(columns - 1, (time - start) // step)] += 1
    return counts


def _times(
    scheduled_job: ScheduledJob, now: datetime, until: datetime, known: dict[tuple[str, str], list[datetime]]
) -> list[datetime]:
    if scheduled_job.suspended or scheduled_job.complete or scheduled_job.holds("Stalled"):
        return []
    if is_interval(scheduled_job.schedule):
        return _until(until, firings(scheduled_job, now))
    key = (scheduled_job.schedule, scheduled_job.time_zone)
    if key not in known:
        known[key] = _until(until, _unlimited(*key, now))
    return known[key][: scheduled_job.remaining]


def _until(until: datetime, times: Iterable[datetime]) -> list[datetime]:
    # In UTC: Python compares two datetimes of one zone by their wall clocks.
    return list(takewhile(until.__ge__, (time.astimezone(UTC) for time in times)))


def _unlimited(schedule: str, zone: str, now: datetime) -> Iterator[datetime]:
    at = timing(schedule, zone)
    fired = None if isinstance(at, str) else at.schedule.next(now.astimezone(at.zone))
    while fired is not None and not isinstance(at, str):
        yield fired
        fired = at.schedule.next(fired)


def _meetings(lines: Sequence[Line]) -> list[Meeting]:
    starting: defaultdict[datetime, list[ScheduledJob]] = defaultdict(list)
    for line in lines:
        for time in line.times:
            starting[time.replace(second=0)].append(line.scheduled_job)
    fullest = sorted(starting.items(), key=lambda each: (-len(each[1]), each[0]))[:_BUSIEST]
    return [Meeting(minute=minute, jobs=jobs) for minute, jobs in fullest if len(jobs) > 1]


def _clock_changes(lines: Sequence[Line], now: datetime, until: datetime) -> list[ClockChange]:
    jobs: dict[tuple[str, str], list[ScheduledJob]] = {}
    for line in lines:
        jobs.setdefault((line.scheduled_job.schedule, line.scheduled_job.time_zone), []).append(line.scheduled_job)
    found = []
    for (schedule, zone), sharing in jobs.items():
        at = timing(schedule, zone)
        if not isinstance(at, str):
            felt = changes(schedule, at.zone, now, until)
            found += [ClockChange(zone=zone, change=change, jobs=sharing) for change in felt]
    return sorted(found, key=lambda each: each.change.at)
