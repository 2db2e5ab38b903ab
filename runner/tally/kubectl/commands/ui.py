"""`kubectl tally ui`: a page to look at, on the loopback, until Ctrl-C."""

import argparse
from typing import TYPE_CHECKING

from tally.commands.shared import add_command
from tally.kubectl.options import add_all_namespaces, add_cluster_options, add_selector, connected, namespace

if TYPE_CHECKING:
    from tally.commands.shared import Commands
    from tally.kubectl.cluster import Cluster
    from tally.kubectl.following import Chosen

_EXAMPLES = """examples:
  kubectl tally ui
  kubectl tally ui -A
  kubectl tally ui -n shop -l team=shop --port 8080

It serves a page on the loopback of this machine, by your own kubeconfig and rights, and prints its
address; nothing is installed in the cluster. The address holds a token: whoever has it and can reach
this machine's loopback may do what you may. Ctrl-C ends it, and the token with it.

exit codes: 0 ended by Ctrl-C, 2 the cluster or the rights are missing, or the port is taken"""
_HIGHEST_PORT = 65_535


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "ui", "Serve a page to look at, on this machine alone.", _EXAMPLES)
    parser.add_argument("--port", metavar="N", type=_port, default=0, help="on the loopback (default: a free one)")
    add_all_namespaces(parser)
    add_selector(parser)
    add_cluster_options(parser)
    parser.set_defaults(command=_ui)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= _HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port. Write a number up to {_HIGHEST_PORT}, such as 8080")
    return int(text)


def _ui(options: argparse.Namespace) -> int:
    import asyncio
    import contextlib

    from tally.kubectl.following import Chosen

    cluster = connected(options)
    chosen = Chosen(namespace=namespace(options, cluster), selector=options.selector)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(cluster, chosen, options.port))
    return 0


async def _serve(cluster: "Cluster", chosen: "Chosen", port: int) -> None:
    import asyncio
    from datetime import datetime

    from tally.kubectl.plain import aside
    from tally.kubectl.ui.server import served

    mine = datetime.now().astimezone().tzinfo
    assert mine is not None, "it is aware"
    async with served(cluster, chosen, mine, port) as address:
        print(address, flush=True)
        aside("Open it in your browser. Ctrl-C ends it.")
        await asyncio.Event().wait()
