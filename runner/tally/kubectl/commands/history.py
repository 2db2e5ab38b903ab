"""`kubectl tally history`: the runs of one ScheduledJob, with lateness, duration, and what came of them."""

import argparse
from typing import TYPE_CHECKING

from tally.commands.shared import add_command
from tally.kubectl.options import add_cluster_options, add_output, connected

if TYPE_CHECKING:
    from datetime import datetime

    from tally.commands.shared import Commands
    from tally.kubectl.resources import Json
    from tally.kubectl.runs import Run

_EXAMPLES = """examples:
  kubectl tally history sync-products
  kubectl tally history sync-products -o json | jq '.[] | select(.outcome == "failed")'

SLOT is the scheduled time, in the job's zone; LATE is how long after it Kubernetes made the Job. The
ScheduledJob remembers its last ten runs for ever; older ones, runs by hand and all results are known
as long as their Jobs are kept (successfulJobsHistoryLimit, failedJobsHistoryLimit).
-o wide adds the Job, and cuts nothing off.
-o json and yaml print a list of {"slot", "outcome", "job", "startTime", "completionTime",
"lateSeconds", "durationSeconds", "exitCode", "message", "result"}, null for what nobody knows;
-o name prints the Jobs that are still there.

exit codes: 0 done, 2 the cluster, the rights or the ScheduledJob are missing"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "history", "Show the runs of a ScheduledJob, and what came of them.", _EXAMPLES)
    parser.add_argument("name", metavar="NAME", help="the ScheduledJob")
    add_output(parser)
    add_cluster_options(parser)
    parser.set_defaults(command=_history)


def _history(options: argparse.Namespace) -> int:
    from datetime import UTC

    from tally.kubectl import reading, screens
    from tally.kubectl.objects import serialized
    from tally.kubectl.terminal import Terminal

    cluster = connected(options)
    scheduled_job = reading.one(cluster, options.name)
    found = reading.surroundings(cluster, scheduled_job).runs
    now = cluster.now()
    if options.output == "name":
        print("".join(f"job.batch/{run.job}\n" for run in found if run.present), end="")
    elif options.output in ("json", "yaml"):
        print(serialized([told(run, now) for run in found], options.output))
    elif not found:
        print(f"{scheduled_job.name} has not run yet.")
    else:
        wide = options.output == "wide"
        shown = screens.history(found, now, screens.zone_of(scheduled_job) or UTC, wide=wide)
        Terminal().show(shown, fit=not wide)
    return 0


def told(run: "Run", now: "datetime") -> "Json":
    """Write a run for a program; None is what nobody knows."""
    from tally.instants import utc

    took = run.duration(now)
    return {
        "slot": utc(run.slot) if run.slot else None,
        "outcome": run.outcome,
        "job": run.job or None,
        "startTime": utc(run.started) if run.started else None,
        "completionTime": utc(run.ended) if run.ended else None,
        "lateSeconds": None if run.late is None else int(run.late.total_seconds()),
        "durationSeconds": None if took is None else int(took.total_seconds()),
        "exitCode": run.exit_code,
        "message": run.message or None,
        "result": run.result,
    }
