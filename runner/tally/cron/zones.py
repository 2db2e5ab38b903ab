"""Where a zone's offset changes: tzinfo tells only the offset at one instant, and a long count needs what lies between.

A zone is asked every few days of a year, and its changes are found by halving. The closest two in the tz database are
6.9 days apart, farther than the steps here. Lists of single changes end before 2100; what comes later follows yearly
rules, so that two years of one length that begin on the same weekday are alike, and fourteen years stand for all.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import tzinfo

DAY = 86_400  # seconds
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
REGULAR_YEAR = 2101  # the 28 years from here hold all fourteen kinds of year twice
_STEPS = 64  # in a year: 5.7 days each


class Stretch(NamedTuple):
    """A time of constant offset, in seconds since 1970-01-01T00:00Z, cut where the UTC year ends.

    From `calm_from` to `calm_until` every local time exists once, and so does every one of an hour around: whoever
    computes there with local times needs no zone, only the offset.
    """

    start: int
    end: int  # the first second that is no longer in it
    offset: int  # seconds east of UTC
    calm_from: int
    calm_until: int  # still calm


def stretch_of(zone: tzinfo, instant: int) -> Stretch:
    """The stretch in which an instant lies.

    Args:
        zone: Its offset changes at most once in 5.7 days.
        instant: Seconds since 1970-01-01T00:00Z, in the years 1 to 9999.
    """
    stretches = _stretches(zone, date.fromordinal(instant // DAY + EPOCH_ORDINAL).year)
    index = 0
    while instant >= stretches[index].end:
        index += 1
    return stretches[index]


def calm_until(zone: tzinfo, stretch: Stretch, limit: int) -> int:
    """The last second of a stretch's calm, across the ends of years; not after the limit."""
    until = stretch.calm_until
    while until == stretch.end - 1 and until < limit:
        following = stretch_of(zone, stretch.end)
        if following.offset != stretch.offset or following.calm_from != following.start:
            break
        stretch, until = following, following.calm_until
    return min(until, limit)


@lru_cache(maxsize=4096)
def _stretches(zone: tzinfo, year: int) -> tuple[Stretch, ...]:
    alike = _ALIKE[_kind(year)] if year >= REGULAR_YEAR else year
    if alike == year:
        return _look(zone, year)
    shift = _new_year(year) - _new_year(alike)
    return tuple(
        Stretch(start + shift, end + shift, offset, calm_from + shift, calm_until + shift)
        for start, end, offset, calm_from, calm_until in _stretches(zone, alike)
    )


def _look(zone: tzinfo, year: int) -> tuple[Stretch, ...]:
    start, end = _new_year(year), _new_year(year + 1)
    step = (end - start) // _STEPS
    # A change just outside the year makes local times within happen twice or not at all, too.
    changes = _changes(zone, range(start - step, end + step + 1, step))
    offsets = [_offset(zone, start - step), *(_offset(zone, change) for change in changes)]
    roughs = [0, *(abs(after - before) + 3600 for before, after in pairwise(offsets)), 0]
    bounds = [start - step, *changes, end + step]
    return tuple(
        Stretch(
            start=max(bounds[i], start),
            end=min(bounds[i + 1], end),
            offset=offset,
            calm_from=max(bounds[i] + roughs[i], start),
            calm_until=min(bounds[i + 1] - roughs[i + 1], end) - 1,
        )
        for i, offset in enumerate(offsets)
        if bounds[i] < end and bounds[i + 1] > start
    )


def _changes(zone: tzinfo, instants: range) -> list[int]:
    """The first second of each new offset between the first instant and the last."""
    changes = []
    offset = _offset(zone, instants[0])
    for before, after in pairwise(instants):
        if (new := _offset(zone, after)) != offset:
            changes.append(_change(zone, before, after))
            offset = new
    return changes


def _change(zone: tzinfo, before: int, after: int) -> int:
    old = _offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: tzinfo, instant: int) -> int:
    offset = datetime.fromtimestamp(max(instant, _FIRST), zone).utcoffset()
    assert offset is not None, "the datetime was aware"
    return offset.days * DAY + offset.seconds


def _new_year(year: int) -> int:
    return (date(year, 1, 1).toordinal() - EPOCH_ORDINAL) * DAY


def _kind(year: int) -> int:
    """Names one of the fourteen kinds of year by its first weekday and its length."""
    first = date(year, 1, 1).toordinal()
    return first % 7 + 7 * (date(year, 12, 31).toordinal() - first)


_FIRST = int(datetime(1, 1, 3, tzinfo=UTC).timestamp())  # Python's calendar begins here, whatever the offset
_ALIKE = {_kind(year): year for year in range(REGULAR_YEAR, REGULAR_YEAR + 28)}
