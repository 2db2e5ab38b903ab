"""Finds and removes what a node leaves when it is killed: containers, their shims, mounts, sockets, leases, links."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from tally_cluster import network
from tally_cluster.processes import start_time, wait_for
from tally_cluster.progress import StepError, run
from tally_cluster.settings import Cluster

GONE_SECONDS = 10.0
# Places that containerd, its plugins and the kubelet use whatever their configuration says.
CNI_RESULTS = Path("/var/lib/cni/results")
CONTAINER_LINKS = Path("/var/log/containers")


def sweep(cluster: Cluster) -> None:
    """Makes the node as a reboot would: nothing of its pods runs or is mounted, its images and logs stay.

    Only for a node whose containerd and kubelet do not run; without leftovers it changes nothing.

    Raises:
        StepError: a process did not end, or a mount could not be removed.
    """
    folders = _control_groups(cluster)
    _kill([pid for folder in folders for pid in _members(folder)])
    _kill(shims(cluster))
    unmount(cluster.folder, cluster.logs / "sweep.log")
    for folder in folders:
        _remove_group(folder)
    for task in (cluster.folder / "run").glob("io.containerd.runtime.v2.task/k8s.io/*"):
        _forget_task(task)
    for link in CONTAINER_LINKS.glob("*"):
        if link.is_symlink() and link.readlink().is_relative_to(cluster.folder):
            link.unlink()
    for stale in ("run", "runc", "cni-leases"):
        shutil.rmtree(cluster.folder / stale, ignore_errors=True)
    cluster.containerd_socket.unlink(missing_ok=True)


def unmount(folder: Path, log: Path) -> None:
    """Removes every mount under a folder, the newest first."""
    for target in reversed(mounts(folder)):
        run(["umount", "--lazy", target], log)


def remaining(cluster: Cluster) -> list[str]:
    """What of the node's pods and network is still there, each in words for a person."""
    return [
        *(f"container process {pid}" for folder in _control_groups(cluster) for pid in _members(folder)),
        *(f"containerd-shim {pid}" for pid in shims(cluster)),
        *(f"mount {target}" for target in mounts(cluster.folder)),
        *network.leftovers(cluster),
    ]


def shims(cluster: Cluster) -> list[int]:
    """The processes that hold containers of this cluster's containerd, known by the socket they were given."""
    wanted = [b"-address", str(cluster.containerd_socket).encode()]
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if Path(os.fsdecode(words[0])).name.startswith("containerd-shim") and wanted in _pairs(words):
            found.append(int(path.parent.name))
    return found


def mounts(folder: Path, table: str | None = None) -> list[str]:
    """The mount points under a folder, in the order of mounting.

    Args:
        folder: an absolute path.
        table: the kernel's mount table; None reads it.
    """
    lines = (Path("/proc/self/mounts").read_text() if table is None else table).splitlines()
    # The kernel writes blanks and the like as octal numbers.
    targets = [line.split()[1].encode().decode("unicode_escape") for line in lines]
    return [target for target in targets if Path(target).is_relative_to(folder)]


def _forget_task(task: Path) -> None:
    """Removes a container's traces outside the cluster's folder: its shim's socket and its network results."""
    for result in CNI_RESULTS.glob(f"*-{task.name}-*"):
        result.unlink()
    address = task / "address"
    if address.exists():
        Path(address.read_text().removeprefix("unix://")).unlink(missing_ok=True)


def _control_groups(cluster: Cluster) -> list[Path]:
    """The containers' control groups, as runc noted them: who is in them is ours, whoever its parent is."""
    found: set[Path] = set()
    for state in (cluster.folder / "runc").glob("*/*/state.json"):
        try:
            found.update(Path(path) for path in json.loads(state.read_text())["cgroup_paths"].values())
        except (OSError, ValueError, KeyError):
            continue
    return sorted(path for path in found if path.is_dir())


def _members(group: Path) -> list[int]:
    try:
        return [int(pid) for pid in (group / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def _kill(pids: Iterable[int]) -> None:
    # A member of several groups is met several times, and may have ended between two.
    alive = {pid: started for pid in pids if (started := start_time(pid))}
    for pid in alive:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    if not wait_for(lambda: all(start_time(pid) != started for pid, started in alive.items()), GONE_SECONDS):
        raise StepError(
            f"processes {' '.join(map(str, alive))} did not end within {GONE_SECONDS:.0f} s of being killed"
        )


def _remove_group(group: Path) -> None:
    """Removes an emptied control group; the kernel may take a moment to see that it is empty."""
    deadline = time.monotonic() + GONE_SECONDS
    while group.is_dir():
        try:
            group.rmdir()
        except OSError as error:
            if time.monotonic() > deadline:
                raise StepError(f"the control group {group} could not be removed: {error}") from error
            time.sleep(0.05)


def _pairs(words: list[bytes]) -> list[list[bytes]]:
    return [words[at : at + 2] for at in range(len(words) - 1)]
