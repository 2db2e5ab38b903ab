"""The command `deploy/local/cluster`: what a person does with a local cluster."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from tally_cluster import images, lifecycle, settings, toolchain
from tally_cluster.progress import StepError
from tally_cluster.settings import Cluster

_UP_EXAMPLES = """examples:
  deploy/local/cluster up                        again after a crash, it repairs what died
  deploy/local/cluster up --name second          beside the first, on ports of its own
  deploy/local/cluster up --name api --control-plane"""
_DOWN_EXAMPLES = """examples:
  deploy/local/cluster down
  deploy/local/cluster down --name second"""
_STATUS_EXAMPLES = """examples:
  deploy/local/cluster status"""
_ENV_EXAMPLES = """examples:
  eval "$(deploy/local/cluster env)"             kubectl and helm in this shell mean this cluster"""
_IMAGES_EXAMPLES = """examples:
  deploy/local/cluster images                    after a change; pods that start from now on have it"""
_BUILD_EXAMPLES = """examples:
  deploy/local/cluster build ../shop --tag shop-jobs:1
  deploy/local/cluster build . -t shop-jobs:2       and then image: shop-jobs:2 in the ScheduledJob"""
_COMPONENT_EXAMPLES = """examples:
  deploy/local/cluster kill kubelet              kill -9, as a crash would
  deploy/local/cluster restart kube-apiserver    and wait until it serves
  deploy/local/cluster up                        starts what was killed"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: what follows the command's name; None takes the process's own.

    Returns:
        The exit code: 0 done, 1 a step failed.
    """
    options = _parser().parse_args(arguments)
    try:
        if os.geteuid() != 0:
            raise StepError("the local cluster mounts, makes network devices and runs containers: run it as root")
        cast("Callable[[argparse.Namespace], None]", options.command)(options)
    except StepError as error:
        sys.stderr.write(f"cluster: {error.explain()}\n")
    except ValueError as error:
        sys.stderr.write(f"cluster: {error}\n")
    except KeyboardInterrupt:
        sys.stderr.write("cluster: interrupted; the next `up` goes on from here\n")
    else:
        return 0
    return 1


def _up(options: argparse.Namespace) -> None:
    known = settings.load(options.name)
    base = options.port_base or (known.port_base if known else settings.free_port_base(settings.known()))
    cluster = Cluster(options.name, base, control_plane=options.control_plane)
    lifecycle.up(cluster)
    print(f"\n{cluster.name} serves at {cluster.server}. To use it:\n{_exports(cluster)}")


def _down(options: argparse.Namespace) -> None:
    cluster = settings.load(options.name)
    if cluster is None:
        print(f"There is no cluster {options.name}.")
        return
    lifecycle.down(cluster)
    print(f"{cluster.name} is down: nothing of it runs or is mounted, its state is removed; the caches stay.")


def _status(_: argparse.Namespace) -> None:
    clusters = settings.known()
    if not clusters:
        print("There is no cluster. Make one: deploy/local/cluster up")
    for cluster in clusters:
        print(f"{cluster.name}  {cluster.server}")
        for component in lifecycle.components(cluster):
            pid = lifecycle.processes(cluster)[component.name].pid()
            state = "stopped" if pid is None else "ready" if component.ready(cluster) else "not ready"
            print(f"  {component.name:<26}{state:<12}{f'pid {pid}' if pid else ''}".rstrip())
        print(_exports(cluster))


def _env(options: argparse.Namespace) -> None:
    print(_exports(_existing(options.name)))


def _images(options: argparse.Namespace) -> None:
    changed = images.ensure(_existing(options.name))
    print(
        f"new on the node: {', '.join(changed)}" if changed else "The node has the images as they are in the checkout."
    )


def _build(options: argparse.Namespace) -> None:
    images.build(_existing(options.name), options.folder, options.tag)
    print(f"The node has {options.tag}; pods that start from now on have what is in it.")


def _restart(options: argparse.Namespace) -> None:
    cluster = _existing(options.name)
    lifecycle.process(cluster, options.component).stop()
    lifecycle.start(cluster, options.component)


def _kill(options: argparse.Namespace) -> None:
    lifecycle.process(_existing(options.name), options.component).kill()


def _existing(name: str) -> Cluster:
    cluster = settings.load(name)
    if cluster is None:
        raise StepError(f"there is no cluster {name}: make it by `deploy/local/cluster up --name {name}`")
    return cluster


def _exports(cluster: Cluster) -> str:
    return f"  export KUBECONFIG={cluster.kubeconfig}\n  export PATH={toolchain.folder()}:$PATH"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cluster",
        description="A real single-node Kubernetes on this machine. Its state is under $TALLY_LOCAL_HOME.",
        epilog="Each command tells more: deploy/local/cluster up --help",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    up = _command(commands, "up", _up, "Bring a cluster up, or repair it.", _UP_EXAMPLES)
    up.add_argument("--port-base", type=int, metavar="P", help="the first of its ten ports (default: the next free)")
    up.add_argument("--control-plane", action="store_true", help="no node: only etcd, API server, controller manager")
    _command(commands, "down", _down, "Take a cluster down and remove its state.", _DOWN_EXAMPLES)
    _command(commands, "status", _status, "Show the clusters and their components.", _STATUS_EXAMPLES)
    _command(commands, "env", _env, "Print what a shell needs to use a cluster.", _ENV_EXAMPLES)
    _command(commands, "images", _images, "Build and load the operator's and the runner's image.", _IMAGES_EXAMPLES)
    build = _command(commands, "build", _build, "Build an image of your own jobs and load it.", _BUILD_EXAMPLES)
    build.add_argument("folder", metavar="FOLDER", type=Path, help="where its Dockerfile is, and what it copies")
    build.add_argument("--tag", "-t", required=True, metavar="NAME:VERSION", help="its name, such as shop-jobs:1")
    for name, action, summary in (
        ("restart", _restart, "Stop one component and start it again."),
        ("kill", _kill, "End one component as a crash would."),
    ):
        command = _command(commands, name, action, summary, _COMPONENT_EXAMPLES)
        choices = [component.name for component in lifecycle.COMPONENTS]
        command.add_argument("component", metavar="COMPONENT", choices=choices, help=", ".join(choices))
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    action: Callable[[argparse.Namespace], None],
    summary: str,
    examples: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if name != "status":
        parser.add_argument("--name", default=settings.DEFAULT_NAME, help="which cluster (default: %(default)s)")
    parser.set_defaults(command=action)
    return parser
