"""A control plane of its own, with the chart's CRD and fence: etcd, API server, controller manager, no kubelet."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tally_cluster import demo, lifecycle, toolchain
from tally_cluster.settings import Cluster

from tests.e2e.kube import Kubectl
from tests.integration.apiserver import ApiServer
from tests.integration.operator_process import Operator
from tests.integration.pods import PodEnder
from tests.integration.scenes import Scene, Stage, scene_of
from tests.integration.shop import Shop

NAME = "integration"
PORT_BASE = 26600  # no other suite's: two that come up at once might find the same free one
UNFENCED = "test.tally.dev/unfenced"  # a namespace with this label is like a cluster without the policy


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Cluster]:
    """A fresh control plane with the chart's CRD and policy; it goes when the tests are done."""
    with lifecycle.fresh(Cluster(NAME, PORT_BASE, control_plane=True)) as cluster:
        _install(cluster)
        yield cluster


@pytest.fixture(scope="session")
def server(control_plane: Cluster) -> ApiServer:
    """The API server, for an administrator."""
    return ApiServer(control_plane)


@pytest.fixture(scope="session")
def kubectl(control_plane: Cluster) -> Kubectl:
    """kubectl in the namespace `default`, which no operator watches."""
    return Kubectl(control_plane, "default")


@pytest.fixture(scope="session")
def stage(
    request: pytest.FixtureRequest,
    control_plane: Cluster,
    server: ApiServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """All scenes that were collected, each begun in a thread and a namespace of its own."""
    found = [scene_of(item.function) for item in request.session.items if isinstance(item, pytest.Function)]
    scenes = [scene for scene in found if scene is not None]
    logs = tmp_path_factory.mktemp("operators")
    for scene in scenes:
        labels = {UNFENCED: ""} if "without-the-policy" in scene.name else {}
        server.create("/api/v1/namespaces", {"metadata": {"name": scene.name, "labels": labels}})
    shared = Operator(control_plane, [scene.name for scene in scenes if not scene.own_operator], logs / "shared.log")
    pods, stage = PodEnder(server), Stage()
    pods.start()
    try:
        if any(not scene.own_operator for scene in scenes):
            shared.start()
        with ThreadPoolExecutor(max(1, len(scenes))) as pool:
            for scene in scenes:
                shop = Shop(server, Kubectl(control_plane, scene.name))
                stage.results[scene.name] = pool.submit(_play, scene, shop, shared, logs)
            yield stage
    finally:
        shared.stop()
        pods.stop()


def _play(scene: Scene, shop: Shop, shared: Operator, logs: Path) -> None:
    if not scene.own_operator:
        scene.play(shop, shared)
        return
    own = Operator(shop.kubectl.cluster, [scene.name], logs / f"{scene.name}.log")
    if scene.started:
        own.start()
    try:
        scene.play(shop, own)
    finally:
        own.stop()


def _install(cluster: Cluster) -> None:
    """Install what the API server needs from the chart, as a person without helm would."""
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    templates = ["templates/crd.yaml", "templates/fence.yaml"]
    shown = [argument for each in templates for argument in ("--show-only", each)]
    command = [str(toolchain.tool("helm")), "template", "tally", str(demo.CHART), *shown]
    manifests = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    kubectl = Kubectl(cluster, "default")
    kubectl.run("apply", "--server-side", "--filename=-", stdin=manifests)
    kubectl.run("wait", "--for=condition=Established", "crd/scheduledjobs.tally.dev", "--timeout=30s")
    elsewhere = {"matchExpressions": [{"key": UNFENCED, "operator": "DoesNotExist"}]}
    ApiServer(cluster).merge(
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/fence.tally.dev",
        {"spec": {"matchResources": {"namespaceSelector": elsewhere}}},
    )
