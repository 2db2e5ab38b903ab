"""Reads cron expressions and computes their firing times exactly as the Kubernetes CronJob controller does.

The controller uses robfig/cron v3.0.1. `parse` accepts what robfig's `ParseStandard` accepts, less what the CronJob API
or Tally refuses besides, and a `Schedule` fires when robfig's `Next` does, in every zone and through every change of
the clocks, its oddities included: what Tally says must be what the cluster does. Nothing here asks for the time.

    >>> from datetime import datetime
    >>> from zoneinfo import ZoneInfo
    >>> noon = parse("0 12 * * mon-fri")
    >>> friday = datetime(2026, 3, 27, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    >>> str(noon.next(friday))
    '2026-03-30 12:00:00+02:00'
    >>> noon.count(friday, noon.nth(friday, 1_000_000))
    1000000

From the expression to an instant: `grammar` and `every` read the text, `fields` holds what it says and counts by the
calendar, `zones` tells where a zone's offset changes, `firing` searches as robfig does, `counting` leaps where it may.
"""

from tally.cron.schedule import Schedule, parse

__all__ = ["Schedule", "parse"]
