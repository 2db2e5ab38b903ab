"""The pods' network on this machine: one bridge, and one rule that leads the `kubernetes` service to the API server."""

import subprocess
from pathlib import Path

from tally_cluster.progress import run
from tally_cluster.settings import Cluster


def ensure(cluster: Cluster) -> None:
    """Makes the bridge and the rule, or finds them made."""
    log = cluster.logs / "network.log"
    if not _bridge(cluster).exists():
        run(["ip", "link", "add", cluster.bridge, "type", "bridge"], log)
    run(["ip", "address", "replace", f"{cluster.address}/24", "dev", cluster.bridge], log)
    run(["ip", "link", "set", cluster.bridge, "up"], log)
    if not _rule(cluster, "--check"):
        run(["iptables", "--wait", *_rule_words(cluster, "--append")], log)


def remove(cluster: Cluster) -> None:
    """Removes the rule and the bridge; the pods' ends went with their network namespaces."""
    while _rule(cluster, "--check"):
        _rule(cluster, "--delete")
    if _bridge(cluster).exists():
        run(["ip", "link", "delete", cluster.bridge], cluster.logs / "network.log")


def leftovers(cluster: Cluster) -> list[str]:
    """What of the network is still there, for a person."""
    found = [f"bridge {cluster.bridge}"] if _bridge(cluster).exists() else []
    return found + ([f"iptables rule for {cluster.service_network}.1"] if _rule(cluster, "--check") else [])


def _bridge(cluster: Cluster) -> Path:
    return Path("/sys/class/net") / cluster.bridge


def _rule(cluster: Cluster, action: str) -> bool:
    command = ["iptables", "--wait", *_rule_words(cluster, action)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _rule_words(cluster: Cluster, action: str) -> list[str]:
    """A rule of our own instead of kube-proxy, whose tables two clusters on one machine would fight over."""
    words = f"-t nat {action} PREROUTING -d {cluster.service_network}.1/32 -p tcp --dport 443 -j DNAT"
    return [*words.split(), "--to-destination", f"{cluster.address}:{cluster.apiserver_port}"]
