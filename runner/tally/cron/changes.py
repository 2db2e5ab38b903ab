"""What the changes of a zone's clock do to a schedule: on such a day it may fire less often than it says, or more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tally.cron.every import Every
from tally.cron.grammar import read
from tally.cron.schedule import parse
from tally.cron.zones import stretch_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from tally.cron.fields import Fields

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a wall clock has no zone)


@dataclass(frozen=True)
class Change:
    """A change of the clock, and the schedule on its day.

    Args:
        at: The instant, in UTC.
        before: What a wall clock shows then that nobody has set; naive.
        after: What it shows once it is set; naive.
        scheduled: How often the schedule names a time of that day.
        firings: How often it fires on that day.
    """

    at: datetime
    before: datetime
    after: datetime
    scheduled: int
    firings: int


def changes(expression: str, zone: ZoneInfo, after: datetime, until: datetime) -> list[Change]:
    """Finds the changes of the clock that make a schedule fire less often or more often than it says.

    Args:
        expression: The schedule; an `@every` has no times that a clock could skip.
        zone: The zone in which it is read.
        after: An aware datetime.
        until: An aware datetime; changes in (after, until] are looked at.

    Raises:
        ValueError: It is no schedule.
    """
    rule = read(expression)
    if isinstance(rule, Every):
        return []
    found = (_change(expression, rule, zone, at) for at in _instants(zone, after, until))
    return [change for change in found if change.firings != change.scheduled]


def _instants(zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[int]:
    stretch = stretch_of(zone, int(after.timestamp()))
    while stretch.end <= until.timestamp():
        following = stretch_of(zone, stretch.end)
        if following.offset != stretch.offset:
            yield following.start
        stretch = following


def _change(expression: str, rule: Fields, zone: ZoneInfo, at: int) -> Change:
    before = _wall(at + stretch_of(zone, at - 1).offset)
    after = _wall(at + stretch_of(zone, at).offset)
    midnight = datetime(after.year, after.month, after.day)  # noqa: DTZ001
    next_midnight = midnight + timedelta(days=1)
    scheduled = rule.count(_seconds(midnight) - 1, _seconds(next_midnight) - 1)
    second = timedelta(seconds=1)
    # Converted to UTC and back: the difference of two datetimes of one zone would be that of their wall clocks.
    start, end = (each.replace(tzinfo=zone).astimezone(UTC) - second for each in (midnight, next_midnight))
    firings = parse(expression).count(start.astimezone(zone), end.astimezone(zone))
    return Change(datetime.fromtimestamp(at, UTC), before, after, scheduled, firings)


def _wall(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


def _seconds(wall: datetime) -> int:
    return (wall - _EPOCH) // timedelta(seconds=1)
