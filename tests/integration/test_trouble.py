"""An API server in trouble, a clock that is wrong, a quota, an end of the namespace: it recovers by itself."""

import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tally_cluster import toolchain

from tests.e2e.waiting import eventually
from tests.integration.faulty_server import Faults, faulty_server
from tests.integration.operator_process import Operator
from tests.integration.pods import ends
from tests.integration.scenes import scene, scene_with_operator
from tests.integration.shop import FAR, Shop

RECOVERY_SECONDS = 60.0
MINUTES_TO_RUN_TWICE = 200.0


@scene_with_operator
def test_a_server_that_refuses_every_third_request_and_loses_answers(shop: Shop, operator: Operator) -> None:
    faults = Faults(refusals=(409, 410, 429, 500), lost_answers=True, watch_seconds=10)
    _runs_exactly(shop, operator, faults, {"one": 1, "two": 2, "other": 2})
    assert set(faults.made) >= {"409", "410", "429", "500"}


@scene_with_operator
def test_watches_that_are_cut_every_few_seconds(shop: Shop, operator: Operator) -> None:
    faults = Faults(watch_seconds=3)
    _runs_exactly(shop, operator, faults, {"one": 1, "two": 2})
    assert faults.made["cut"] > 30


@scene_with_operator
def test_a_clock_that_is_ten_minutes_fast(shop: Shop, operator: Operator) -> None:
    _runs_with_clock(shop, operator, "+10m")


@scene_with_operator
def test_a_clock_that_is_ten_minutes_slow(shop: Shop, operator: Operator) -> None:
    _runs_with_clock(shop, operator, "-10m")


@scene
def test_a_namespace_at_its_quota(shop: Shop) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "full", "namespace": shop.namespace},
        "spec": {"hard": {"count/cronjobs.batch": "0", "count/jobs.batch": "0"}},
    }
    path = f"/api/v1/namespaces/{shop.namespace}/resourcequotas"
    shop.server.create(path, quota)
    eventually(lambda: (shop.server.get(f"{path}/full") or {}).get("status"), 30, "the quota is in force")
    shop.apply("crowded", numberOfExecutions=1, template=ends("well"))
    told = shop.wait_for_reason("crowded", "ApplyFailed", 30)
    assert "exceeded quota: full" in told["message"]
    shop.server.merge(f"{path}/full", {"spec": {"hard": {"count/cronjobs.batch": "1"}}})
    shop.wait_for_reason("crowded", "Scheduled", RECOVERY_SECONDS)
    # The CronJob controller is refused its Job: that scheduled time is missed or late, and counts only as a Job.
    firing = shop.status("crowded")["nextScheduleTime"]
    eventually(lambda: shop.status("crowded").get("nextScheduleTime") != firing, 90, "a scheduled time passes")
    assert shop.status("crowded")["executions"] == 0
    shop.server.delete(f"{path}/full")
    status = shop.wait_until_complete("crowded", MINUTES_TO_RUN_TWICE)
    assert (status["executions"], len(shop.jobs("crowded"))) == (1, 1)


@scene
def test_a_namespace_that_is_being_deleted(shop: Shop) -> None:
    shop.apply("leaving", schedule=FAR)
    shop.wait_for_reason("leaving", "Scheduled")
    shop.server.create(
        f"/api/v1/namespaces/{shop.namespace}/configmaps",
        {"metadata": {"name": "holds", "finalizers": ["test.tally.dev/holds"]}},
    )
    shop.server.delete(f"/api/v1/namespaces/{shop.namespace}")
    gone = f"/api/v1/namespaces/{shop.namespace}/configmaps/holds"
    eventually(lambda: shop.scheduled_job("leaving") == {}, RECOVERY_SECONDS, "no finalizer of ours holds it")
    eventually(lambda: shop.cronjob("leaving") is None, RECOVERY_SECONDS, "its CronJob goes, and does not come back")
    time.sleep(3)
    assert shop.cronjob("leaving") is None
    shop.server.merge(gone, {"metadata": {"finalizers": None}})


def _runs_exactly(shop: Shop, operator: Operator, faults: Faults, limits: dict[str, int]) -> None:
    operator.stop()
    with TemporaryDirectory() as folder:
        kubeconfig = Path(folder) / "kubeconfig"
        with faulty_server(shop.kubectl.cluster, faults, kubeconfig):
            operator.settings["KUBECONFIG"] = str(kubeconfig)
            operator.start()
            for name, limit in limits.items():
                shop.apply(name, numberOfExecutions=limit, template=ends("well"))
            for name, limit in limits.items():
                status = shop.wait_until_complete(name, 60 * (limit + 2))
                assert (status["executions"], len(set(shop.slots(name)))) == (limit, limit)
                assert len(shop.jobs(name)) == limit
            eventually(
                lambda: not any(shop.cronjob(name) for name in limits), RECOVERY_SECONDS, "the CronJobs are deleted"
            )
            operator.stop()


def _runs_with_clock(shop: Shop, operator: Operator, shift: str) -> None:
    operator.stop()
    operator.wrapper = [_faketime(), "-f", shift]
    operator.settings["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
    with TemporaryDirectory() as folder:
        # Its own certificate would not be valid yet; that is no matter of ours.
        kubeconfig = Path(folder) / "kubeconfig"
        with faulty_server(shop.kubectl.cluster, Faults(), kubeconfig):
            operator.settings["KUBECONFIG"] = str(kubeconfig)
            operator.start()
            shop.apply("punctual", numberOfExecutions=2, template=ends("well"))
            status = shop.wait_until_complete("punctual", MINUTES_TO_RUN_TWICE)
            assert (status["tally"], status["missed"]) == ("2/2", 0)
            assert len(shop.jobs("punctual")) == 2
            operator.stop()


def _faketime() -> str:
    toolchain.apt_install([] if shutil.which("faketime") else ["faketime"])
    return shutil.which("faketime") or "faketime"
