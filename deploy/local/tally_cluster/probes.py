"""Asks the components whether they are ready, over the ports that they serve; no answer is a no."""

import http.client
import json
import socket
import ssl
from contextlib import suppress
from pathlib import Path

from tally_cluster.processes import Process
from tally_cluster.settings import Cluster

TIMEOUT_SECONDS = 5.0
_LISTEN = "0A"  # a socket's state, as the kernel writes it


def etcd(cluster: Cluster) -> bool:
    """Whether etcd has a leader and takes writes."""
    return _get(http.client.HTTPConnection("127.0.0.1", cluster.etcd_port, timeout=TIMEOUT_SECONDS), "/health")


def apiserver(cluster: Cluster) -> bool:
    """Whether the API server has run its start-up hooks and reaches etcd."""
    return _get(_api(cluster), "/readyz")


def controller_manager(cluster: Cluster) -> bool:
    """Whether the controller manager lives and pods can be made: they need their namespace's service account."""
    path = "/api/v1/namespaces/default/serviceaccounts/default"
    return _get(_unverified(cluster.controller_manager_port), "/healthz") and _get(_api(cluster), path)


def scheduler(cluster: Cluster) -> bool:
    """Whether the scheduler lives."""
    return _get(_unverified(cluster.scheduler_port), "/healthz")


def containerd(cluster: Cluster) -> bool:
    """Whether containerd takes connections, and its CRI plugin requests: a kubelet that asks it before gives up.

    It has read what it knows of its containers by then, and has begun to serve streams, on a port of its choice.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        if connection.connect_ex(str(cluster.containerd_socket)):
            return False
    pid = Process("containerd", cluster.folder).pid()
    return pid is not None and has_port(pid)


def kubelet(cluster: Cluster) -> bool:
    """Whether the kubelet lives and the scheduler may use its node."""
    health = http.client.HTTPConnection("127.0.0.1", cluster.kubelet_health_port, timeout=TIMEOUT_SECONDS)
    return _get(health, "/healthz") and node_ready(_read(_api(cluster), f"/api/v1/nodes/{cluster.node}"))


def node_ready(body: bytes | None) -> bool:
    """Whether a node, as the API server answers it, is ready and without a taint that keeps pods away."""
    if body is None:
        return False
    node = json.loads(body)
    conditions = {condition["type"]: condition["status"] for condition in node.get("status", {}).get("conditions", ())}
    return conditions.get("Ready") == "True" and not node["spec"].get("taints")


def has_port(pid: int) -> bool:
    """Whether a process listens on a TCP port."""
    opened = set()
    with suppress(FileNotFoundError):  # it has ended
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                opened.add(str(each.readlink()))
    sockets = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(fields[3] == _LISTEN and f"socket:[{fields[9]}]" in opened for fields in sockets)


def _api(cluster: Cluster) -> http.client.HTTPSConnection:
    folder = cluster.certificates
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / "admin.crt", folder / "admin.key")
    return http.client.HTTPSConnection(
        cluster.address, cluster.apiserver_port, timeout=TIMEOUT_SECONDS, context=context
    )


def _unverified(port: int) -> http.client.HTTPSConnection:
    """A connection to a component on the loopback that made its certificate for itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS, context=context)


def _get(connection: http.client.HTTPConnection, path: str) -> bool:
    return _read(connection, path) is not None


def _read(connection: http.client.HTTPConnection, path: str) -> bytes | None:
    """The body of an answer 200, else None."""
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body if response.status == http.HTTPStatus.OK else None
