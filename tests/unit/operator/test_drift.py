"""What is drift, and what the API server only writes in its own way."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from tally_operator import drift, render

from tests.unit.operator.world import DEFAULTS, KEY, UID, spec, window

TEMPLATE = {
    "spec": {
        "containers": [
            {
                "name": "job",
                "resources": {"limits": {"cpu": "0.5", "memory": "1.5Gi"}, "requests": {"cpu": 1}},
                "env": [{"name": "EMPTY", "value": ""}, {"name": "SHOP", "value": "1"}],
                "ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}],
            }
        ],
        "tolerations": [{"key": "batch"}],
    }
}
DESIRED = render.cronjob(KEY, UID, spec(3, template=TEMPLATE), window("12:00:30", "12:03", "12:04"), DEFAULTS)

Edit = Callable[[dict[str, Any]], object]


def defaulted() -> dict[str, Any]:
    """Give the CronJob as the API server has it: what it fills in, and what it writes in its own way."""
    live = {name: deepcopy(DESIRED[name]) for name in ("metadata", "spec")}  # a listing leaves the kind out
    live["metadata"] |= {"uid": "cronjob-1", "generation": 2, "resourceVersion": "9", "managedFields": [{}]}
    job = live["spec"]["jobTemplate"]
    pod = job["spec"]["template"]["spec"]
    container = pod["containers"][0]
    job["metadata"]["creationTimestamp"] = None
    pod |= {"dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30}
    container |= {"terminationMessagePath": "/dev/termination-log", "imagePullPolicy": "IfNotPresent"}
    container["resources"] = {"limits": {"cpu": "500m", "memory": "1536Mi"}, "requests": {"cpu": "1"}}
    container["ports"][1]["protocol"] = "TCP"
    container["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] = "v1"
    del next(each for each in container["env"] if each["name"] == "EMPTY")["value"]
    live["status"] = {"lastScheduleTime": "2026-01-05T12:01:00Z"}
    return live


def job_spec(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["spec"]["jobTemplate"]["spec"]
    return found


def container(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = job_spec(body)["template"]["spec"]["containers"][0]
    return found


def test_what_the_api_server_fills_in_is_no_drift() -> None:
    assert not drift.has_drifted(defaulted(), DESIRED)
    assert drift.foreign_fields(defaulted(), DESIRED) == {}


@pytest.mark.parametrize(
    ("case", "edit"),
    [
        ("another schedule", lambda body: body["spec"].update(schedule="0 * * * *")),
        ("another zone", lambda body: body["spec"].update(timeZone="Asia/Tokyo")),
        ("suspended", lambda body: body["spec"].update(suspend=True)),
        ("another history limit", lambda body: body["spec"].update(failedJobsHistoryLimit=1)),
        ("no fence", lambda body: body["spec"]["jobTemplate"]["metadata"].pop("annotations")),
        ("no label", lambda body: body["spec"]["jobTemplate"]["metadata"]["labels"].pop("tally.dev/owner")),
        ("no owner", lambda body: body["metadata"].pop("ownerReferences")),
        ("another owner", lambda body: body["metadata"]["ownerReferences"][0].update(uid="other")),
        ("more retries", lambda body: job_spec(body).update(backoffLimit=6)),
        ("another image", lambda body: container(body).update(image="other")),
        ("another container", lambda body: container(body).update(name="other")),
        ("another value", lambda body: container(body)["env"][-1].update(value="2")),
        ("fewer args", lambda body: container(body)["args"].pop()),
        ("more args", lambda body: container(body)["args"].append("x")),
        ("more processor", lambda body: container(body)["resources"]["limits"].update(cpu="501m")),
        ("no capabilities dropped", lambda body: container(body)["securityContext"].pop("capabilities")),
        ("no port", lambda body: container(body)["ports"].pop(0)),
        ("another port", lambda body: container(body)["ports"][0].update(containerPort=54)),
        ("no tolerations", lambda body: job_spec(body)["template"]["spec"].pop("tolerations")),
    ],
)
def test_another_value_of_ours_is_drift(case: str, edit: Edit) -> None:
    live = defaulted()
    edit(live)
    assert drift.has_drifted(live, DESIRED), case


@pytest.mark.parametrize(
    ("case", "edit", "removal"),
    [
        (
            "runs would be lost",
            lambda body: body["spec"].update(startingDeadlineSeconds=10),
            {"spec": {"startingDeadlineSeconds": None}},
        ),
        (
            "Jobs would be lost",
            lambda body: job_spec(body).update(ttlSecondsAfterFinished=0),
            {"spec": {"jobTemplate": {"spec": {"ttlSecondsAfterFinished": None}}}},
        ),
        (
            "both, and a deadline",
            lambda body: (
                body["spec"].update(startingDeadlineSeconds=10),
                job_spec(body).update(ttlSecondsAfterFinished=0, activeDeadlineSeconds=1),
            ),
            {
                "spec": {
                    "startingDeadlineSeconds": None,
                    "jobTemplate": {"spec": {"activeDeadlineSeconds": None, "ttlSecondsAfterFinished": None}},
                }
            },
        ),
    ],
)
def test_what_others_added_where_it_decides_about_executions_is_taken_away(
    case: str, edit: Edit, removal: dict[str, Any]
) -> None:
    live = defaulted()
    edit(live)
    assert drift.has_drifted(live, DESIRED), case
    assert drift.foreign_fields(live, DESIRED) == removal


def test_what_others_added_elsewhere_stays() -> None:
    live = defaulted()
    live["metadata"]["annotations"]["team"] = "shop"
    live["spec"]["jobTemplate"]["metadata"]["annotations"]["team"] = "shop"
    job_spec(live)["template"]["spec"]["containers"].append({"name": "sidecar"})
    container(live)["env"].append({"name": "INJECTED", "value": "1"})
    assert not drift.has_drifted(live, DESIRED)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0.5", "500m", True),
        ("1", 1, True),
        ("1000m", "1", True),
        ("1.5Gi", "1536Mi", True),
        ("1024Ki", "1Mi", True),
        ("1k", "1000", True),
        ("1e3", "1k", True),
        ("1E3", "1000", True),
        ("1E", "1000P", True),
        ("100u", "0.1m", True),
        ("+1", "1", True),
        (".5", "0.5", True),
        ("1M", "1Mi", False),
        ("1", "1m", False),
        ("0", "", False),
        ("one", "1", False),
        ("1", True, False),
    ],
)
def test_a_quantity_is_compared_by_what_it_is(one: object, other: object, same: bool) -> None:
    live, desired = defaulted(), deepcopy(DESIRED)
    container(live)["resources"] = {"limits": {"cpu": one}}
    container(desired)["resources"] = {"limits": {"cpu": other}}
    assert drift.has_drifted(live, desired) is not same


def test_a_version_in_an_image_or_argument_is_no_quantity() -> None:
    live, desired = defaulted(), deepcopy(DESIRED)
    container(live)["args"] = ["run", "1.0"]
    container(desired)["args"] = ["run", "1.00"]
    assert drift.has_drifted(live, desired)
