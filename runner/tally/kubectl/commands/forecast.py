"""`kubectl tally forecast`: what will run when, over all ScheduledJobs."""

import argparse
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from tally.commands.shared import add_command
from tally.kubectl.options import (
    add_all_namespaces,
    add_cluster_options,
    add_output,
    add_selector,
    connected,
    namespace,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tally.commands.shared import Commands
    from tally.kubectl.forecast import Forecast
    from tally.kubectl.observed import ScheduledJob
    from tally.kubectl.resources import Json

_EXAMPLES = """examples:
  kubectl tally forecast
  kubectl tally forecast --for 7d -A
  kubectl tally forecast --for 90m -l team=shop
  kubectl tally forecast -o json | jq '.busiest[0]'

Times are those at which Kubernetes starts runs if nothing delays them, by your own clock. A run that
Forbid may skip is counted. Changes of the clock that a schedule will feel are told two weeks ahead.
-o json and yaml print {"from", "until", "jobs": [{"namespace", "name", "times"}], "busiest": [{"utc",
"jobs"}], "clockChanges": [{"utc", "zone", "jobs", "scheduled", "firings"}], "idle"}; times are in UTC.

exit codes: 0 done, 2 the cluster or the rights are missing"""
_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?")
_LONGEST = timedelta(days=31)
_PIPE_COLUMNS = 120  # where there is no terminal to fit


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "forecast", "Show what will run when, over all ScheduledJobs.", _EXAMPLES)
    parser.add_argument(
        "--for", metavar="TIME", dest="span", type=_span, default="24h", help="how far: 90m, 24h, 7d (default: 24h)"
    )
    add_all_namespaces(parser)
    add_selector(parser)
    add_output(parser, ("json", "yaml"))
    add_cluster_options(parser)
    parser.set_defaults(command=_forecast)


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    days, hours, minutes = (int(each[:9] or 0) for each in (found.groups("") if found else ("", "", "")))
    span = timedelta(days=min(days, 999), hours=min(hours, 99_999), minutes=min(minutes, 9_999_999))
    if not timedelta(0) < span <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no time up to {_LONGEST.days}d. Write 90m, 24h or 7d")
    return span


def _forecast(options: argparse.Namespace) -> int:
    from datetime import datetime

    from tally.kubectl import forecast, observed, reading, timeline
    from tally.kubectl.objects import serialized
    from tally.kubectl.terminal import Terminal

    cluster, terminal = connected(options), Terminal()
    bodies, _ = reading.several(cluster, namespace(options, cluster), options.selector)
    ahead = forecast.forecast(map(observed.scheduled_job, bodies), cluster.now(), options.span)
    if options.output:
        print(serialized(told(ahead), options.output))
        return 0
    mine = datetime.now().astimezone().tzinfo
    assert mine is not None, "it is aware"
    width = terminal.width if terminal.interactive else _PIPE_COLUMNS
    terminal.show(timeline.shown(ahead, mine, width, terminal.encoding, everywhere=options.all_namespaces))
    return 0


def told(ahead: "Forecast") -> "Json":
    """Write what is ahead for a program."""
    from tally.instants import utc

    return {
        "from": utc(ahead.start),
        "until": utc(ahead.until),
        "jobs": [{**_named(line.scheduled_job), "times": list(map(utc, line.times))} for line in ahead.lines],
        "busiest": [{"utc": utc(each.minute), "jobs": _all_named(each.jobs)} for each in ahead.meetings],
        "clockChanges": [
            {
                "utc": utc(each.change.at),
                "zone": each.zone,
                "jobs": _all_named(each.jobs),
                "scheduled": each.change.scheduled,
                "firings": each.change.firings,
            }
            for each in ahead.clock_changes
        ],
        "idle": _all_named(ahead.idle),
    }


def _named(scheduled_job: "ScheduledJob") -> "Json":
    return {"namespace": scheduled_job.namespace, "name": scheduled_job.name}


def _all_named(scheduled_jobs: "Sequence[ScheduledJob]") -> "list[Json]":
    return [_named(each) for each in scheduled_jobs]
