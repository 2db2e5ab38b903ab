"""What a person is told: a real Prometheus scrapes the operator, and kubectl shows its events.

The Jobs are made by hand as the CronJob controller would make them, for slots of years to come: a real one comes at the
next minute only.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from tally_cluster import demo
from tally_cluster.settings import Cluster

from tests.e2e.kube import SLOT, Kubectl
from tests.e2e.waiting import eventually
from tests.integration.apiserver import AnswerError, ApiServer
from tests.integration.operator_process import Operator
from tests.integration.pods import PodEnder, ends
from tests.integration.shop import FAR, Shop
from tests.monitoring import dashboard
from tests.monitoring.prometheus import Prometheus
from tests.ports import free_port

ALERTS = demo.CHART / "files" / "alerts.yaml"
NAMESPACE = "watched"


@dataclass
class Watched:
    """An operator that Prometheus scrapes, and what has happened under it."""

    shop: Shop
    operator: Operator
    prometheus: Prometheus

    def value(self, expression: str) -> float:
        """Ask for one value; not a number where there is none."""
        found = self.prometheus.query(expression)
        return float(found[0]["value"][1]) if found else math.nan

    def described(self, name: str) -> str:
        """Give what kubectl tells of a ScheduledJob's events, with single spaces."""
        said = self.shop.kubectl.run("describe", "sj", name)
        return re.sub(r"[ \t]+", " ", said[said.index("Events:") :])


@pytest.fixture(scope="module")
def watched(control_plane: Cluster, server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One job that has reached its limit, one that has failed three times, and a Job that was refused."""
    server.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    operator = Operator(control_plane, [NAMESPACE], folder / "operator.log")
    operator.settings["TALLY_PORT"] = str(port)
    pods = PodEnder(server)
    operator.start()
    pods.start()
    try:
        with Prometheus(folder, _targets(control_plane, port), ALERTS) as prometheus:
            them = Watched(Shop(server, Kubectl(control_plane, NAMESPACE)), operator, prometheus)
            _play(them)
            yield them
    finally:
        pods.stop()
        operator.stop()


@pytest.mark.parametrize("query", dashboard.queries())
def test_each_query_of_the_dashboard_has_data(watched: Watched, query: str) -> None:
    eventually(lambda: _has_data(watched, query), 10, f"there is data for {query}")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('tally_executions_total{outcome="succeeded"}', 1),
        ('tally_executions_total{outcome="failed"}', 3),
        ("tally_executions_started_total", 4),
        ("tally_limit_latency_seconds_count", 1),
        ("tally_limit_latency_seconds_sum < bool 10", 1),
        ('tally_execution_duration_seconds_count{outcome="failed"}', 3),
        ("tally_leader", 1),
        ('tally_scheduledjob_remaining_executions{name="limited"}', 0),
        ('tally_scheduledjob_consecutive_failures{name="failing"}', 3),
        ('tally_scheduledjob_phase{name="limited",phase="Completed"}', 1),
        ('tally_api_requests_total{verb="delete",resource="cronjobs",code="200"} >= bool 1', 1),
    ],
)
def test_what_has_happened_is_counted(watched: Watched, expression: str, expected: float) -> None:
    eventually(lambda: watched.value(expression) == expected, 10, f"{expression} is {expected}")


def test_the_limit_holds_and_the_api_server_counts_what_it_refuses(watched: Watched) -> None:
    refused = 'apiserver_validating_admission_policy_check_total{policy="fence.tally.dev",enforcement_action="deny"}'
    eventually(lambda: watched.value(f"sum({refused})") >= 1, 20, "a refused Job is counted")


def test_a_job_that_fails_again_and_again_raises_an_alert(watched: Watched) -> None:
    firing = 'ALERTS{alertname="TallyJobFailing",alertstate="firing",name="failing"}'
    eventually(lambda: watched.value(firing) == 1, 20, "the alert fires")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("limited", "Normal Scheduled {} The CronJob is as it should be."),
        ("limited", "Normal ExecutionSucceeded {} The first run has succeeded."),
        ("limited", "Normal LimitReached {} Executed 1 of 1 times; the CronJob is deleted, the Jobs stay."),
        ("failing", "Warning ExecutionFailed {} A run has failed with exit code 1: RuntimeError: no stock"),
        ("typo", "Warning InvalidSchedule {} spec.schedule"),
    ],
)
def test_kubectl_describes_what_was_told(watched: Watched, name: str, says: str) -> None:
    pattern = re.escape(says).replace(re.escape("{}"), r"[\w() ]+ tally.dev/operator")
    eventually(lambda: re.search(pattern, watched.described(name)), 10, f"kubectl describes {name}: {says}")


def test_a_repeated_event_is_one_with_a_count(watched: Watched) -> None:
    path = watched.shop.path("events")

    def failures() -> list[dict[str, Any]]:
        return [each for each in watched.shop.server.items(path) if each["reason"] == "ExecutionFailed"]

    eventually(lambda: [each["series"]["count"] for each in failures() if "series" in each] == [3], 10, "it says 3")
    assert len(failures()) == 1
    assert "(x3 over " in watched.described("failing")


def test_what_is_deleted_is_told_no_more(watched: Watched) -> None:
    series = 'count({__name__=~"tally_scheduledjob_.*",name="gone"})'
    eventually(lambda: watched.value(series) >= 4, 20, "there are series")
    watched.shop.server.delete(watched.shop.path("scheduledjobs", "gone"))
    eventually(lambda: watched.prometheus.query(series) == [], 20, "there are none")


def test_after_a_restart_nothing_is_counted_again(watched: Watched) -> None:
    watched.operator.stop()
    eventually(
        lambda: watched.value('ALERTS{alertname="TallyOperatorDown"}') == 1,
        20,
        "without an operator an alert is raised",
    )
    watched.operator.start()
    of_failing = 'tally_scheduledjob_consecutive_failures{name="failing"}'
    eventually(lambda: watched.value(of_failing) == 3, 20, "the new one has read the statuses")
    assert watched.value("sum(tally_executions_started_total)") == 0
    assert watched.value("sum(tally_executions_total)") == 0


def _play(watched: Watched) -> None:
    shop = watched.shop
    wanted = {"tally": "", "apiserver": ""}
    eventually(lambda: watched.prometheus.targets() == wanted, 30, "Prometheus reaches both")
    shop.apply("limited", schedule=FAR, numberOfExecutions=1, template=ends("well"))
    shop.apply("failing", schedule=FAR, template=ends("badly"))
    shop.apply("gone", schedule=FAR, numberOfExecutions=1)
    shop.apply("typo", schedule="0 22-3 * * *")
    eventually(lambda: all(shop.cronjob(name) for name in ("limited", "failing")), 20, "there are CronJobs")
    with pytest.raises(AnswerError, match="is after the last execution that is left"):
        _start(shop, "limited", year=1)
    _start(shop, "limited", year=0)
    for year in range(3):
        _start(shop, "failing", year=year)
        eventually(lambda: shop.status("failing").get("failed", 0) > year, 30, "it has failed")  # noqa: B023 (at once)
    shop.wait_until_complete("limited", 30)


def _start(shop: Shop, name: str, year: int) -> None:
    """Make the Job of a coming new year as the CronJob controller would."""
    cronjob = shop.cronjob(name)
    assert cronjob is not None
    slot = datetime(datetime.now(UTC).year + 1 + year, 1, 1, tzinfo=UTC)
    template = cronjob["spec"]["jobTemplate"]
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": name,
        "uid": cronjob["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    metadata = {
        **template["metadata"],
        "name": f"{name}-{int(slot.timestamp()) // 60}",
        "annotations": {**template["metadata"]["annotations"], SLOT: slot.strftime("%Y-%m-%dT%H:%M:%SZ")},
        "ownerReferences": [owner],
    }
    shop.server.create(shop.path("jobs"), {"metadata": metadata, "spec": template["spec"]})


def _targets(cluster: Cluster, port: int) -> list[dict[str, Any]]:
    certificates = {
        "ca_file": str(cluster.certificates / "ca.crt"),
        "cert_file": str(cluster.certificates / "admin.crt"),
        "key_file": str(cluster.certificates / "admin.key"),
    }
    return [
        # As the chart's ServiceMonitor: the series' own namespaces stay.
        {
            "job_name": "tally",
            "honor_labels": True,
            "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": {"namespace": "tally-system"}}],
        },
        {
            "job_name": "apiserver",
            "scheme": "https",
            "tls_config": certificates,
            "static_configs": [{"targets": [f"{cluster.address}:{cluster.apiserver_port}"]}],
        },
    ]


def _has_data(watched: Watched, query: str) -> bool:
    found = watched.prometheus.query(query)
    return bool(found) and any(math.isfinite(float(each["value"][1])) for each in found)
