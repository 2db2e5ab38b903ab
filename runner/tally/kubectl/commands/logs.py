"""`kubectl tally logs`: the logs of one run, also of one whose pod is still being made."""

import argparse
from typing import TYPE_CHECKING

from tally.commands.shared import add_command
from tally.kubectl.options import add_cluster_options, connected

if TYPE_CHECKING:
    from tally.commands.shared import Commands
    from tally.kubectl.cluster import Cluster
    from tally.kubectl.runs import Run

_EXAMPLES = """examples:
  kubectl tally logs sync-products                          of the newest run
  kubectl tally logs sync-products -f
  kubectl tally logs sync-products --last-failed
  kubectl tally logs sync-products --slot 2026-11-25T09:00
  kubectl tally logs sync-products | jq -r .message

TIME is a scheduled time, in the job's zone unless it says another: 2026-11-25T08:00Z.
A run whose pod is still being made is waited for; what it waits for goes to the standard error.
A run that was tried again has several pods: all are shown, the oldest first.
A terminal gets readable lines, in UTC; a pipe gets what the job logged, a JSON object a line.

exit codes: 0 done, 2 there is no such run, or its logs are gone"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "logs", "Show the logs of a run.", _EXAMPLES)
    parser.add_argument("name", metavar="NAME", help="the ScheduledJob")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run ends")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--slot", metavar="TIME", help="of the run for this scheduled time")
    which.add_argument("--last-failed", action="store_true", help="of the newest run that failed")
    parser.add_argument("--tail", metavar="N", type=int, help="only the last N lines of each pod")
    add_cluster_options(parser)
    parser.set_defaults(command=_logs)


def _logs(options: argparse.Namespace) -> int:
    from datetime import UTC

    from tally.kubectl import choosing, reading, screens

    cluster = connected(options)
    scheduled_job = reading.one(cluster, options.name)
    zone = screens.zone_of(scheduled_job) or UTC
    slot = choosing.slot_of(options.slot, zone) if options.slot else None
    found = reading.surroundings(cluster, scheduled_job).runs
    run = choosing.chosen(scheduled_job, found, slot, last_failed=options.last_failed)
    _show(cluster, scheduled_job.namespace, run, options)
    return 0


def _show(cluster: "Cluster", namespace: str, run: "Run", options: argparse.Namespace) -> None:
    from tally.kubectl.attending import attend, until_begun
    from tally.kubectl.errors import NotFoundError
    from tally.kubectl.loglines import shown
    from tally.kubectl.plain import aside

    query = {} if options.tail is None else {"tailLines": str(options.tail)}
    if options.follow:
        with shown() as write:
            attend(cluster, namespace, run.job, say=aside, write=write, query=query)
        return
    pods = until_begun(cluster, namespace, run.job, say=aside)
    if not pods:
        said = f": {run.message}" if run.message else ""
        raise NotFoundError(f"The Job {run.job} {run.outcome}, and none of its pods is there{said}.")
    _show_pods(cluster, namespace, [str(pod["metadata"]["name"]) for pod in pods], query)


def _show_pods(cluster: "Cluster", namespace: str, pods: "list[str]", query: "dict[str, str]") -> None:
    from tally import names
    from tally.kubectl.loglines import shown
    from tally.kubectl.plain import aside
    from tally.kubectl.resources import PODS

    for pod in pods:
        if len(pods) > 1:
            aside(f"The pod {pod}:")
        with shown() as write:
            for piece in cluster.log(PODS, namespace, pod, container=names.JOB_CONTAINER, **query):
                write(piece)
