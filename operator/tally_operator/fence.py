"""The fence: which slots a CronJob's Jobs may have, so that the API server itself refuses the one too many.

A window (after, not_after] holds exactly as many firings as there are executions left, and travels on the job template
as annotations; an admission policy compares each Job's slot with them. In the normal course the window never changes:
each execution uses up one firing. It must be moved only when a slot was missed, and that is the dangerous moment, as a
late controller may still start the missed one. Hence `expires`: from the firing after the last one on, the API server
takes no Job with this window any more. Whoever has listed the Jobs after that instant knows all that will ever be.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tally.cron import Schedule

from tally_operator.observed import Window

_SECOND = timedelta(seconds=1)


def opened(schedule: Schedule, zone: ZoneInfo, base: datetime, remaining: int | None) -> Window:
    """Open a window for the executions left.

    Args:
        schedule: What fires.
        zone: Where it is read.
        base: Only firings after this instant count; aware.
        remaining: How many executions are left, at least 1; None is without a limit.

    Returns:
        The window in UTC, to the second.
    """
    after = base.astimezone(UTC).replace(microsecond=0)
    if remaining is None:
        return Window(after=after)
    last = schedule.nth(after.astimezone(zone), remaining)
    if last is None:
        return Window(after=after)
    following = schedule.next(last)
    slack = _slack(schedule, after)
    return Window(
        after=after,
        not_after=last.astimezone(UTC) + slack,
        expires=following.astimezone(UTC) + slack if following else None,
    )


def kept(
    window: Window | None,
    schedule: Schedule,
    zone: ZoneInfo,
    *,
    newest: datetime | None,
    anchor: datetime,
    remaining: int | None,
    now: datetime,
) -> Window:
    """Give the window that a CronJob with an unchanged schedule should have: its own, unless a slot was missed.

    Args:
        window: The one that it has.
        schedule: What fires.
        zone: Where it is read.
        newest: The newest executed slot, if any.
        anchor: What an `@every` counts from: its newest slot, else the CronJob's creation.
        remaining: How many executions are left, at least 1; None is without a limit.
        now: The present time, aware, and not later than that of the newest listing of Jobs.
    """
    if window is None:
        return opened(schedule, zone, max(filter(None, [now, newest])), remaining)
    base = max(filter(None, [window.after, newest]))
    if window.expires is not None and window.not_after is not None and now >= window.expires:
        start = anchor if is_interval(schedule) else window.not_after
        base = max(base, _before_newest_firing(schedule, zone, start, now))
    needed = opened(schedule, zone, base, remaining)
    if _same(needed.not_after, window.not_after, _slack(schedule, base)):
        return window
    return needed


def is_interval(schedule: Schedule) -> bool:
    """Tell `@every` from the rest: it has no calendar, but counts from when the CronJob last did something."""
    return schedule.expression.strip().startswith("@every")


def is_open_for(window: Window, slot: datetime, at: datetime) -> bool:
    """Say what the admission policy says of a Job with this window.

    Args:
        window: The fence on the Job.
        slot: The Job's scheduled time.
        at: When the API server creates it.
    """
    in_time = window.expires is None or at < window.expires
    return in_time and slot > window.after and (window.not_after is None or slot <= window.not_after)


def _before_newest_firing(schedule: Schedule, zone: ZoneInfo, start: datetime, now: datetime) -> datetime:
    """Give the instant that has the newest passed firing just ahead: that one may start, late, and nothing older."""
    local = start.astimezone(zone)
    passed = schedule.count(local, now.astimezone(zone))
    if passed <= 1:
        return start
    before = schedule.nth(local, passed - 1)
    return before.astimezone(UTC) if before else start


def _slack(schedule: Schedule, after: datetime) -> timedelta:
    """Half an interval for `@every`: its firings shift by the seconds that pass until the CronJob exists."""
    if not is_interval(schedule):
        return timedelta(0)
    following = schedule.next(after)
    return (following - after) / 2 // _SECOND * _SECOND if following else timedelta(0)


def _same(one: datetime | None, other: datetime | None, slack: timedelta) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= slack
