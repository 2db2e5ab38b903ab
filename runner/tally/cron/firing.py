"""The next firing time, searched for exactly as robfig/cron v3.0.1 does: `SpecSchedule.Next` in spec.go, step by step.

Its oddities near clock changes are the controller's, so none is mended here. It adds local months, days, hours and
minutes in turn, begins anew when one of them wraps around, sets what is finer to zero only at the first addition, and
asks for local times that do not exist or exist twice, which Go's `time.Date` settles in its own way (`_instant`).

Where a clock goes back from a time that is no full hour (Pacific/Chatham: 03:45 to 02:45), it may even find an instant
that is not after the one given. The controller then starts nothing more, or never ends its search, until somebody moves
on the CronJob's last schedule time; a firing time here is always later.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tally.cron.zones import DAY, EPOCH_ORDINAL, Stretch, stretch_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from tally.cron.fields import Fields

YEARS = 5  # the search gives up after the fifth year
LAST_YEAR = 9998  # Python's calendar ends with 9999; the search needs some days beyond what it finds


def next_firing(fields: Fields, zone: tzinfo, after: int) -> int | None:
    """Finds the first firing time after an instant, or None where robfig gives up: five years on.

    Args:
        fields: The schedule.
        zone: The zone in which it is read.
        after: Whole seconds since 1970-01-01T00:00Z; so is the result.
    """
    found = _next(fields, zone, after)
    start = after
    while found is not None and found <= after:
        start = (start // 60 + 1) * 60
        found = _next(fields, zone, start)
    return found


def _next(fields: Fields, zone: tzinfo, after: int) -> int | None:
    """What robfig finds, be it later or not."""
    if not fields.times:  # robfig tries every hour of five years first
        return None
    search = _Search(fields, zone, after + 1)
    limit = min(search.date.year + YEARS, LAST_YEAR)
    while search.date.year <= limit:
        if search.month() and search.day() and search.hour() and search.minute() and search.second():
            return search.instant
    return None


class _Search:
    """An instant under way to the next match. Each step is False when it wrapped around: then all begin anew."""

    def __init__(self, fields: Fields, zone: tzinfo, instant: int) -> None:
        self.fields = fields
        self.zone = zone
        self.added = False
        self.stretch = stretch_of(zone, instant)
        self._move(instant)

    @property
    def date(self) -> date:
        return date.fromordinal(self.local // DAY + EPOCH_ORDINAL)

    def month(self) -> bool:
        while not self.fields.months >> (today := self.date).month & 1:
            if not self.added:
                self.added = True
                self._move(self._instant((self.local // DAY - today.day + 1) * DAY))
                today = self.date
            self._move(self._instant(_month_later(today) * DAY + self.local % DAY))
            if self.date.month == 1:
                return False
        return True

    def day(self) -> bool:
        while not self.fields.matches_in_month((today := self.date).day, today.toordinal() % 7):
            if not self.added:
                self.added = True
                self._move(self._instant(self.local // DAY * DAY))
            before = self.instant
            self._move(self._instant(self.local + DAY))
            if self.instant <= before:  # the zone leaves out the next day, as Apia's did once; robfig never returns
                self._move(before + DAY)
            hour = self.local % DAY // 3600
            if hour:  # midnight does not exist here; this may move the search a day off
                self._move(self.instant + (24 - hour if hour > 12 else -hour) * 3600)
            if self.date.day == 1:
                return False
        return True

    def hour(self) -> bool:
        while not self.fields.hours >> (hour := self.local % DAY // 3600) & 1:
            if not self.added:
                self.added = True
                self._move(self._instant(self.local // 3600 * 3600))
                hour = self.local % DAY // 3600
            if self._add(self.fields.hours, hour, 24, 3600) == 0:
                return False
        return True

    def minute(self) -> bool:
        while not self.fields.minutes >> (minute := self.local % 3600 // 60) & 1:
            if not self.added:
                self.added = True
                self._move(self.instant // 60 * 60)
                minute = self.local % 3600 // 60
            if self._add(self.fields.minutes, minute, 60, 60) == 0:
                return False
        return True

    def second(self) -> bool:
        while second := self.local % 60:
            self.added = True
            if self._add(1, second, 60, 1) == 0:
                return False
        return True

    def _add(self, mask: int, value: int, size: int, unit: int) -> int:
        """Adds units of time up to the next value that matches, the wrap, or the first one of another offset."""
        ahead = mask >> value + 1
        units = (ahead & -ahead).bit_length() if ahead else size - value
        alike = (self.stretch.end - 1 - self.instant) // unit
        self._move(self.instant + min(units, alike + 1) * unit)
        return self.local // unit % size

    def _move(self, instant: int) -> None:
        self.instant = instant
        self.stretch = self._stretch(instant)
        self.local = instant + self.stretch.offset

    def _stretch(self, instant: int) -> Stretch:
        here = self.stretch
        return here if here.start <= instant < here.end else stretch_of(self.zone, instant)

    def _instant(self, local: int) -> int:
        """Settles a local time as Go's `time.Date` does: by the offset at the same figures in UTC, corrected once."""
        offset = self._stretch(local).offset
        return local - self._stretch(local - offset).offset


def _month_later(day: date) -> int:
    """The same day a month later as days since 1970-01-01; the 31st of April is the 1st of May."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, 1).toordinal() - EPOCH_ORDINAL + day.day - 1
