"""Every name, port, address and path of one cluster, derived from its name and port base, so that two never meet."""

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
            raise ValueError(f"--port-base {self.port_base}: write a multiple of ten from 1030 to 65000, such as 26500")
        if not self.name.isalnum():
            raise ValueError(f"--name {self.name!r}: write letters and digits only, such as tally2")

    @property
    def folder(self) -> Path:
        """All its state."""
        return home() / "clusters" / self.name

    @property
    def logs(self) -> Path:
        """One file a component."""
        return self.folder / "logs"

    @property
    def certificates(self) -> Path:
        """Keys, certificates and the components' kubeconfigs."""
        return self.folder / "certificates"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.folder / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        """What service accounts asked, a JSON line a request."""
        return self.logs / "audit.log"

    @property
    def containerd_socket(self) -> Path:
        """Where kubelet and `ctr` meet containerd."""
        return self.folder / "containerd.sock"

    @property
    def node(self) -> str:
        """The only node's name."""
        return f"{self.name}-node"

    @property
    def bridge(self) -> str:
        """The network device that pods hang on; at most 15 letters, as the kernel wants."""
        return f"tally{self.port_base}"

    @property
    def network(self) -> str:
        """The first three numbers of the pods' addresses."""
        return f"10.212.{self.port_base // PORTS_PER_CLUSTER % 256}"

    @property
    def service_network(self) -> str:
        """The first three numbers of the services' addresses."""
        return f"10.213.{self.port_base // PORTS_PER_CLUSTER % 256}"

    @property
    def address(self) -> str:
        """Where the API server and the kubelet listen: pods must reach both, the outside must not."""
        return "127.0.0.1" if self.control_plane else f"{self.network}.1"

    @property
    def apiserver_port(self) -> int:
        """Serves the Kubernetes API."""
        return self.port_base

    @property
    def etcd_port(self) -> int:
        """Serves etcd's clients."""
        return self.port_base + 1

    @property
    def etcd_peer_port(self) -> int:
        """Would serve other members."""
        return self.port_base + 2

    @property
    def controller_manager_port(self) -> int:
        """Serves the controller manager's health and metrics."""
        return self.port_base + 3

    @property
    def scheduler_port(self) -> int:
        """Serves the scheduler's health and metrics."""
        return self.port_base + 4

    @property
    def kubelet_port(self) -> int:
        """Serves logs and exec."""
        return self.port_base + 5

    @property
    def kubelet_health_port(self) -> int:
        """Serves the kubelet's health."""
        return self.port_base + 6

    @property
    def server(self) -> str:
        """The API server's URL."""
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


def free_port_base(taken: list[Cluster]) -> int:
    """The first port base whose ports and network no cluster in the list uses."""
    networks = {cluster.network for cluster in taken}
    bases = range(DEFAULT_PORT_BASE, 65000, PORTS_PER_CLUSTER)
    return next(base for base in bases if Cluster(port_base=base).network not in networks)
