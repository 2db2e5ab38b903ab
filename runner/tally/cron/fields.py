"""What the five fields say, as bit masks, and the counting of their matches by the calendar alone, without a zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

from tally.cron.zones import DAY, EPOCH_ORDINAL


class Month(NamedTuple):
    """A month of one year: the day number of its first day, counted from 1970-01-01, and its days that match."""

    first: int
    after: int  # the day number of the next month's first day
    days: int  # bit d is set when the day of month d matches


@dataclass(frozen=True)
class Fields:
    """A schedule of five fields. Bit n of a mask is set when the value n matches; Sunday is 0.

    Args:
        minutes: Bits 0 to 59.
        hours: Bits 0 to 23.
        days: Bits 1 to 31.
        months: Bits 1 to 12.
        weekdays: Bits 0 to 6.
        either: A day matches when its day of month or its day of week does; otherwise both must.
    """

    minutes: int
    hours: int
    days: int
    months: int
    weekdays: int
    either: bool

    @cached_property
    def times(self) -> list[int]:
        """The seconds of a day at which a matching day fires, ascending."""
        return [(60 * hour + minute) * 60 for hour in _bits(self.hours) for minute in _bits(self.minutes)]

    def matches(self, day: int) -> bool:
        """Whether a day matches, given as days since 1970-01-01."""
        ordinal = day + EPOCH_ORDINAL
        found = date.fromordinal(ordinal)
        if not self.months >> found.month & 1:
            return False
        return self.matches_in_month(found.day, ordinal % 7)

    def matches_in_month(self, day_of_month: int, weekday: int) -> bool:
        """Whether a day matches, whatever its month; robfig's `dayMatches`."""
        by_month, by_week = self.days >> day_of_month & 1, self.weekdays >> weekday & 1
        return bool(by_month | by_week if self.either else by_month & by_week)

    def count(self, after: int, until: int) -> int:
        """Counts the matches in (after, until].

        Args:
            after: Local time in seconds since 1970-01-01T00:00.
            until: The same, not before `after`.
        """
        (first, start), (last, end) = divmod(after, DAY), divmod(until, DAY)
        days = 0
        day = first
        while day < last:
            month = self._month(day)
            left = month.days >> day - month.first + 1
            if month.after > last:
                left &= (1 << last - day) - 1
            days += left.bit_count()
            day = month.after
        return days * len(self.times) + self._passed(last, end) - self._passed(first, start)

    def nth(self, after: int, n: int) -> int:
        """The n-th match after a local time; the caller knows that there is one."""
        day, start = divmod(after, DAY)
        days, time = divmod(n - 1 + self._passed(day, start), len(self.times))
        while True:
            month = self._month(day)
            left = month.days >> day - month.first + 1
            if days < (number := left.bit_count()):
                break
            days -= number
            day = month.after
        for _ in range(days):
            left &= left - 1
        return (day + _lowest(left)) * DAY + self.times[time]

    def last(self, until: int) -> int:
        """The last match at or before a local time; the caller knows that there is one."""
        day, end = divmod(until, DAY)
        if passed := self._passed(day, end):
            return day * DAY + self.times[passed - 1]
        while not (earlier := (month := self._month(day - 1)).days & (1 << (day - month.first + 1)) - 1):
            day = month.first
        return (month.first + earlier.bit_length() - 2) * DAY + self.times[-1]

    def _passed(self, day: int, second: int) -> int:
        """How often a day has fired when its given second is over."""
        if not self.matches(day):
            return 0
        minute = second // 60
        hour, minute = divmod(minute, 60)
        passed = (self.hours & (1 << hour) - 1).bit_count() * self.minutes.bit_count()
        return passed + (self.minutes & (2 << minute) - 1).bit_count() * (self.hours >> hour & 1)

    def _month(self, day: int) -> Month:
        found = date.fromordinal(day + EPOCH_ORDINAL)
        first = day - found.day + 1
        after = first + 31 - _SHORTER[found.month]
        if found.month == 2 and found.year % 4 == 0 and (found.year % 100 != 0 or found.year % 400 == 0):
            after += 1
        if not self.months >> found.month & 1:
            return Month(first, after, 0)
        weekdays = self._weekdays >> (first + EPOCH_ORDINAL) % 7 << 1
        days = self.days | weekdays if self.either else self.days & weekdays
        return Month(first, after, days & (2 << after - first) - 2)

    @cached_property
    def _weekdays(self) -> int:
        """The weekdays of six weeks on end, the first day a Sunday."""
        return sum(self.weekdays << 7 * week for week in range(6))


_SHORTER = (0, 0, 3, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0)  # days that each month lacks to 31


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1
