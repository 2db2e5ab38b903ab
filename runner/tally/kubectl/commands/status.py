"""`kubectl tally status`: how all ScheduledJobs stand, or one in full, and why it is not running."""

import argparse
import contextlib
import itertools
import time
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
    from typing import NoReturn

    from tally.commands.shared import Commands
    from tally.kubectl.cluster import Cluster
    from tally.kubectl.following import Chosen, Followed
    from tally.kubectl.resources import Json
    from tally.kubectl.terminal import Block, Terminal

_EXAMPLES = """examples:
  kubectl tally status                      all of the namespace, in a table
  kubectl tally status -A -w                all of the cluster, as they change
  kubectl tally status sync-products        one in full: last runs, next times, why it is not running
  kubectl tally status -l team=shop -o wide

RECENT has a mark for each of the last ten runs (five on a narrow terminal), the newest at the right;
LAST and NEXT are how long ago and how far away. What needs attention stands below the table.
-o json, yaml and name print the ScheduledJobs themselves, as kubectl get does.

exit codes: 0 done, 2 the cluster, the rights or the ScheduledJob are missing"""
_WIDE = 100  # columns; a narrower terminal shows fewer of the last outcomes
_MARKED, _MARKED_NARROW = 10, 5
_LOOK_SECONDS = 2.0  # what keeps a pod from starting changes nothing in the ScheduledJob, so no watch of it tells


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "status", "Show how ScheduledJobs stand, and why one is not running.", _EXAMPLES)
    parser.add_argument("name", metavar="NAME", nargs="?", help="one ScheduledJob, in full (default: all, in a table)")
    add_all_namespaces(parser)
    add_selector(parser)
    add_output(parser)
    parser.add_argument("-w", "--watch", action="store_true", help="go on as they change, until Ctrl-C")
    add_cluster_options(parser)
    parser.set_defaults(command=_status)


def _status(options: argparse.Namespace) -> int:
    from tally.kubectl.errors import ClusterError
    from tally.kubectl.following import Chosen
    from tally.kubectl.terminal import Terminal

    if options.name and (options.all_namespaces or options.selector):
        raise ClusterError("A ScheduledJob that is named is one: leave -A and -l out.")
    cluster, terminal = connected(options), Terminal()
    chosen = Chosen(namespace=namespace(options, cluster), name=options.name, selector=options.selector)
    with contextlib.suppress(KeyboardInterrupt) if options.watch else contextlib.nullcontext():
        if options.output in ("json", "yaml", "name"):
            _objects(options, cluster, chosen)
        elif options.name and options.output is None and (terminal.interactive or not options.watch):
            _page(options, cluster, terminal)
        else:
            _table(options, cluster, terminal, chosen)
    return 0


def _page(options: argparse.Namespace, cluster: "Cluster", terminal: "Terminal") -> None:
    if not options.watch:
        terminal.show(_page_now(cluster, options.name, terminal))
        return
    with terminal.live() as live:
        while True:
            live.update(terminal.drawn(_page_now(cluster, options.name, terminal)), refresh=True)
            time.sleep(_LOOK_SECONDS)


def _page_now(cluster: "Cluster", name: str, terminal: "Terminal") -> "list[Block]":
    from datetime import datetime

    from tally.kubectl import reading, screens
    from tally.kubectl.reasons import reasons

    scheduled_job = reading.one(cluster, name)
    around = reading.surroundings(cluster, scheduled_job)
    now = cluster.now()
    mine = datetime.now().astimezone().tzinfo
    assert mine is not None, "it is aware"
    why = reasons(scheduled_job, around.runs, around.pods, around.events, now)
    return screens.page(scheduled_job, around.runs, why, now, mine, terminal.encoding)


def _table(options: argparse.Namespace, cluster: "Cluster", terminal: "Terminal", chosen: "Chosen") -> None:
    from tally.kubectl import following

    bodies, version = following.listed(cluster, chosen)
    followed = following.Followed(cluster, chosen, bodies, version)
    if options.watch and terminal.interactive:
        _live_table(options, cluster, terminal, followed)
    elif bodies or options.watch:
        terminal.show(_overview(options, cluster, terminal, bodies), fit=options.output != "wide")
    else:
        where = "any namespace" if options.all_namespaces else f"the namespace {cluster.namespace!r}"
        print(f"No ScheduledJobs in {where}.")
    if options.watch:
        _print_changes(options, cluster, terminal, followed)


def _overview(
    options: argparse.Namespace, cluster: "Cluster", terminal: "Terminal", bodies: "Sequence[Json]"
) -> "list[Block]":
    from tally import names
    from tally.kubectl import observed, reading, reasons, screens

    found = [observed.scheduled_job(body) for body in bodies]
    waits: dict[str, str] = {}
    for pod in reading.waiting_pods(cluster, namespace(options, cluster)):
        why = reasons.why_pending(pod)
        if why:
            waits[pod["metadata"]["labels"][names.LABEL_OWNER]] = f"The pod {pod['metadata']['name']} waits: {why}"
    now = cluster.now()
    notes = []
    for each in found:
        why = reasons.needs_attention(each, now) or waits.get(each.uid)
        if why:
            notes.append(f"{f'{each.namespace}/' if options.all_namespaces else ''}{each.name}: {why}")
    return screens.overview(
        found,
        notes,
        now,
        terminal.encoding,
        everywhere=options.all_namespaces,
        wide=options.output == "wide",
        marked=_MARKED if terminal.width >= _WIDE else _MARKED_NARROW,
    )


def _live_table(
    options: argparse.Namespace, cluster: "Cluster", terminal: "Terminal", followed: "Followed"
) -> "NoReturn":
    """Draw the table anew at each change, and every two seconds, as its times go on."""
    import queue

    from tally.kubectl.errors import ClusterError
    from tally.kubectl.following import in_background

    arrived = in_background(followed)
    with terminal.live() as live:
        while True:
            live.update(terminal.drawn(_overview(options, cluster, terminal, followed.bodies)), refresh=True)
            with contextlib.suppress(queue.Empty):
                change = arrived.get(timeout=_LOOK_SECONDS)
                if isinstance(change, ClusterError):
                    raise change


def _print_changes(options: argparse.Namespace, cluster: "Cluster", terminal: "Terminal", followed: "Followed") -> None:
    """Print a row for each change, in the columns that stand above."""
    from tally.kubectl import observed, screens
    from tally.kubectl.terminal import plain_lines

    for body in followed.changes():
        rows = [observed.scheduled_job(each) for each in (*followed.bodies, body)]
        wide = options.output == "wide"
        blocks = screens.overview(
            rows, [], cluster.now(), terminal.encoding, everywhere=options.all_namespaces, wide=wide
        )
        print(plain_lines(blocks)[-1], flush=True)


def _objects(options: argparse.Namespace, cluster: "Cluster", chosen: "Chosen") -> None:
    from tally.kubectl import following
    from tally.kubectl.objects import written
    from tally.kubectl.resources import SCHEDULED_JOBS

    bodies, version = following.listed(cluster, chosen)
    if not options.watch:
        print(written(bodies, options.output, SCHEDULED_JOBS, single=bool(options.name)))
        return
    followed = following.Followed(cluster, chosen, bodies, version)
    for body in itertools.chain(bodies, followed.changes()):
        text = written([body], options.output, SCHEDULED_JOBS, single=True)
        print(f"---\n{text}" if options.output == "yaml" else text, flush=True)
