"""What several suites share: the real node."""

import signal
from pathlib import Path

import pytest
from tally_cluster import demo, images, lifecycle, settings
from tally_cluster.settings import Cluster

JOBS_IMAGE = "tally.local/e2e-jobs:test"
JOBS = Path(__file__).parent / "e2e" / "jobs"

# A shell's background job ignores Ctrl-C, and would hand that down to the programs that tests stop by it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def node() -> Cluster:
    """The local cluster with the chart on it; it stays for the next run, as it is slow to make."""
    cluster = settings.load(settings.DEFAULT_NAME) or Cluster()
    lifecycle.up(cluster)
    changed = images.ensure(cluster)
    locked = images.REPOSITORY / "requirements" / "dev.txt"
    dockerfile = JOBS / "Dockerfile"
    images.load(cluster, dockerfile=dockerfile, tag=JOBS_IMAGE, context=JOBS, base=images.RUNNER, requirements=locked)
    demo.install(cluster, restart=bool(changed))
    return cluster
