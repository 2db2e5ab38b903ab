"""When a ScheduledJob will run: from its spec, what its status says, and an instant."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tally import cron
from tally.cron import Schedule
from tally.errors import ConfigError
from tally.kubectl.observed import ScheduledJob
from tally.timezones import zone_of


@dataclass(frozen=True, kw_only=True)
class Timing:
    """A schedule in its zone."""

    schedule: Schedule
    zone: ZoneInfo


def timing(schedule: str, zone: str) -> Timing | str:
    """Read a schedule and its zone.

    Args:
        schedule: The cron expression.
        zone: An IANA name.

    Returns:
        Both, or what is wrong with them.
    """
    try:
        return Timing(schedule=cron.parse(schedule), zone=zone_of(zone))
    except ConfigError as error:
        return str(error)
    except ValueError as error:
        return f"The schedule {schedule!r} cannot be: {error}"


def firings(scheduled_job: ScheduledJob, now: datetime) -> Iterator[datetime]:
    """Give the times at which it runs by itself, if all goes well.

    Args:
        scheduled_job: As it stands.
        now: The present time, aware; what has passed by then does not run.

    Yields:
        The times in the job's zone, as many as executions are left; none when it is suspended or has no such schedule.
    """
    if scheduled_job.complete or scheduled_job.suspended:
        return
    yield from scheduled(scheduled_job, now)


def scheduled(scheduled_job: ScheduledJob, now: datetime) -> Iterator[datetime]:
    """Give the times at which it would run if it were neither suspended nor complete; else as `firings`."""
    at = timing(scheduled_job.schedule, scheduled_job.time_zone)
    if isinstance(at, str):
        return
    left = scheduled_job.remaining
    fired = _first(scheduled_job, at, now)
    while fired is not None and (left is None or left > 0):
        yield fired
        fired = at.schedule.next(fired)
        left = None if left is None else left - 1


def _first(scheduled_job: ScheduledJob, at: Timing, now: datetime) -> datetime | None:
    if not is_interval(scheduled_job.schedule):
        return at.schedule.next(now.astimezone(at.zone))
    # An interval counts from what the CronJob did last, which the operator knows; else from now, when it is made.
    known = scheduled_job.next_time
    fired = (
        known.astimezone(at.zone)
        if known and not scheduled_job.suspended
        else at.schedule.next(now.astimezone(at.zone))
    )
    if fired is not None and fired <= now:
        passed = at.schedule.count(fired, now)
        fired = at.schedule.nth(fired, passed + 1)
    return fired


def is_interval(schedule: str) -> bool:
    """Tell `@every` from the rest: it has no calendar, but counts from when the CronJob last did something."""
    return schedule.strip().startswith("@every")
