"""The last and the next 24 hours, by half hours: what ran, as far as it is remembered, and what will run."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import takewhile

from tally.instants import local
from tally.kubectl.firings import firings, is_interval
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.ui.rows import counted

SPAN = timedelta(hours=24)  # each way
STEP = timedelta(minutes=30)
COLUMNS = 2 * (SPAN // STEP)
HEIGHT = 64  # of the drawing; a column is one wide
_LEAST = 3  # of a part of a column, or nobody sees it
_ORDER = ("succeeded", "unknown", "failed", "running", "scheduled")  # from the bottom up
_AHEAD = "scheduled"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a column.

    Args:
        outcome: `scheduled` for what is still to come.
        y: Of its upper edge, from the top.
        height: In the drawing's units.
    """

    outcome: str
    y: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Column:
    """Half an hour.

    Args:
        x: Of its left edge.
        title: What happens in it, in words.
        parts: From the bottom up; none where nothing happens.
    """

    x: int
    title: str
    parts: Sequence[Part]


@dataclass(frozen=True, kw_only=True)
class Day:
    """Both days.

    Args:
        columns: From the earliest.
        labels: Times below the axis, evenly spaced from its beginning to its end.
        most: How many runs the highest column stands for.
        past: How many ran, as far as is known.
        ahead: How many will run.
    """

    columns: Sequence[Column]
    labels: Sequence[str]
    most: int
    past: int
    ahead: int


def remembered(scheduled_jobs: Iterable[ScheduledJob]) -> list[tuple[datetime, str]]:
    """Give when each of the last executions was, and its outcome."""
    return [(each.slot, each.outcome) for job in scheduled_jobs for each in job.recent]


def day(
    scheduled_jobs: Iterable[ScheduledJob], past: Iterable[tuple[datetime, str]], now: datetime, mine: tzinfo
) -> Day:
    """Count both days.

    Args:
        scheduled_jobs: Those that will run.
        past: When each run was, in UTC, and its outcome.
        now: The present time, aware.
        mine: The zone of whoever looks.
    """
    now = now.astimezone(UTC)
    start = now - SPAN
    counts = [Counter[str]() for _ in range(COLUMNS)]
    for moment, outcome in past:
        if start <= moment <= now:
            counts[min(COLUMNS // 2 - 1, (moment - start) // STEP)][outcome] += 1
    for column, number in _ahead(scheduled_jobs, now).items():
        counts[column][_AHEAD] += number
    most = max(count.total() for count in counts)
    return Day(
        columns=[_column(x, count, start + STEP * x, most, mine) for x, count in enumerate(counts)],
        labels=[f"{(now + SPAN * part).astimezone(mine):%H:%M}" for part in (-1, -0.5, 0, 0.5, 1)],
        most=most,
        past=sum(count.total() - count[_AHEAD] for count in counts),
        ahead=sum(count[_AHEAD] for count in counts),
    )


def _ahead(scheduled_jobs: Iterable[ScheduledJob], now: datetime) -> Counter[int]:
    """Count the firings by column; those of one schedule are computed once, as a thousand jobs have few schedules."""
    alike: dict[object, list[ScheduledJob]] = {}
    for each in scheduled_jobs:
        if not (each.suspended or each.complete or each.holds("Stalled")):
            own = each.uid if is_interval(each.schedule) else ""  # an interval has a beginning of its own
            alike.setdefault((each.schedule, each.time_zone, each.remaining, own), []).append(each)
    total: Counter[int] = Counter()
    for jobs in alike.values():
        times = takewhile((now + SPAN).__ge__, (time.astimezone(UTC) for time in firings(jobs[0], now)))
        for time in times:
            total[min(COLUMNS - 1, COLUMNS // 2 + (time - now) // STEP)] += len(jobs)
    return total


def _column(x: int, count: Counter[str], start: datetime, most: int, mine: tzinfo) -> Column:
    parts: list[Part] = []
    floor = float(HEIGHT)
    for outcome in _ORDER:
        if count[outcome]:
            height = max(_LEAST, (HEIGHT - 2) * count[outcome] / most)
            floor = max(0.0, floor - height)
            parts.append(Part(outcome=outcome, y=round(floor, 1), height=round(height, 1)))
    words = counted([outcome for outcome in _ORDER for _ in range(count[outcome])]) if count else "nothing"
    return Column(x=x, title=f"{local(start.astimezone(mine))}: {words}", parts=parts)
