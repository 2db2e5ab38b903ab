"""The real API server takes all that the chart can make, and the pods that run pass the `restricted` level."""

import json
import subprocess
from typing import Any

import pytest
import yaml
from tally_cluster import demo, images, toolchain
from tally_cluster.settings import Cluster

from tests.e2e.kube import Json, Kubectl
from tests.production.story import SHOP, STOCK, SYSTEM, Story

EVERYTHING: Json = {
    "replicas": 3,
    "imagePullSecrets": [{"name": "registry"}],
    "priorityClassName": "system-cluster-critical",
    "commonLabels": {"team": "platform"},
    "jobs": {
        "imagePullSecrets": [{"name": "registry"}],
        "resources": {"limits": {"memory": "64Mi"}},
        "podSecurityContext": {"runAsUser": 1000},
        "securityContext": {"readOnlyRootFilesystem": False},
        "nodeSelector": {"pool": "batch"},
        "tolerations": [{"key": "batch", "operator": "Exists", "effect": "NoSchedule"}],
        "failedJobsHistoryLimit": 0,
    },
    "lockdown": {"enabled": True, "images": ["a/", "b/"]},
    "networkPolicy": {"enabled": True},
    "dashboard": {"enabled": True},
}


@pytest.mark.parametrize("values", [EVERYTHING, {**EVERYTHING, "watch": {"namespaces": [SHOP, STOCK]}}])
@pytest.mark.usefixtures("told")
def test_the_api_server_takes_all_that_the_chart_can_make(production: Cluster, values: Json) -> None:
    command = [str(toolchain.tool("helm")), "template", "other", str(demo.CHART), "--skip-tests", "--values=-"]
    command.append(f"--namespace={SYSTEM}")
    made = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=True).stdout
    by_namespace: dict[str, list[Json]] = {}
    for each in filter(None, yaml.safe_load_all(made)):
        by_namespace.setdefault(each["metadata"].get("namespace", SYSTEM), []).append(each)
    assert set(by_namespace) == {SYSTEM, *values.get("watch", {}).get("namespaces", ())}
    for namespace, objects in by_namespace.items():
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        kubectl = Kubectl(production, namespace)
        kubectl.run("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--filename=-", stdin=text)


@pytest.mark.usefixtures("told")
def test_the_api_server_takes_apply_k(production: Cluster) -> None:
    kubectl, folder = Kubectl(production, SYSTEM), str(images.REPOSITORY / "deploy")
    said = kubectl.run("apply", "--kustomize", folder, "--server-side", "--force-conflicts", "--dry-run=server")
    wanted = [each for each in yaml.safe_load_all((images.REPOSITORY / "deploy" / "tally.yaml").read_text()) if each]
    assert len(said.splitlines()) == len(wanted)


@pytest.mark.parametrize("namespace", [SHOP, STOCK, SYSTEM])
@pytest.mark.usefixtures("told")
def test_pods_run_where_only_restricted_ones_are_let_in(production: Cluster, namespace: str) -> None:
    kubectl = Kubectl(production, namespace)
    labels: dict[str, Any] = (kubectl.get("namespace", namespace) or {})["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert kubectl.all("pods")
    loose: Json = {"metadata": {"name": "loose"}, "spec": {"containers": [{"name": "x", "image": "x"}]}}
    text = json.dumps({"apiVersion": "v1", "kind": "Pod", **loose})
    refused = kubectl.ask("create", "--dry-run=server", "--filename=-", stdin=text)
    assert 'violates PodSecurity "restricted' in refused.err


def test_no_pod_was_refused_by_the_level(told: Story, production: Cluster) -> None:
    for namespace in (SHOP, STOCK, SYSTEM):
        notes = [each.get("note") or each.get("message") for each in Kubectl(production, namespace).all("events")]
        assert notes
        assert [note for note in notes if "PodSecurity" in str(note)] == []
    assert told.reinstalled.operators
