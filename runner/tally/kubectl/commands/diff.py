"""`kubectl tally diff`: how the next times and the remaining count would change, before a manifest is applied."""

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tally.commands.shared import add_command
from tally.kubectl.options import add_cluster_options, connected

if TYPE_CHECKING:
    from tally.commands.shared import Commands
    from tally.kubectl.cluster import Cluster
    from tally.kubectl.diff import Difference
    from tally.kubectl.resources import Json

_EXAMPLES = """examples:
  kubectl tally diff -f job.yaml
  tally manifests | kubectl tally diff -f -

What the file leaves out stays as it is, unless the file that was applied last had it. Objects that
are no ScheduledJobs are passed over. kubectl diff shows the objects line by line; this shows what
comes of them.

exit codes: 0 nothing would change, 1 something would, 2 the file, the cluster or the rights are missing"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "diff", "Show how the next times would change, before you apply.", _EXAMPLES)
    parser.add_argument("-f", "--filename", metavar="FILE", required=True, help="manifests; - is the standard input")
    add_cluster_options(parser)
    parser.set_defaults(command=_diff)


def _diff(options: argparse.Namespace) -> int:
    from tally.kubectl import comparison, manifest
    from tally.kubectl.errors import ClusterError
    from tally.kubectl.terminal import Terminal

    found = manifest.scheduled_jobs(_text(options.filename), options.filename)
    if not found:
        raise ClusterError(f"{options.filename} holds no ScheduledJob.")
    cluster, terminal = connected(options), Terminal()
    differences = [_compared(cluster, each) for each in found]
    for index, difference in enumerate(differences):
        if index:
            print()
        terminal.show(comparison.shown(difference))
    return 0 if all(each.is_none for each in differences) else 1


def _text(filename: str) -> str:
    from tally.errors import InputError

    if filename == "-":
        return sys.stdin.read()
    try:
        return Path(filename).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise InputError(f"{filename} cannot be read: {said}.") from error


def _compared(cluster: "Cluster", manifest: "Json") -> "Difference":
    from tally.kubectl.diff import difference
    from tally.kubectl.errors import NotFoundError
    from tally.kubectl.resources import SCHEDULED_JOBS

    namespace = manifest["metadata"].get("namespace") or cluster.namespace
    live = None
    with contextlib.suppress(NotFoundError):
        live = cluster.get(SCHEDULED_JOBS, namespace, manifest["metadata"]["name"])
    return difference(live, manifest, namespace, cluster.now())
