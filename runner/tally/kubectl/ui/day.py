"""The last and the next 24 hours, by half hours: what ran, as far as it is remembered, and what will run."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import takewhile

from tally.instants import local
from tally.kubectl.firings import firings, is_interval
from tally.kubectl.observed import ScheduledJob

SPAN = timedelta(hours=24)  # each way
STEP = timedelta(minutes=30)
COLUMNS = 2 * (SPAN // STEP)
HEIGHT = 64  # of the drawing; a column is one wide
_LEAST = 3  # of a part of a column, or nobody sees it
_ORDER = ("succeeded", "unknown", "failed", "running", "scheduled")  # from the bottom up
_AHEAD = "scheduled"
_NAMED = 5  # jobs of a column


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


@dataclass(frozen=True, kw_only=True)
class Past:
    """A run that has begun.

    Args:
        at: When, in UTC.
        outcome: As of `Run`.
        name: Of its ScheduledJob.
    """

    at: datetime
    outcome: str
    name: str


def remembered(scheduled_jobs: Iterable[ScheduledJob]) -> list[Past]:
    """Give the last executions of all."""
    return [Past(at=each.slot, outcome=each.outcome, name=job.name) for job in scheduled_jobs for each in job.recent]


def day(scheduled_jobs: Iterable[ScheduledJob], past: Iterable[Past], now: datetime, mine: tzinfo) -> Day:
    """Count both days.

    Args:
        scheduled_jobs: Those that will run.
        past: What ran.
        now: The present time, aware.
        mine: The zone of whoever looks.
    """
    now = now.astimezone(UTC)
    start = now - SPAN
    counts = [Counter[str]() for _ in range(COLUMNS)]
    names: list[set[str]] = [set() for _ in range(COLUMNS)]
    for each in past:
        if start <= each.at <= now:
            column = min(COLUMNS // 2 - 1, (each.at - start) // STEP)
            counts[column][each.outcome] += 1
            names[column].add(each.name)
    for jobs, times in _ahead(scheduled_jobs, now):
        for column, number in Counter(min(COLUMNS - 1, (time - start) // STEP) for time in times).items():
            counts[column][_AHEAD] += number * len(jobs)
            names[column].update(job.name for job in jobs)
    most = max(count.total() for count in counts)
    return Day(
        columns=[
            _column(x, count, most, _title(start + STEP * x, count, who, mine))
            for x, (count, who) in enumerate(zip(counts, names, strict=True))
        ],
        labels=[f"{(now + SPAN * part).astimezone(mine):%H:%M}" for part in (-1, -0.5, 0, 0.5, 1)],
        most=most,
        past=sum(count.total() - count[_AHEAD] for count in counts),
        ahead=sum(count[_AHEAD] for count in counts),
    )


def _ahead(
    scheduled_jobs: Iterable[ScheduledJob], now: datetime
) -> Iterator[tuple[Sequence[ScheduledJob], Iterable[datetime]]]:
    """Give when which of them will run; those of one schedule together, as a thousand jobs have few schedules."""
    alike: dict[object, list[ScheduledJob]] = {}
    for each in scheduled_jobs:
        if not (each.suspended or each.complete or each.holds("Stalled")):
            own = each.uid if is_interval(each.schedule) else ""  # an interval has a beginning of its own
            alike.setdefault((each.schedule, each.time_zone, each.remaining, own), []).append(each)
    for jobs in alike.values():
        yield jobs, takewhile((now + SPAN).__ge__, (time.astimezone(UTC) for time in firings(jobs[0], now)))


def _column(x: int, count: Counter[str], most: int, title: str) -> Column:
    parts: list[Part] = []
    floor = float(HEIGHT)
    for outcome in _ORDER:
        if count[outcome]:
            height = max(_LEAST, (HEIGHT - 2) * count[outcome] / most)
            floor = max(0.0, floor - height)
            parts.append(Part(outcome=outcome, y=round(floor, 1), height=round(height, 1)))
    return Column(x=x, title=title, parts=parts)


def _title(start: datetime, count: Counter[str], names: set[str], mine: tzinfo) -> str:
    words = ", ".join(f"{count[outcome]} {outcome}" for outcome in _ORDER if count[outcome]) or "nothing"
    more = len(names) - _NAMED
    who = f" ({', '.join(sorted(names)[:_NAMED])}{f' and {more} more' if more > 0 else ''})" if names else ""
    return f"{local(start.astimezone(mine))}: {words}{who}"
