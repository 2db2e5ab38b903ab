"""The last of the suite, as it takes everybody's ScheduledJobs away: the CRD goes, and comes back."""

import json
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path

from tally_cluster.settings import Cluster

from tests.e2e.kube import Kubectl
from tests.e2e.waiting import eventually
from tests.integration.apiserver import ApiServer
from tests.integration.operator_process import Operator
from tests.integration.scenes import RESULT_SECONDS, Stage
from tests.integration.shop import FAR, Shop

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAME = "scheduledjobs.tally.dev"
RECOVERY_SECONDS = 60.0


def test_the_crd_is_removed_and_put_back(
    stage: Stage, server: ApiServer, control_plane: Cluster, tmp_path: Path
) -> None:
    wait(stage.results.values(), RESULT_SECONDS)
    shop = Shop(server, Kubectl(control_plane, "without-crd"))
    server.create("/api/v1/namespaces", {"metadata": {"name": shop.namespace}})
    operator = Operator(control_plane, [shop.namespace], tmp_path / "operator.log")
    operator.start()
    try:
        shop.apply("before", schedule=FAR)
        shop.wait_for_reason("before", "Scheduled")
        crd = server.get(f"{CRD}/{NAME}") or {}
        server.delete(f"{CRD}/{NAME}")
        eventually(lambda: server.get(f"{CRD}/{NAME}") is None, RECOVERY_SECONDS, "the CRD is gone")
        crd = {
            "apiVersion": crd["apiVersion"],
            "kind": crd["kind"],
            "metadata": {"name": NAME},
            "spec": crd["spec"],
        }
        shop.kubectl.run("create", "--filename=-", stdin=json.dumps(crd))
        shop.kubectl.run("wait", "--for=condition=Established", f"crd/{NAME}", "--timeout=30s")
        shop.apply("after", schedule=FAR)
        _kept_running(operator, lambda: shop.condition("after").get("reason") == "Scheduled")
        assert shop.cronjob("after") is not None
    finally:
        operator.stop()


def _kept_running(operator: Operator, found: Callable[[], bool]) -> None:
    """Wait for what must come, and start a process that has ended anew, as Kubernetes does."""

    def look() -> bool:
        if not operator.lives():
            operator.start()
        return found()

    eventually(look, RECOVERY_SECONDS, "the operator works as before")
