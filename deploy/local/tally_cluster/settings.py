"""Every name, port, address and path of one cluster, derived from its name and port base, so that two never meet."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_NAME = "tally"
DEFAULT_PORT_BASE = 26400
PORTS_PER_CLUSTER = 10


def home() -> Path:
    """The folder that holds all state, `$TALLY_LOCAL_HOME` or the system's place for it."""
    return Path(os.environ.get("TALLY_LOCAL_HOME", "/var/lib/tally-local"))


def cache() -> Path:
    """What outlives every cluster: binaries, wheels, images."""
    return home() / "cache"


@dataclass(frozen=True)
class Cluster:
    """One cluster's settings; everything else follows from them.

    Args:
        name: distinguishes the state folders.
        port_base: the first of ten ports, a multiple of ten.
        control_plane: only etcd, API server and controller manager, all on the loopback.
    """

    name: str = DEFAULT_NAME
    port_base: int = DEFAULT_PORT_BASE
    control_plane: bool = False

    def __post_init__(self) -> None:
        if self.port_base % PORTS_PER_CLUSTER or not 1024 <= self.port_base <= 65000:
            raise ValueError(f"--port-base {self.port_base}: write a multiple of ten between 1030 and 65000, such as 26500")
        if not self.name.isalnum():
            raise ValueError(f"--name {self.name!r}: write letters and digits only, such as tally2")

    @property
    def folder(self) -> Path:
        return home() / "clusters" / self.name

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def certificates(self) -> Path:
        return self.folder / "certificates"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        return self.logs / "audit.log"

    @property
    def containerd_socket(self) -> Path:
        return self.folder / "containerd.sock"

    @property
    def node(self) -> str:
        return f"{self.name}-node"

    @property
    def bridge(self) -> str:
        return f"tally{self.port_base}"

    @property
    def network(self) -> str:
        return f"10.212.{self.port_base // PORTS_PER_CLUSTER % 256}"

    @property
    def service_network(self) -> str:
        return f"10.213.{self.port_base // PORTS_PER_CLUSTER % 256}"

    @property
    def address(self) -> str:
        """Where the API server and the kubelet listen: pods must reach both, the outside must not."""
        return "127.0.0.1" if self.control_plane else f"{self.network}.1"

    @property
    def apiserver_port(self) -> int:
        return self.port_base

    @property
    def etcd_port(self) -> int:
        return self.port_base + 1

    @property
    def etcd_peer_port(self) -> int:
        return self.port_base + 2

    @property
    def controller_manager_port(self) -> int:
        return self.port_base + 3

    @property
    def scheduler_port(self) -> int:
        return self.port_base + 4

    @property
    def kubelet_port(self) -> int:
        return self.port_base + 5

    @property
    def kubelet_health_port(self) -> int:
        return self.port_base + 6

    @property
    def server(self) -> str:
        return f"https://{self.address}:{self.apiserver_port}"

    def save(self) -> None:
        """Keeps the settings beside the state, so that later commands need only the name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        values = {"port_base": self.port_base, "control_plane": self.control_plane}
        (self.folder / "cluster.json").write_text(json.dumps(values))


def load(name: str) -> Cluster | None:
    """The cluster of that name as it was brought up, or None."""
    path = home() / "clusters" / name / "cluster.json"
    if not path.exists():
        return None
    return Cluster(name=name, **json.loads(path.read_text()))


def known() -> list[Cluster]:
    """Every cluster that has state on this machine."""
    names = sorted(path.parent.name for path in (home() / "clusters").glob("*/cluster.json"))
    return [cluster for name in names if (cluster := load(name))]
