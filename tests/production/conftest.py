"""A node of its own for what an administrator does with the chart, as it begins with an empty cluster."""

import tarfile
from collections.abc import Iterator

import pytest
from tally_cluster import images, lifecycle
from tally_cluster.settings import Cluster

from tests.e2e.kube import Kubectl
from tests.production import story
from tests.production.helm import OLD_CHART, OLD_OPERATOR
from tests.production.story import Story

NAME = "production"
PORT_BASE = 26700  # no other suite's: two that come up at once might find the same free one


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A fresh node with the images of both releases; it goes when the tests are done."""
    sources = tmp_path_factory.mktemp("previous")
    with tarfile.open(OLD_CHART.with_suffix(".tar.xz")) as archive:
        archive.extractall(sources, filter="data")
    (old,) = sources.iterdir()
    with lifecycle.fresh(Cluster(NAME, PORT_BASE)) as cluster:
        images.ensure(cluster)
        images.load(
            cluster,
            dockerfile=old / "operator" / "Dockerfile",
            tag=OLD_OPERATOR,
            context=old,
            requirements=old / "requirements" / "operator.txt",
        )
        yield cluster


@pytest.fixture(scope="session")
def told(production: Cluster) -> Story:
    """All that happens, once; where it goes wrong, what the operators have said."""
    try:
        return story.play(production)
    except AssertionError:
        for namespace in (story.SYSTEM, story.STOCK):
            kubectl = Kubectl(production, namespace)
            print(kubectl.ask("get", "pods", "--all-namespaces", "--output=wide").out)
            print(kubectl.ask("logs", "--selector=app.kubernetes.io/name=tally", "--prefix", "--tail=50").out)
        raise
