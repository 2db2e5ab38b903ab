"""The public face of a cron expression: aware datetimes in and out, while all computing within is in whole seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tally.cron.counting import count_firings, nth_firing
from tally.cron.every import Every
from tally.cron.firing import LAST_YEAR, next_firing
from tally.cron.grammar import read

if TYPE_CHECKING:
    from datetime import tzinfo

    from tally.cron.fields import Fields

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class Schedule:
    """When a CronJob fires. Made by `parse`; equal when the expressions are.

    All instants are aware datetimes; the schedule is read in the zone of the first one. Compare results in UTC: Python
    compares two datetimes of one zone by their wall clocks, and a repeated hour has each time twice.

    `@every` has no times of its own: it fires a delay after the instant given. Give the CronJob's last schedule time,
    or its creation time if there is none; a CronJob that is made anew starts anew.
    """

    expression: str
    _rule: Fields | Every = field(repr=False, compare=False)

    def next(self, after: datetime) -> datetime | None:
        """The first firing time strictly after an instant.

        Args:
            after: An aware datetime.

        Returns:
            The time in the zone of `after`; None when there is none in five years, where the controller gives up,
            or none before the year 9999.

        Raises:
            ValueError: The datetime is naive.
        """
        start = _seconds(after)
        if isinstance(self._rule, Every):
            return _datetime(self._rule.nth(start, 1), after)
        return _datetime(next_firing(self._rule, _zone(after), start), after)

    def nth(self, after: datetime, n: int) -> datetime | None:
        """The n-th firing time strictly after an instant: what n calls of `next` would reach, without making them.

        Args:
            after: An aware datetime.
            n: How many firings, at least 1.

        Returns:
            The time in the zone of `after`; None when the firings end earlier, or it is not before the year 9999.

        Raises:
            ValueError: The datetime is naive, or n is below 1.
        """
        start = _seconds(after)
        if n < 1:
            raise ValueError(f"There is no firing number {n}. Give 1 for the first one.")
        if isinstance(self._rule, Every):
            return _datetime(self._rule.nth(start, n), after)
        return _datetime(nth_firing(self._rule, _zone(after), start, n), after)

    def count(self, after: datetime, until: datetime) -> int:
        """Counts the firings in (after, until].

        Args:
            after: An aware datetime, whose zone counts.
            until: An aware datetime; before `after`, there are none.

        Raises:
            ValueError: A datetime is naive.
        """
        start, end = _seconds(after), _seconds(until)
        if isinstance(self._rule, Every):
            return self._rule.count(start, end)
        return count_firings(self._rule, _zone(after), start, end)


def parse(expression: str) -> Schedule:
    """Reads a cron expression as the CronJob API does.

    Args:
        expression: Five fields, `minute hour day-of-month month day-of-week`; or `@yearly`, `@annually`, `@monthly`,
            `@weekly`, `@daily`, `@midnight`, `@hourly`; or `@every` with whole minutes, such as `@every 1h30m`.

    Raises:
        ValueError: A CronJob would not take it, or would not do what it says; the message says what to write instead.
    """
    return Schedule(expression, read(expression))


def _seconds(instant: datetime) -> int:
    """Whole seconds since 1970-01-01T00:00Z, rounded down."""
    if instant.utcoffset() is None:
        raise ValueError(f"The datetime {instant} has no time zone. Give an aware one, such as datetime.now(UTC).")
    return (instant - _EPOCH) // timedelta(seconds=1)


def _zone(instant: datetime) -> tzinfo:
    assert instant.tzinfo is not None, "checked by _seconds"
    return instant.tzinfo


def _datetime(seconds: int | None, like: datetime) -> datetime | None:
    if seconds is None or seconds >= _END:
        return None
    return datetime.fromtimestamp(seconds, like.tzinfo)
