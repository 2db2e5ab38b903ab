"""A real browser at the page of `kubectl tally ui`, over an API server of its own."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser
from tally.kubectl import cluster as connecting
from tally.kubectl.cluster import Cluster
from tally.kubectl.resources import SCHEDULED_JOBS, Resource
from tally_cluster import demo, lifecycle
from tally_cluster.settings import Cluster as ControlPlane

from tests.browser.sample import Json
from tests.browser.visiting import Visitor, browsing, serving, visiting
from tests.e2e.kube import Kubectl

NAME = "browser"
PORT_BASE = 26900  # no other suite's: two that come up at once might find the same free one


@dataclass(frozen=True)
class Shop:
    """A namespace, for an administrator.

    Args:
        cluster: Where it is.
        kubectl: In it.
    """

    cluster: Cluster
    kubectl: Kubectl

    @property
    def namespace(self) -> str:
        """Its name."""
        return self.kubectl.namespace

    def add(self, body: Json) -> Json:
        """Make a ScheduledJob, with its status."""
        made = self.cluster.create(SCHEDULED_JOBS, self.namespace, {**body, "status": {}})
        return self.status(body["metadata"]["name"], **body["status"]) if "status" in body else made

    def status(self, name: str, **status: object) -> Json:
        """Change a status, as the operator would."""
        return self.cluster.patch(SCHEDULED_JOBS, self.namespace, f"{name}/status", {"status": status})

    def delete(self, name: str, resource: Resource = SCHEDULED_JOBS) -> None:
        """Delete an object."""
        self.kubectl.run("delete", resource.title, name, "--wait=false")

    def spec(self, name: str) -> Json:
        """Read a spec."""
        spec: Json = self.cluster.get(SCHEDULED_JOBS, self.namespace, name)["spec"]
        return spec


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A fresh control plane with the CRD; it goes when the tests are done."""
    with lifecycle.fresh(ControlPlane(NAME, PORT_BASE, control_plane=True)) as cluster:
        kubectl = Kubectl(cluster, "default")
        kubectl.run("apply", "--server-side", f"--filename={demo.CHART / 'files' / 'crd.yaml'}")
        kubectl.run("wait", "--for=condition=Established", "crd/scheduledjobs.tally.dev", "--timeout=30s")
        yield cluster


@pytest.fixture(scope="session")
def cluster(control_plane: ControlPlane) -> Cluster:
    """The API server, for an administrator."""
    return connecting.connect(str(control_plane.kubeconfig), None, None)


@pytest.fixture
def shop(cluster: Cluster, control_plane: ControlPlane, request: pytest.FixtureRequest) -> Shop:
    """A namespace of the test's own."""
    name = request.node.name.removeprefix("test_").partition("[")[0].replace("_", "-")[:60]
    kubectl = Kubectl(control_plane, name)
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return Shop(cluster, kubectl)


@pytest.fixture(scope="session")
def address(control_plane: ControlPlane) -> Iterator[str]:
    """What `kubectl tally ui -A` printed."""
    with serving(control_plane.kubeconfig, "-A") as printed:
        yield printed


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a screen."""
    async with browsing() as browser:
        yield browser


@pytest.fixture
async def visitor(chromium: Browser, address: str) -> AsyncIterator[Visitor]:
    """Somebody who has opened the address."""
    async with visiting(chromium, address) as visitor:
        yield visitor
