"""What is allowed in a job's config, and will surprise: said by `tally check`, decided here, without a clock."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tally import cron
from tally.config import JobConfig
from tally.cron.changes import Change, changes
from tally.instants import away, local

_LOOK_AHEAD = timedelta(days=366)  # every zone's clock has then done what it does in a year
_HOURLY = 24  # times a day; who runs as often does not care about a single one
_RARE = timedelta(hours=1)


def surprises(config: JobConfig, zone: ZoneInfo, now: datetime) -> list[str]:
    """Say what the author of a job may not expect.

    Args:
        config: The job's own word about itself.
        zone: The zone that it names.
        now: The present time, aware.

    Returns:
        Whole sentences, none where nothing surprises.
    """
    schedule = cron.parse(config.schedule)
    first = schedule.next(now.astimezone(zone))
    if first is None:
        return [f'The schedule {config.schedule!r} never fires. Write a day that comes: schedule="0 0 28 2 *".']
    found = _clock(config, zone, now)
    second = schedule.next(first)
    if config.number_of_executions == 1 and (second is None or second - first > _RARE):
        found.insert(0, _single(config.name, first, now))
    return found


def _single(name: str, first: datetime, now: datetime) -> str:
    return (
        f"number_of_executions=1 does not mean now: the one run is at {local(first)} ({away(first - now)}) if it is "
        "applied now. "
        f'To try it at once: `tally run {name}`; to try its schedule: schedule="* * * * *".'
    )


def _clock(config: JobConfig, zone: ZoneInfo, now: datetime) -> list[str]:
    found = changes(config.schedule, zone, now, now + _LOOK_AHEAD)
    told = [described(change) for change in found if change.scheduled < _HOURLY]
    if not told:
        return []
    return [f'In {zone.key} {"; ".join(told)}. Choose another time of day, or time_zone="Etc/UTC".']


def described(change: Change) -> str:
    """Say what a change of the clock does to a schedule; a clause without a full stop."""
    way = "forward" if change.after > change.before else "back"
    times = "time" if change.scheduled == 1 else "times"
    return (
        f"the clock goes {way} on {change.after:%Y-%m-%d} from {change.before:%H:%M} to {change.after:%H:%M}: "
        f"{change.scheduled} {times} scheduled that day, {change.firings or 'no'} run{'s' * (change.firings != 1)}"
    )
