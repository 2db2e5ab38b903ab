"""A control plane of its own for a benchmark: etcd, API server, controller manager, and the operator's rights."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tally_cluster import configs, credentials, demo, lifecycle, settings, toolchain
from tally_cluster.settings import Cluster

from tests.e2e.kube import Kubectl

HOME = "tally-system"
OPERATOR = f"system:serviceaccount:{HOME}:tally"
_SHOWN = ("crd", "fence", "serviceaccount", "rbac-operator", "rbac-election")
# Its default of 20 requests a second would be what is measured: 500 CronJobs would take it most of a minute.
_CONTROLLER_MANAGER = ("--kube-api-qps=1000", "--kube-api-burst=2000")
_WRITES = ("create", "update", "patch", "delete", "deletecollection")


@dataclass(frozen=True)
class Request:
    """One line of the audit log.

    Args:
        verb: As in a role.
        resource: With its subresource, such as `scheduledjobs/status`.
        namespace: Where it was.
        code: The HTTP status; 0 for a watch that goes on.
    """

    verb: str
    resource: str
    namespace: str
    code: int

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.verb in _WRITES

    @property
    def rests(self) -> bool:
        """Whether it is what an operator at rest may do: watch, and renew its Lease."""
        return self.verb == "watch" or self.resource == "leases"


@dataclass(frozen=True)
class Stage:
    """Where everything happens.

    Args:
        cluster: The control plane.
    """

    cluster: Cluster

    @property
    def operator_kubeconfig(self) -> Path:
        """The operator's: a service account with the chart's rights, whose requests the audit log tells."""
        return self.cluster.folder / "operator.kubeconfig"

    def audit_size(self) -> int:
        """Give the place in the audit log from which to read later."""
        return self.cluster.audit_log.stat().st_size

    def audited(self, since: int) -> list[Request]:
        """List what the operator asked for.

        Args:
            since: A place in the audit log.
        """
        with self.cluster.audit_log.open("rb") as log:
            log.seek(since)
            lines = [json.loads(line) for line in log if line.endswith(b"\n")]
        return [_request(line) for line in lines if line["user"]["username"] == OPERATOR and _ended(line)]


@contextmanager
def stage(name: str = "bench") -> Iterator[Stage]:
    """Bring a fresh control plane up, with the chart's CRD, policy and roles; it goes at the end.

    Args:
        name: The cluster's.
    """
    base = settings.free_port_base([each for each in settings.known() if each.name != name])
    with lifecycle.fresh(Cluster(name, base, control_plane=True)) as cluster:
        _install(cluster)
        _let_in(cluster)
        _quicken(cluster)
        yield Stage(cluster)


def _quicken(cluster: Cluster) -> None:
    """Start the controller manager anew, without a rate limit of its own, and knowing the CRD from the start."""
    process = lifecycle.process(cluster, "kube-controller-manager")
    process.stop()
    process.start(
        [toolchain.tool("kube-controller-manager"), *configs.controller_manager(cluster), *_CONTROLLER_MANAGER]
    )


def _install(cluster: Cluster) -> None:
    command = [str(toolchain.tool("helm")), "template", "tally", str(demo.CHART), f"--namespace={HOME}"]
    shown = [argument for each in _SHOWN for argument in ("--show-only", f"templates/{each}.yaml")]
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    made = subprocess.run([*command, *shown], env=environment, capture_output=True, text=True, check=True)
    kubectl = Kubectl(cluster, HOME)
    kubectl.run("create", "namespace", HOME)
    kubectl.run("apply", "--server-side", "--filename=-", stdin=made.stdout)
    kubectl.run("wait", "--for=condition=Established", "crd/scheduledjobs.tally.dev", "--timeout=30s")
    time.sleep(3)  # the policy's types come with the CRD, and are looked up now and then


def _let_in(cluster: Cluster) -> None:
    token = Kubectl(cluster, HOME).run("create", "token", "tally", "--duration=12h").strip()
    kubeconfig = json.dumps(
        {**credentials.kubeconfig(cluster, "admin"), "users": [{"name": "admin", "user": {"token": token}}]}
    )
    path = Stage(cluster).operator_kubeconfig
    path.touch(mode=0o600)
    path.write_text(kubeconfig)


def _ended(line: dict[str, object]) -> bool:
    # A watch has a line when it begins and one when it ends; all else has one.
    return line["stage"] == "ResponseComplete" or line["verb"] == "watch"


def _request(line: dict[str, dict[str, str]]) -> Request:
    target = line.get("objectRef", {})
    resource = "/".join(filter(None, [target.get("resource"), target.get("subresource")]))
    code = int(line.get("responseStatus", {}).get("code", 0))
    return Request(str(line["verb"]), resource, target.get("namespace", ""), code)
