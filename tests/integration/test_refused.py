"""What the API server itself refuses at `kubectl apply`, with what is wrong and one right example in its words."""

import json
from typing import Any

import pytest

from tests.e2e.kube import Kubectl, scheduled_job

EXAMPLE = "*/5 * * * *"
NO_ZONE = "schedule must not name a time zone. Write it into timeZone, such as Europe/Berlin."
NO_SCHEDULE = (
    "schedule is not what a CronJob takes. Write five fields, minute hour day-of-month month day-of-week, "
    f'such as "{EXAMPLE}".'
)
TOO_MANY = f'schedule has more than five fields; there are no seconds and no years. Write "{EXAMPLE}".'
NO_SEVEN = 'schedule has the day of week 7, but Sunday is 0. Write "0 0 * * 0" for Sundays at midnight.'
NO_NAME = "name must be of a-z, 0-9 and '-', with a letter or digit at both ends, such as sync-products."


def applied(kubectl: Kubectl, body: dict[str, Any], *options: str) -> str:
    """Apply an object without keeping it, and give what was said: nothing when it was taken."""
    answer = kubectl.ask("apply", "--dry-run=server", "--filename=-", *options, stdin=json.dumps(body))
    return answer.err if answer.code else ""


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"name": ""}, NO_NAME),
        ({"name": "Sync_Products"}, NO_NAME),
        ({"name": "-sync"}, NO_NAME),
        ({"name": "sync-"}, NO_NAME),
        ({"name": "shop.sync"}, NO_NAME),
        ({"name": "n" * 53}, "name must have at most 52 characters, such as sync-products."),
        ({"name": None}, "spec.name: Required value"),
        ({"schedule": None}, "spec.schedule: Required value"),
        ({"schedule": ""}, NO_SCHEDULE),
        ({"schedule": "* * * *"}, NO_SCHEDULE),
        ({"schedule": "0 * * * * *"}, TOO_MANY),
        ({"schedule": "0 0 0 1 1 * 2026"}, TOO_MANY),
        ({"schedule": "0 0 * * 7"}, NO_SEVEN),
        ({"schedule": "0 0 * * 5-7"}, NO_SEVEN),
        ({"schedule": "TZ=Europe/Berlin 0 0 * * *"}, NO_ZONE),
        ({"schedule": "CRON_TZ=Europe/Berlin 0 0 * * *"}, NO_ZONE),
        ({"schedule": "0 0 L * *"}, NO_SCHEDULE),
        ({"schedule": "0 0 15W * *"}, NO_SCHEDULE),
        ({"schedule": "0 0 * * 1#2"}, NO_SCHEDULE),
        ({"schedule": "60 * * * *"}, NO_SCHEDULE),
        ({"schedule": "*/0 * * * *"}, NO_SCHEDULE),
        ({"schedule": "0 24 * * *"}, NO_SCHEDULE),
        ({"schedule": "@reboot"}, NO_SCHEDULE),
        ({"schedule": "every day"}, NO_SCHEDULE),
        ({"numberOfExecutions": 0}, "numberOfExecutions must be 1 or more, such as 3. Leave it out for no limit."),
        ({"numberOfExecutions": -1}, "numberOfExecutions must be 1 or more, such as 3. Leave it out for no limit."),
        ({"numberOfExecutions": "3"}, "must be of type integer"),
        ({"concurrencyPolicy": "forbid"}, 'supported values: "Forbid", "Allow", "Replace"'),
        ({"timeZone": "TZ=UTC"}, "timeZone must be the name of an IANA time zone, such as Europe/Berlin."),
        ({"timeZone": ""}, "timeZone must be the name of an IANA time zone, such as Europe/Berlin."),
        ({"retries": -1}, "should be greater than or equal to 0"),
        ({"image": ""}, "should be at least 1 chars long"),
    ],
    ids=str,
)
def test_is_refused(kubectl: Kubectl, spec: dict[str, Any], says: str) -> None:
    body = scheduled_job("sync-products")
    body["spec"] = {name: value for name, value in {**body["spec"], **spec}.items() if value is not None}
    said = applied(kubectl, body, "--validate=false")
    assert says in said
    if "schedule" in spec and spec["schedule"] is not None:
        assert said.count("schedule ") == 1, "one mistake, one message"


@pytest.mark.parametrize("field", ["numberOfExecution", "schedul", "cron"])
def test_an_unknown_field_is_refused_when_asked_to_be_strict(kubectl: Kubectl, field: str) -> None:
    said = applied(kubectl, scheduled_job("sync-products", **{field: "x"}), "--validate=strict")
    assert f'unknown field "spec.{field}"' in said


def test_a_name_cannot_change(kubectl: Kubectl) -> None:
    kubectl.apply(scheduled_job("renamed"))
    body = scheduled_job("renamed")
    body["spec"]["name"] = "other"
    says = "spec.name cannot change. Delete this ScheduledJob, and create another one with the new name."
    assert says in applied(kubectl, body)


@pytest.mark.parametrize(
    "schedule",
    [
        EXAMPLE,
        "0 0 * * sun",
        "0 0 1 JAN ?",
        "0-30/5,45 22 1,15 */2 1-5",
        "@daily",
        "@every 90m",
        "  0   0 * * *  ",
        "0 0 31 2 *",  # never fires: what a pattern cannot see is said in the status
    ],
)
def test_is_taken(kubectl: Kubectl, schedule: str) -> None:
    assert applied(kubectl, scheduled_job("sync-products", schedule=schedule), "--validate=strict") == ""


def test_the_longest_name_is_taken(kubectl: Kubectl) -> None:
    assert applied(kubectl, scheduled_job("n" * 52), "--validate=strict") == ""


def test_the_crd_is_what_a_structural_schema_must_be(kubectl: Kubectl) -> None:
    crd = kubectl.get("crd", "scheduledjobs.tally.dev") or {}
    conditions = {each["type"]: each["status"] for each in crd["status"]["conditions"]}
    assert conditions["Established"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"
