"""One window of minutes in which all ScheduledJobs of the suite run together."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from tally_cluster import images
from tally_cluster.settings import Cluster

from tests.conftest import JOBS_IMAGE
from tests.e2e.kube import Json, Kubectl, job_module, scheduled_job
from tests.e2e.shop import JOBS, Shop, open_shop, variables_from


@pytest.fixture(scope="session")
def kubectl(node: Cluster) -> Iterator[Kubectl]:
    """kubectl in a namespace of this run alone, where only restricted pods are let in."""
    with _namespace(node, "e2e") as kubectl:
        yield kubectl


@pytest.fixture(scope="session")
def newcomer(node: Cluster) -> Iterator[Kubectl]:
    """The same in another namespace, for somebody who expects an empty one."""
    with _namespace(node, "newcomer") as kubectl:
        yield kubectl


@pytest.fixture(scope="session")
def shop(node: Cluster) -> Iterator[Shop]:
    """The shop's database and mail server, where the pods of its jobs reach them."""
    with open_shop(node.address) as shop:
        yield shop


@pytest.fixture(scope="session")
def window(kubectl: Kubectl, shop: Shop) -> Kubectl:
    """All ScheduledJobs of the suite, applied together: the tests watch them through the same few minutes."""
    runs: dict[str, Json] = {
        "one": {"numberOfExecutions": 1, "template": job_module("quick"), "input": {"since": "2026-01-01"}},
        "two": {"numberOfExecutions": 2, "template": job_module("quick")},
        "three": {"numberOfExecutions": 3, "template": job_module("quick")},
        "unlimited": {"template": job_module("quick")},
        "failing": {"numberOfExecutions": 2},
        "long": {"numberOfExecutions": 2},
        "doomed": {"template": job_module("quick")},
        # Its own time must not come while the suite runs, at whatever hour that is.
        "leap-day": {"schedule": "0 0 29 2 *", "template": job_module("quick")},
    }
    for name in JOBS:
        kubectl.apply(shop.secret(name))
        runs[name] = {"numberOfExecutions": 2, "image": images.RUNNER, "template": variables_from(name)}
    kubectl.apply(*(scheduled_job(name, **{"image": JOBS_IMAGE, **spec}) for name, spec in runs.items()))
    return kubectl


@contextmanager
def _namespace(node: Cluster, prefix: str) -> Iterator[Kubectl]:
    kubectl = Kubectl(node, f"{prefix}-{uuid4().hex[:8]}")
    kubectl.run("create", "namespace", kubectl.namespace)
    kubectl.run("label", "namespace", kubectl.namespace, "pod-security.kubernetes.io/enforce=restricted")
    yield kubectl
    kubectl.run("delete", "namespace", kubectl.namespace, "--wait=false")
