"""Operators that stand for election, each with a service account of its own, so that the audit log tells who wrote."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.integration import operator_process
from tests.integration.shop import Shop
from tests.ports import free_port

WRITES = ("create", "update", "patch", "delete")


class Candidate:
    """An operator that leads or stands by.

    Args:
        shop: Its namespace, where the Lease is, too.
        name: Its pod's name, were it in one.
        folder: Where its files are.
    """

    def __init__(self, shop: Shop, name: str, folder: Path) -> None:
        self.log = folder / f"{name}.log"
        self._shop = shop
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.name = name
        self.user = f"system:serviceaccount:{shop.namespace}:{name}"
        self.settings = {
            "TALLY_ELECTION": "true",
            "TALLY_POD": name,
            "TALLY_POD_NAMESPACE": shop.namespace,
            "TALLY_RUNNER_IMAGE": operator_process.IMAGE,
            "TALLY_NAMESPACES": shop.namespace,
            "KUBECONFIG": str(_kubeconfig(shop, name, folder)),
        }

    @property
    def leads(self) -> bool:
        """Whether it holds the Lease."""
        return str(lease(self._shop).get("holderIdentity")).startswith(f"{self.name}_")

    def start(self) -> None:
        """Start it; it may take a while until it answers."""
        self._port = free_port()
        environment = {**os.environ, **self.settings, "TALLY_PORT": str(self._port)}
        with self.log.open("ab") as log:
            command = [sys.executable, "-W", "error", "-m", "tally_operator"]
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def probe(self, path: str) -> tuple[int, str]:
        """Ask it by HTTP; give the status and the text, 0 while nobody answers."""
        assert self._process is not None
        assert self._process.poll() is None, f"{self.name} has ended: {self.log.read_text()}"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def send(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        os.kill(self._process.pid, number)

    def wait(self) -> int:
        """Wait for its end; give the exit code."""
        assert self._process is not None
        code = self._process.wait(operator_process.STOP_SECONDS)
        self._process = None
        return code

    def end(self) -> int:
        """Ask it to end, as a node does; give the exit code."""
        self.send(signal.SIGTERM)
        return self.wait()

    def requests(self) -> list[tuple[datetime, str, str]]:
        """Read from the audit log when it asked, with which verb and for what, oldest first."""
        found = []
        for line in self._shop.kubectl.cluster.audit_log.read_text().splitlines():
            entry = json.loads(line)
            if entry["user"]["username"] == self.user and entry["stage"] != "ResponseStarted":
                at = datetime.fromisoformat(entry["requestReceivedTimestamp"])
                found.append((at, str(entry["verb"]), str(entry["requestURI"])))
        return sorted(found)

    def writes(self) -> list[tuple[datetime, str]]:
        """Give those that were writes."""
        return [(at, uri) for at, verb, uri in self.requests() if verb in WRITES]


@contextmanager
def candidates(shop: Shop, *names: str) -> Iterator[list[Candidate]]:
    """Make operators that are not started yet; those that run in the end are killed."""
    with TemporaryDirectory() as folder:
        found = [Candidate(shop, name, Path(folder)) for name in names]
        try:
            yield found
        except BaseException:
            for each in found:
                print(f"--- {each.name}\n{each.log.read_text() if each.log.exists() else ''}")
            raise
        finally:
            for each in found:
                each.kill()


def lease(shop: Shop) -> dict[str, Any]:
    """Read the Lease's spec; empty where there is none."""
    found = shop.server.get(f"/apis/coordination.k8s.io/v1/namespaces/{shop.namespace}/leases/tally")
    spec: dict[str, Any] = (found or {}).get("spec", {})
    return spec


def _kubeconfig(shop: Shop, name: str, folder: Path) -> Path:
    """Make a service account that may do everything, and write a kubeconfig for it."""
    server, cluster = shop.server, shop.kubectl.cluster
    accounts = f"/api/v1/namespaces/{shop.namespace}/serviceaccounts"
    server.create(accounts, {"metadata": {"name": name}})
    server.create(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        {
            "metadata": {"name": f"{shop.namespace}-{name}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": shop.namespace}],
        },
    )
    token = server.create(f"{accounts}/{name}/token", {"spec": {"expirationSeconds": 3600}})["status"]["token"]
    authority = b64encode((cluster.certificates / "ca.crt").read_bytes()).decode()
    config = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": name}}],
        "clusters": [{"name": "here", "cluster": {"server": cluster.server, "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": {"token": token}}],
    }
    path = folder / f"{name}.kubeconfig"
    path.write_text(json.dumps(config))
    return path
