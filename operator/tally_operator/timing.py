"""Reads a spec's schedule and zone, and says what is wrong with them as a condition's reason and message."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tally import cron
from tally.cron import Schedule

from tally_operator.problems import Problem

# The API server loads these too, but each means another thing on another machine, or nothing at all.
_ZONES_REFUSED = ("local", "localtime", "posixrules", "factory")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """A schedule in its zone."""

    schedule: Schedule
    zone: ZoneInfo


@lru_cache(maxsize=4096)
def read(schedule: str, zone: str) -> Timing | Problem:
    """Read a schedule and its zone.

    Args:
        schedule: The cron expression.
        zone: An IANA name.
    """
    try:
        parsed = cron.parse(schedule)
    except ValueError as error:
        return Problem(reason="InvalidSchedule", message=f"spec.schedule {schedule!r} cannot be: {error}")
    found = _zone(zone)
    if found is None:
        message = (
            f"spec.timeZone {zone!r} is no time zone that every node knows. Write an IANA name, such as Europe/Berlin."
        )
        return Problem(reason="UnknownTimeZone", message=message)
    return Timing(schedule=parsed, zone=found)


def check(schedule: str, zone: str, now: datetime) -> Timing | Problem:
    """Read a schedule and its zone, and refuse one that never fires.

    Args:
        schedule: The cron expression.
        zone: An IANA name.
        now: The present time, aware.
    """
    timing = read(schedule, zone)
    if isinstance(timing, Timing) and timing.schedule.next(now.astimezone(timing.zone)) is None:
        message = (
            f"spec.schedule {schedule!r} does not fire within five years. Write a day that comes, such as 0 0 28 2 *."
        )
        return Problem(reason="NeverFires", message=message)
    return timing


def _zone(name: str) -> ZoneInfo | None:
    if not name or name.lower() in _ZONES_REFUSED or name.lower().startswith(("right/", "posix/")):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
