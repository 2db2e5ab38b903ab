"""The n-th firing, and how many there are, by leaps: by the calendar where the offset is constant, and by 400 years.

What must come out is the firing that n searches in robfig's manner (`firing.next_firing`) would reach. From a firing on
a matching day, in a calm time (`zones.Stretch`), such a search meets calm local times only as long as the calendar's
next match is calm too, and then it finds that one. So the walk is made of legs: one search, then all matches up to the
end of the calm. A leg ends after five years besides, as the search does.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from tally.cron.firing import LAST_YEAR, YEARS, next_firing
from tally.cron.zones import DAY, EPOCH_ORDINAL, REGULAR_YEAR, calm_until, stretch_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from tally.cron.fields import Fields

_CYCLE = 146_097 * DAY  # 400 years, a whole number of weeks: the calendar repeats
_REGULAR = (date(REGULAR_YEAR, 1, 1).toordinal() - EPOCH_ORDINAL) * DAY
_END = (date(LAST_YEAR + 1, 1, 1).toordinal() - EPOCH_ORDINAL) * DAY


@dataclass(frozen=True, slots=True)
class Leg:
    """A firing, and those after it that the calendar tells.

    Args:
        fields: The schedule.
        offset: Seconds east of UTC.
        firing: The first one, in seconds since 1970-01-01T00:00Z.
        until: The instant up to which the calendar tells the others.
        count: How many they are, the first one included.
    """

    fields: Fields
    offset: int
    firing: int
    until: int
    count: int

    def nth(self, n: int) -> int:
        """The n-th firing of this leg, from 1 to `count`."""
        return self.fields.nth(self.firing + self.offset, n - 1) - self.offset if n > 1 else self.firing

    def last(self) -> int:
        """The last firing of this leg."""
        return self.fields.last(self.until + self.offset) - self.offset if self.count > 1 else self.firing

    def count_until(self, until: int) -> int:
        """How many of its firings are not after an instant."""
        if until < self.firing:
            return 0
        if until >= self.until:
            return self.count
        return 1 + self.fields.count(self.firing + self.offset, until + self.offset)


def nth_firing(fields: Fields, zone: tzinfo, after: int, n: int) -> int | None:
    """Finds the n-th firing after an instant; None when robfig gives up earlier, or when it lies after the year 9998.

    Args:
        fields: The schedule.
        zone: The zone in which it is read.
        after: Whole seconds since 1970-01-01T00:00Z; so is the result.
        n: At least 1.
    """
    for leg in _legs(fields, zone, after):
        if n <= leg.count:
            return leg.nth(n)
        n -= leg.count
        if leg.firing >= _REGULAR:
            return _nth_by_cycles(fields, zone, leg.last(), n)
    return None


def count_firings(fields: Fields, zone: tzinfo, after: int, until: int) -> int:
    """Counts the firings in (after, until], both in whole seconds since 1970-01-01T00:00Z."""
    total = 0
    for leg in _legs(fields, zone, after):
        total += leg.count_until(until)
        if leg.until >= until:
            break
    return total


def _legs(fields: Fields, zone: tzinfo, after: int) -> Iterator[Leg]:
    while (firing := next_firing(fields, zone, after)) is not None:
        leg = _leg(fields, zone, firing)
        yield leg
        after = leg.last()


def _leg(fields: Fields, zone: tzinfo, firing: int) -> Leg:
    stretch = stretch_of(zone, firing)
    local = firing + stretch.offset
    until = calm_until(zone, stretch, _end_of_search(local) - stretch.offset)
    # Offsets with seconds ended in 1972, and robfig goes astray in them; only it knows where.
    if stretch.offset % 60 or not stretch.calm_from <= firing < until or not fields.matches(local // DAY):
        return Leg(fields, stretch.offset, firing, firing, 1)
    return Leg(fields, stretch.offset, firing, until, 1 + fields.count(local, until + stretch.offset))


def _end_of_search(local: int) -> int:
    """The last second of the last year in which robfig searches, in local time."""
    year = date.fromordinal(local // DAY + EPOCH_ORDINAL).year
    return (date(min(year + YEARS, LAST_YEAR) + 1, 1, 1).toordinal() - EPOCH_ORDINAL) * DAY - 1


def _nth_by_cycles(fields: Fields, zone: tzinfo, start: int, n: int) -> int | None:
    """The n-th firing after one from which on zones repeat every 400 years; so do the firings, once they meet again."""
    legs: list[Leg] = []
    totals: list[int] = []  # the firings up to the end of each leg
    total = 0
    for leg in _legs(fields, zone, start):
        if n <= total + leg.count:
            return leg.nth(n - total)
        if leg.until >= start + _CYCLE:
            break
        total += leg.count
        legs.append(leg)
        totals.append(total)
    else:
        return None
    within = leg.count_until(start + _CYCLE)
    if not within or leg.nth(within) != start + _CYCLE:
        return _nth_by_cycles(fields, zone, leg.last(), n - total - leg.count)
    legs.append(leg)
    totals.append(total + leg.count)
    cycles, rest = divmod(n - 1, total + within)
    index = bisect_left(totals, rest + 1)
    found = legs[index].nth(rest + 1 - totals[index] + legs[index].count) + cycles * _CYCLE
    return found if found < _END else None
