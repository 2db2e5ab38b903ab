"""Brings a cluster up and down, whole or one component: each step leads to the next, and every start repairs."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tally_cluster import configs, credentials, images, leftovers, network, probes, settings, toolchain
from tally_cluster.processes import Process
from tally_cluster.progress import StepError, exclusive, step
from tally_cluster.settings import Cluster


@dataclass(frozen=True)
class Component:
    """One program of a cluster.

    Args:
        name: of the program.
        arguments: its command line, after its name.
        ready: whether it serves.
        seconds: how long it may take until then.
        node: it belongs to the node, not to the control plane.
    """

    name: str
    arguments: Callable[[Cluster], list[str]]
    ready: Callable[[Cluster], bool]
    seconds: float
    node: bool = False


# In the order of starting; they are stopped in the opposite one.
COMPONENTS = (
    Component("etcd", configs.etcd, probes.etcd, 30),
    Component("kube-apiserver", configs.apiserver, probes.apiserver, 90),
    Component("kube-controller-manager", configs.controller_manager, probes.controller_manager, 60),
    Component("kube-scheduler", configs.scheduler, probes.scheduler, 60, node=True),
    Component("containerd", configs.containerd_arguments, probes.containerd, 30, node=True),
    Component("kubelet", configs.kubelet, probes.kubelet, 90, node=True),
)


def components(cluster: Cluster) -> list[Component]:
    """What this cluster consists of, in the order of starting."""
    return [component for component in COMPONENTS if not (component.node and cluster.control_plane)]


def processes(cluster: Cluster) -> dict[str, Process]:
    """The cluster's processes by name, in the order of starting, whether they run or not."""
    return {component.name: Process(component.name, cluster.folder) for component in components(cluster)}


def process(cluster: Cluster, name: str) -> Process:
    """One of the cluster's processes.

    Raises:
        StepError: the cluster has no such component.
    """
    found = processes(cluster).get(name)
    if found is None:
        raise StepError(f"cluster {cluster.name} has no {name}; it has {', '.join(processes(cluster))}")
    return found


def up(cluster: Cluster) -> None:
    """Brings the cluster up; what already runs stays as it is, what died is cleaned up and started.

    Raises:
        StepError: a step failed, or the name or the ports belong to a different cluster.
    """
    with exclusive(settings.home() / "locks" / cluster.name):
        refuse_conflicts(cluster, settings.known())
        toolchain.install_packages(node=not cluster.control_plane)
        toolchain.binaries()
        cluster.save()
        with step("certificates and configurations"):
            credentials.ensure(cluster)
            configs.write_all(cluster)
        if not cluster.control_plane:
            _prepare_node(cluster)
        for component in components(cluster):
            if component.name == "kubelet":
                images.load_pause(cluster)
            start(cluster, component.name)


def start(cluster: Cluster, name: str) -> None:
    """Starts one component where it does not run, and waits until it is ready.

    Raises:
        StepError: it ended or was not ready in time, or the cluster has no such component.
    """
    own = process(cluster, name)
    component = next(component for component in COMPONENTS if component.name == name)
    with step(name):
        if own.pid() is None:
            program = name if name == "containerd" else toolchain.tool(name)
            own.start([program, *component.arguments(cluster)])
        own.wait_until(lambda: component.ready(cluster), component.seconds)


def down(cluster: Cluster) -> None:
    """Stops everything and removes the cluster's state; the caches stay.

    Raises:
        StepError: something was still there afterwards; the message lists it.
    """
    with exclusive(settings.home() / "locks" / cluster.name):
        for name, running in reversed(processes(cluster).items()):
            if running.pid() is not None:
                with step(f"stopping {name}"):
                    running.stop()
        if not cluster.control_plane:
            with step("removing containers, mounts and the network"):
                leftovers.sweep(cluster)
                network.remove(cluster)
        found = remaining(cluster)
        if found:
            raise StepError(f"cluster {cluster.name} is down, but this was left: {'; '.join(found)}")
        with step("removing its state"):
            shutil.rmtree(cluster.folder)


@contextmanager
def fresh(cluster: Cluster) -> Iterator[Cluster]:
    """Makes a cluster for one program alone: what is left of an earlier one goes first, and it goes at the end.

    Args:
        cluster: its settings; one program at a time has the name, the next one waits.

    Raises:
        StepError: a component did not start.
    """
    with exclusive(settings.home() / "locks" / f"{cluster.name}-run"):
        left = settings.load(cluster.name)
        if left is not None:
            down(left)
        try:
            up(cluster)
            yield cluster
        finally:
            down(cluster)


def remaining(cluster: Cluster) -> list[str]:
    """What of the cluster still runs or is mounted, each in words for a person; empty after `down`."""
    alive = [f"{name} (pid {pid})" for name, running in processes(cluster).items() if (pid := running.pid())]
    return alive if cluster.control_plane else alive + leftovers.remaining(cluster)


def refuse_conflicts(cluster: Cluster, known: list[Cluster]) -> None:
    """Refuses what would break a cluster that exists.

    Raises:
        StepError: the name is taken by other settings, or the ports or the network by another name.
    """
    for other in known:
        if other.name == cluster.name and other != cluster:
            kind = "a control plane only" if other.control_plane else "a whole node"
            raise StepError(
                f"cluster {other.name} exists with --port-base {other.port_base}, as {kind}: "
                f"take it down first, or write another --name"
            )
        if other.name != cluster.name and cluster.network == other.network:
            raise StepError(
                f"--port-base {cluster.port_base} meets cluster {other.name} (port base {other.port_base}): "
                f"write --port-base {settings.free_port_base(known)}"
            )


def _prepare_node(cluster: Cluster) -> None:
    if processes(cluster)["containerd"].pid() is None:
        # Without containerd nobody looks after its containers, and the kubelet holds on to their mounts.
        with step("cleaning up after the last run"):
            processes(cluster)["kubelet"].stop()
            leftovers.sweep(cluster)
    with step(f"network {cluster.network}.0/24"):
        network.ensure(cluster)
