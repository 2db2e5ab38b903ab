"""One window of minutes in which all ScheduledJobs of the suite run together."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from tally_cluster.settings import Cluster

from tests.conftest import JOBS_IMAGE
from tests.e2e.kube import Json, Kubectl, job_module, scheduled_job


@pytest.fixture(scope="session")
def kubectl(node: Cluster) -> Iterator[Kubectl]:
    """kubectl in a namespace of this run alone, where only restricted pods are let in."""
    shop = Kubectl(node, f"e2e-{uuid4().hex[:8]}")
    shop.run("create", "namespace", shop.namespace)
    shop.run("label", "namespace", shop.namespace, "pod-security.kubernetes.io/enforce=restricted")
    yield shop
    shop.run("delete", "namespace", shop.namespace, "--wait=false")


@pytest.fixture(scope="session")
def window(kubectl: Kubectl) -> Kubectl:
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
    kubectl.apply(*(scheduled_job(name, image=JOBS_IMAGE, **spec) for name, spec in runs.items()))
    return kubectl
