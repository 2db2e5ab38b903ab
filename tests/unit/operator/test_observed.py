"""What is read from the API server's JSON, and what is not taken for more than it is."""

from typing import Any

import pytest
from tally_operator import instants, observed

from tests.unit.operator.world import at, maybe_at, window

SLOT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
NAME = f"sync-{int(at('12:01').timestamp()) // 60}"


def job(name: str = NAME, annotations: dict[str, str] | None = None, status: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 (JSON)
    metadata = {"name": name, "uid": "u", "creationTimestamp": "2026-01-05T12:01:01Z"}
    labels = {"tally.dev/name": "sync"}
    return {"metadata": {**metadata, "labels": labels, "annotations": annotations}, "status": status}


@pytest.mark.parametrize(
    ("case", "name", "annotations", "slot"),
    [
        ("as the controller makes it", NAME, {SLOT: "2026-01-05T12:01:00Z"}, "12:01"),
        ("in the CronJob's zone", NAME, {SLOT: "2026-01-05T13:01:00+01:00"}, "12:01"),
        ("a manual run", "by-hand", None, None),
        ("a manual run with a slot of its own", "by-hand", {SLOT: "2026-01-05T12:01:00Z"}, None),
        ("a slot that is not the name's", NAME, {SLOT: "2026-01-05T12:02:00Z"}, None),
        ("no time", NAME, {SLOT: "noon"}, None),
        ("a time without an offset", NAME, {SLOT: "2026-01-05T12:01:00"}, None),
    ],
)
def test_only_a_job_that_the_controller_has_made_has_a_slot(
    case: str, name: str, annotations: dict[str, str] | None, slot: str | None
) -> None:
    assert observed.job(job(name, annotations)).slot == maybe_at(slot), case


def condition(type_: str, status: str = "True", **more: str) -> dict[str, str]:
    return {"type": type_, "status": status, "lastTransitionTime": "2026-01-05T12:01:30Z", **more}


@pytest.mark.parametrize(
    ("status", "outcome", "completed", "message"),
    [
        (None, "running", None, ""),
        ({"active": 1}, "running", None, ""),
        ({"conditions": [condition("SuccessCriteriaMet")]}, "running", None, ""),
        ({"conditions": [condition("Complete", "False")]}, "running", None, ""),
        (
            {"conditions": [condition("Complete")], "completionTime": "2026-01-05T12:01:20Z"},
            *("succeeded", "12:01:20", ""),
        ),
        ({"conditions": [condition("Complete")]}, "succeeded", "12:01:30", ""),
        (
            {
                "conditions": [
                    condition("Suspended", "False"),
                    condition("Failed", reason="DeadlineExceeded", message="x"),
                ]
            },
            *("failed", "12:01:30", "DeadlineExceeded: x"),
        ),
        ({"conditions": [condition("Failed")]}, "failed", "12:01:30", ""),
    ],
)
def test_how_a_job_stands(status: dict[str, Any] | None, outcome: str, completed: str | None, message: str) -> None:
    found = observed.job(job(status=status))
    assert (found.outcome, found.completed, found.message) == (outcome, maybe_at(completed), message)


@pytest.mark.parametrize(
    ("annotations", "found"),
    [
        ({}, None),
        ({"tally.dev/not-after": "2026-01-05T12:03:00Z"}, None),
        ({"tally.dev/after": "2026-01-05T12:00:30Z"}, window("12:00:30")),
        (
            {"tally.dev/after": "2026-01-05T12:00:30Z", "tally.dev/not-after": "2026-01-05T12:03:00Z"},
            window("12:00:30", "12:03"),
        ),
        ({"tally.dev/after": "2026-01-05T12:00:30Z", "tally.dev/expires": "soon"}, None),
        ({"tally.dev/after": ""}, None),
    ],
)
def test_a_fence_that_was_spoilt_is_none(annotations: dict[str, str], found: observed.Window | None) -> None:
    assert observed.window(annotations) == found


def test_a_cronjob_whose_marks_were_spoilt_is_read_nevertheless() -> None:
    metadata = {"name": "sync", "uid": "u", "creationTimestamp": "2026-01-05T12:00:30Z"}
    spoilt = {"annotations": {"tally.dev/forgotten": "x"}, "ownerReferences": [{"uid": "other"}]}
    body = {"metadata": {**metadata, **spoilt}, "spec": {"jobTemplate": {"spec": {}}}}
    found = observed.cronjob(body)
    assert (found.forgotten, found.window, found.owner) == (None, None, None)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"schedule": "* * * * *"}, "spec.name: Field required"),
        ({"name": "sync", "schedule": "* * * * *", "numberOfExecutions": 0}, "spec.numberOfExecutions"),
        ({"name": "sync", "schedule": "* * * * *", "concurrencyPolicy": "Maybe"}, "spec.concurrencyPolicy"),
        (None, "spec.name: Field required; spec.schedule: Field required"),
    ],
)
def test_a_spec_that_cannot_be_read_is_said(spec: dict[str, Any] | None, says: str) -> None:
    metadata = {"name": "a", "namespace": "shop", "uid": "u", "resourceVersion": "1"}
    body = {"metadata": {**metadata, "creationTimestamp": "2026-01-05T12:00:00Z"}, "spec": spec}
    found = observed.scheduled_job(body)
    assert found.spec is None
    assert says in found.problem


def test_what_a_newer_version_has_written_is_passed_over() -> None:
    metadata = {"name": "a", "namespace": "shop", "uid": "u", "resourceVersion": "1"}
    spec = {"name": "sync", "schedule": "* * * * *", "unknown": 1}
    status = {"executions": 2, "unknown": 1}
    stamped = {**metadata, "creationTimestamp": "2026-01-05T12:00:00Z"}
    found = observed.scheduled_job({"metadata": stamped, "spec": spec, "status": status})
    assert found.spec is not None
    assert found.status.executions == 2


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31T13:00:00+01:00", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00.999999Z", "2026-01-31T12:00:00Z"),
    ],
)
def test_instants_are_written_in_utc_to_the_second(text: str, written: str) -> None:
    assert instants.write(instants.read(text)) == written
