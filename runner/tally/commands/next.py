"""`tally next`: says a schedule in words, and when it fires next."""

import argparse
from typing import TYPE_CHECKING

from tally.commands.shared import add_command, add_jobs_option, add_json_option, load_jobs, print_json, print_table

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from tally.commands.shared import Commands
    from tally.config import JobConfig
    from tally.cron.changes import Change

_EXAMPLES = """examples:
  tally next "*/5 * * * *"
  tally next "0 9 * * 1" --zone Europe/Berlin --count 3
  tally next "30 2 * * *" --zone Europe/Berlin --from 2027-03-27T12:00
  tally next "@every 90m"
  tally next sync-products        of a job of the jobs folder, in its own zone, up to its limit
  tally next "0 0 1 * *" --json | jq --raw-output '.times[0].utc'

The times are those at which a CronJob fires, changes of the clock included.
--json prints {"schedule", "words", "time_zone", "times": [{"utc", "local", "seconds_away"}],
"clock_changes": [{"utc", "before", "after", "scheduled", "firings"}]}: on the day of such a change
the schedule names a time `scheduled` times and fires `firings` times.

exit codes: 0 done, 2 the schedule, the zone or the job cannot be"""
_MOST = 1000  # times
_LAST_YEAR = 9000


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "next", "Say a schedule in words, and when it fires next.", _EXAMPLES)
    parser.add_argument("schedule", metavar="SCHEDULE|NAME", help="a cron expression, quoted; or a job's name")
    parser.add_argument("--zone", metavar="ZONE", help="an IANA time zone (default: the job's own, or Etc/UTC)")
    parser.add_argument("--count", metavar="N", type=_count, default=5, help="how many times (default: 5)")
    parser.add_argument(
        "--from", metavar="TIME", dest="start", help="the times after this one, ISO 8601 (default: now)"
    )
    add_jobs_option(parser)
    add_json_option(parser)
    parser.set_defaults(command=_next)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {_MOST}")
    return int(text)


def _next(options: argparse.Namespace) -> int:
    from tally import cron
    from tally.cron.changes import changes
    from tally.timezones import zone_of

    config = _config(options)
    zone = zone_of(config.time_zone)
    start = _start(options.start, zone)
    schedule = cron.parse(config.schedule)
    times: list[datetime] = []
    fired = schedule.next(start)
    while fired is not None and len(times) < min(options.count, config.number_of_executions or _MOST):
        times.append(fired)
        fired = schedule.next(fired)
    found = changes(config.schedule, zone, start, times[-1]) if times else []
    (_print_json if options.json else _print)(config, start, times, found)
    return 0


def _config(options: argparse.Namespace) -> "JobConfig":
    """The job's own, or one of a job that has nothing but the schedule."""
    import re
    from dataclasses import replace

    from tally.config import JobConfig

    if not re.fullmatch(r"[\w.-]+", options.schedule):  # no name, not even a misspelled one
        return JobConfig(name="next", schedule=options.schedule, time_zone=options.zone or "Etc/UTC")
    jobs, errors = load_jobs(options.jobs, [options.schedule])
    if errors:
        raise errors[0]
    return replace(jobs[0].config, time_zone=options.zone) if options.zone else jobs[0].config


def _start(text: str | None, zone: "ZoneInfo") -> "datetime":
    from datetime import datetime

    from tally.errors import InputError

    if text is None:
        return datetime.now(zone)
    try:
        start = datetime.fromisoformat(text)
        if not 1970 <= start.year < _LAST_YEAR:
            raise ValueError("what follows may lie beyond the calendar")
    except ValueError:
        raise InputError(
            f"--from {text!r} is no time from 1970 to {_LAST_YEAR - 1}. "
            "Write one such as 2027-03-27T12:00, in the zone, or 2027-03-27."
        ) from None
    return start.astimezone(zone) if start.tzinfo else start.replace(tzinfo=zone)


def _print(config: "JobConfig", start: "datetime", times: "list[datetime]", found: "list[Change]") -> None:
    from datetime import UTC

    from tally.cron.words import describe
    from tally.instants import away, local
    from tally.surprises import described

    words = describe(config.schedule)
    print(f"{words[0].upper()}{words[1:]}, in {config.time_zone}.")
    if not times:
        print("It does not fire within five years.")
        return
    print()
    rows = [(config.time_zone, "UTC", "AWAY")]
    for fired in times:
        moment = fired.astimezone(UTC)
        rows.append((local(fired), f"{moment:%Y-%m-%d %H:%M}", away(moment - start.astimezone(UTC))))
    print_table([(row[0], row[2]) for row in rows] if config.time_zone == "Etc/UTC" else rows)
    if config.number_of_executions and len(times) == config.number_of_executions:
        print(f"\nThat is all: number_of_executions={config.number_of_executions}, if none has run yet.")
    if config.suspend:
        print("\nNone of them as long as it says suspend=True.")
    for change in found:
        print(f"\nNote: {described(change)}.")


def _print_json(config: "JobConfig", start: "datetime", times: "list[datetime]", found: "list[Change]") -> None:
    from datetime import UTC

    from tally.cron.words import describe
    from tally.instants import utc

    print_json(
        {
            "schedule": config.schedule,
            "words": describe(config.schedule),
            "time_zone": config.time_zone,
            "times": [
                {
                    "utc": utc(fired),
                    "local": fired.isoformat(),
                    "seconds_away": int((fired.astimezone(UTC) - start.astimezone(UTC)).total_seconds()),
                }
                for fired in times
            ],
            "clock_changes": [
                {
                    "utc": utc(change.at),
                    "before": change.before.isoformat(),
                    "after": change.after.isoformat(),
                    "scheduled": change.scheduled,
                    "firings": change.firings,
                }
                for change in found
            ],
        }
    )
