"""A real browser at the page of `kubectl tally ui`, over an API server of its own."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from tally.kubectl import cluster as connecting
from tally.kubectl.cluster import Cluster
from tally.kubectl.resources import SCHEDULED_JOBS, Resource
from tally_cluster import demo, lifecycle, toolchain
from tally_cluster.settings import Cluster as ControlPlane

from tests.browser.sample import Json
from tests.e2e.kube import Kubectl

NAME = "browser"
PORT_BASE = 26900  # no other suite's: two that come up at once might find the same free one
PATIENCE_MILLISECONDS = 20_000.0
_END_SECONDS = 60


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


@dataclass(frozen=True)
class Visitor:
    """A browser that has entered.

    Args:
        context: With the cookie.
        origin: Of the page.
        wrong: What the browser complained about.
        asked: The addresses that it asked.
    """

    context: BrowserContext
    origin: str
    wrong: list[str]
    asked: list[str]

    async def open(self, path: str = "/") -> Page:
        """Open a tab."""
        page = await self.context.new_page()
        page.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        await page.goto(f"{self.origin}{path}")
        return page


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


@contextmanager
def serving(kubeconfig: Path, *arguments: str) -> Iterator[str]:
    """Run the command; gives the address that it prints."""
    command = [sys.executable, "-m", "tally.kubectl.main", "ui", "--kubeconfig", str(kubeconfig), *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)  # Ctrl-C
        process.communicate(timeout=_END_SECONDS)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a screen."""
    if shutil.which("chromium") is None:
        toolchain.apt_install({"chromium"})
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    async with async_playwright() as playwright:
        # Its sandbox wants more of the kernel than a container gives; it only ever sees our own pages.
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


@pytest.fixture
async def visitor(chromium: Browser, address: str) -> AsyncIterator[Visitor]:
    """Somebody who has opened the address; at the end nothing went wrong, and nothing came from elsewhere."""
    async for each in visiting(chromium, address):
        yield each


async def visiting(chromium: Browser, address: str, **options: object) -> AsyncIterator[Visitor]:
    """Enter; options as of `Browser.new_context`."""
    context = await chromium.new_context(viewport={"width": 1280, "height": 900}, **options)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    origin = address.split("/?")[0]
    visitor = Visitor(context, origin, [], [])
    page = await context.new_page()
    await page.goto(address)
    assert page.url == f"{origin}/"
    await page.close()
    yield visitor
    await context.close()
    assert visitor.wrong == []
    assert {url.split("/", 3)[2] for url in visitor.asked} <= {origin.removeprefix("http://")}
