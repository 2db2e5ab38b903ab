"""The options that kubectl users type without thinking, each with kubectl's own letters and meaning."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tally.kubectl.cluster import Cluster

FORMATS = ("wide", "json", "yaml", "name")


def add_cluster_options(parser: argparse.ArgumentParser, *, default: str | None = argparse.SUPPRESS) -> None:
    """Let a command be told where the cluster is.

    Args:
        parser: The command's.
        default: Of the option's value; the command line's own parser sets None, which the commands' must not undo.
    """
    group = parser.add_argument_group("cluster")
    group.add_argument("-n", "--namespace", metavar="NAME", default=default, help="where (default: the context's)")
    group.add_argument("--context", metavar="NAME", default=default, help="a context of the kubeconfig")
    group.add_argument(
        "--kubeconfig", metavar="FILE", default=default, help="(default: KUBECONFIG, else ~/.kube/config)"
    )


def add_all_namespaces(parser: argparse.ArgumentParser) -> None:
    """Let a command look everywhere."""
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="in all namespaces")


def add_selector(parser: argparse.ArgumentParser) -> None:
    """Let a command choose by labels."""
    parser.add_argument("-l", "--selector", metavar="LABELS", help="those with these labels, such as team=shop")


def add_output(parser: argparse.ArgumentParser, formats: tuple[str, ...] = FORMATS) -> None:
    """Let a command write for a program."""
    parser.add_argument("-o", "--output", choices=formats, metavar="|".join(formats), help="another form")


def connected(options: argparse.Namespace) -> "Cluster":
    """Find the cluster that the options name.

    Raises:
        ClusterError: There is none.
    """
    from tally.kubectl import cluster

    return cluster.connect(options.kubeconfig, options.context, options.namespace)


def namespace(options: argparse.Namespace, cluster: "Cluster") -> str | None:
    """Give the namespace in which a command looks; None for all."""
    return None if options.all_namespaces else cluster.namespace
