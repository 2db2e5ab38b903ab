"""What is told: conditions, columns, and nothing at all when nothing has changed."""

import time

from tests.integration.operator_process import Operator
from tests.integration.pods import ends
from tests.integration.scenes import scene, scene_with_operator
from tests.integration.shop import FAR, Shop, wait_for_second

REFUSED = {"spec": {"containers": [{"name": "job", "imagePullPolicy": "Sometimes"}]}}


@scene
def test_a_template_that_the_api_server_refuses(shop: Shop) -> None:
    shop.apply("spoilt", schedule=FAR, template=REFUSED)
    told = shop.wait_for_reason("spoilt", "InvalidTemplate")
    assert told["status"] == "False"
    assert 'Unsupported value: "Sometimes"' in told["message"]
    assert shop.condition("spoilt", "Stalled")["status"] == "True"
    assert shop.cronjob("spoilt") is None
    shop.apply("spoilt", schedule=FAR, template={})
    shop.wait_for_reason("spoilt", "Scheduled")
    assert shop.condition("spoilt", "Stalled")["status"] == "False"
    good = (shop.cronjob("spoilt") or {})["spec"]
    shop.apply("spoilt", schedule="0 0 2 1 *", template=REFUSED)
    shop.wait_for_reason("spoilt", "InvalidTemplate")
    kept = shop.cronjob("spoilt") or {}
    assert kept["spec"] == good, "the last good one stays"
    assert "lastScheduleTime" not in kept.get("status", {}), "and no scheduled time is forgotten for the refused one"
    assert shop.status("spoilt")["cronJob"] == "spoilt"


@scene
def test_a_template_that_is_no_pod_template(shop: Shop) -> None:
    mistakes: dict[str, tuple[dict[str, object], str]] = {
        "unknown": ({"imagePulPolicy": "Always"}, "imagePulPolicy: field not declared in schema"),
        "type": ({"imagePullPolicy": 5}, "imagePullPolicy: expected string"),
        "quantity": ({"resources": {"limits": {"cpu": "many"}}}, "quantities must match"),
        "twice": ({"ports": [{"containerPort": 80}, {"containerPort": 80}]}, "duplicate entries for key"),
    }
    for name, (field, _) in mistakes.items():
        shop.apply(name, schedule=FAR, template={"spec": {"containers": [{"name": "job", **field}]}})
    for name, (_, says) in mistakes.items():
        assert says in shop.wait_for_reason(name, "InvalidTemplate")["message"]
        assert shop.cronjob(name) is None


@scene
def test_what_the_api_servers_patterns_cannot_see(shop: Shop) -> None:
    shop.apply("never", schedule="0 0 31 2 *")
    shop.apply("backwards", schedule="0 22-3 * * *")
    shop.apply("nowhere", schedule=FAR, timeZone="Mars/Base")
    shop.apply("local", schedule=FAR, timeZone="localtime")
    shop.apply("hasty", schedule="@every 30s")
    for name, reason in {
        "never": "NeverFires",
        "backwards": "InvalidSchedule",
        "nowhere": "UnknownTimeZone",
        "local": "UnknownTimeZone",
        "hasty": "InvalidSchedule",
    }.items():
        told = shop.wait_for_reason(name, reason)
        shop.wait_for_note(reason, told["message"])
        assert shop.status(name)["phase"] == "Invalid"
        assert shop.cronjob(name) is None


@scene
def test_conditions_name_the_generation_that_they_are_about(shop: Shop) -> None:
    shop.apply("renewed", schedule=FAR)
    shop.wait_for_reason("renewed", "Scheduled")
    shop.edit("renewed", retries=2)
    shop.wait_for_reason("renewed", "Scheduled")
    found = shop.scheduled_job("renewed")
    assert found["metadata"]["generation"] == 2
    assert found["status"]["observedGeneration"] == 2
    assert [each["observedGeneration"] for each in found["status"]["conditions"]] == [2, 2, 2]
    assert [each["type"] for each in found["status"]["conditions"]] == ["Ready", "Stalled", "Complete"]
    assert shop.kubectl.run("wait", "--for=condition=Ready", "sj/renewed", "--timeout=5s").strip().endswith("met")
    assert (shop.cronjob("renewed") or {})["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 2


@scene
def test_a_person_sees_it_in_one_line(shop: Shop) -> None:
    shop.apply("seen", numberOfExecutions=2, timeZone="Asia/Tokyo", image="shop/jobs:1", template=ends("well"))
    shop.wait_for_reason("seen", "Scheduled")
    shop.wait_for_executions("seen", 1, 100)
    time.sleep(8)  # its pod ends
    wait_for_second(8, 55)
    columns = ["NAME", "SCHEDULE", "EXECUTIONS", "LAST", "OUTCOME", "NEXT", "PHASE", "AGE"]
    header, row = shop.kubectl.run("get", "sj", "seen").splitlines()
    assert header.split() == columns
    status = shop.status("seen")
    starts = {name: header.index(name) for name in columns}
    cells = {
        name: row[starts[name] : starts.get(following, len(row))].strip()
        for name, following in zip(columns, [*columns[1:], ""], strict=True)
    }
    assert cells["SCHEDULE"] == "* * * * *"
    assert cells["EXECUTIONS"] == "1/2"
    assert cells["LAST"].endswith("s")
    assert cells["OUTCOME"] == "succeeded"
    assert cells["NEXT"] == status["nextScheduleTime"]
    assert cells["PHASE"] == "Scheduled"
    header, row = shop.kubectl.run("get", "scheduledjobs", "-o", "wide").splitlines()
    assert header.split() == [*columns, "ZONE", "IMAGE", "MESSAGE"]
    assert row.rstrip().endswith("The CronJob is as it should be.")
    assert "Asia/Tokyo   shop/jobs:1" in row
    assert status["lastExecution"]["result"] == {"processed": 4}


@scene_with_operator
def test_an_operator_that_starts_writes_nothing_when_all_is_in_order(shop: Shop, operator: Operator) -> None:
    shop.apply("waiting", schedule=FAR, numberOfExecutions=3)
    shop.apply("interval", schedule="@every 24h", numberOfExecutions=3)
    shop.apply("resting", suspend=True)
    shop.apply("wrong", schedule="0 0 31 2 *")
    shop.apply("adorned", schedule=FAR, template={"spec": {"containers": [_with_quantities()]}})
    shop.apply("complete", numberOfExecutions=1, template=ends("well"))
    shop.wait_until_complete("complete", 100)
    time.sleep(3)
    before = _versions(shop)
    assert len(before) == 6 + 4 + 1, "ScheduledJobs, CronJobs, a Job"
    operator.stop()
    operator.start()
    time.sleep(15)
    assert _versions(shop) == before
    shop.edit("waiting", numberOfExecutions=2)  # it does live
    shop.wait_for_reason("waiting", "Scheduled")
    after = _versions(shop)
    assert {key for key in before if before[key] != after[key]} == {
        ("scheduledjobs", "waiting"),
        ("cronjobs", "waiting"),
    }


def _with_quantities() -> dict[str, object]:
    """A container whose fields the API server writes in its own way."""
    return {
        "name": "job",
        "resources": {"limits": {"cpu": "0.5", "memory": "0.5Gi"}, "requests": {"cpu": 0.25}},
        "ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}],
        "env": [{"name": "EMPTY", "value": ""}],
        "livenessProbe": {"exec": {"command": ["true"]}},
    }


def _versions(shop: Shop) -> dict[tuple[str, str], str]:
    return {
        (kind, each["metadata"]["name"]): each["metadata"]["resourceVersion"]
        for kind in ("scheduledjobs", "cronjobs", "jobs")
        for each in shop.server.items(shop.path(kind))
    }
