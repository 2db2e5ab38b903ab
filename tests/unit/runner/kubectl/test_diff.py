"""What applying a manifest would change."""

import json
from typing import Any

import pytest
from tally.errors import InputError
from tally.kubectl.comparison import shown
from tally.kubectl.diff import Difference, difference
from tally.kubectl.manifest import scheduled_jobs

from tests.unit.runner.kubectl.objects import NOON, Json, body, conditions
from tests.unit.runner.kubectl.screen import in_pipe, lines_on_terminal


def manifest(**spec: Any) -> Json:  # noqa: ANN401
    return {"metadata": {"name": "sync-products"}, "spec": {"name": "sync-products", "schedule": "0 9 * * *", **spec}}


def live(last_applied: Json | None = None, status: Json | None = None, **spec: Any) -> Json:  # noqa: ANN401
    found = body(status=status, **{"schedule": "0 9 * * *", **spec})
    if last_applied is not None:
        text = json.dumps({"spec": last_applied})
        found["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": text}
    return found


def compared(before: Json | None, after: Json) -> Difference:
    return difference(before, after, "shop", NOON)


def test_nothing_changes() -> None:
    found = compared(live(), manifest(timeZone="Etc/UTC", retries=0))
    assert found.is_none
    assert in_pipe(shown(found)) == "sync-products in shop: nothing changes\n"


def test_times_and_count_beside_each_other() -> None:
    found = compared(
        live(numberOfExecutions=5, status={"executions": 3}), manifest(schedule="0 9,17 * * *", numberOfExecutions=6)
    )
    assert in_pipe(shown(found)).splitlines() == [
        "sync-products in shop",
        "",
        "FIELD                NOW         THEN",
        "schedule             0 9 * * *   0 9,17 * * *",
        "numberOfExecutions   5           6",
        "",
        "NEXT TIMES NOW                NEXT TIMES THEN",
        "Tue 2026-03-03 09:00 +00:00   Mon 2026-03-02 17:00 +00:00",
        "Wed 2026-03-04 09:00 +00:00   Tue 2026-03-03 09:00 +00:00",
        "2 left                        Tue 2026-03-03 17:00 +00:00",
        "                              3 left",
    ]
    assert max(map(len, lines_on_terminal(shown(found), 80))) <= 80


def test_only_ten_times_are_shown_and_that_is_said() -> None:
    found = compared(live(), manifest(numberOfExecutions=12))
    assert len(found.after.times) == 10
    assert in_pipe(shown(found)).endswith("12 left, of which 10 are shown\n")


def test_one_that_is_new() -> None:
    found = compared(None, manifest(numberOfExecutions=1))
    assert not found.is_none
    assert in_pipe(shown(found)).splitlines() == [
        "sync-products in shop: is new",
        "",
        "NEXT TIMES",
        "Tue 2026-03-03 09:00 +00:00",
        "1 left",
    ]


def test_a_raised_limit_lets_a_complete_one_go_on() -> None:
    done = live(numberOfExecutions=2, status={"executions": 2, "conditions": conditions("Ready", "Complete")})
    found = compared(done, manifest(numberOfExecutions=3))
    assert found.before is not None
    assert (found.before.idle, len(found.after.times), found.after.left) == ("complete", 1, 1)
    assert compared(done, manifest(numberOfExecutions=1)).after.idle == "complete"


def test_a_mended_schedule_is_no_longer_invalid() -> None:
    broken = live(schedule="0 0 31 2 *", status={"conditions": conditions("Stalled")})
    found = compared(broken, manifest())
    assert found.before is not None
    assert (found.before.idle, len(found.after.times), found.refused) == ("it never fires", 10, "")


def test_another_interval_counts_from_when_it_is_applied() -> None:
    before = live(schedule="@every 30m", status={"nextScheduleTime": "2026-03-02T12:20:00Z"})
    assert f"{compared(before, manifest(schedule='@every 30m', retries=1)).after.times[0]:%H:%M:%S}" == "12:20:00"
    assert f"{compared(before, manifest(schedule='@every 60m')).after.times[0]:%H:%M:%S}" == "13:00:30"


def test_what_would_be_invalid() -> None:
    found = compared(live(), manifest(timeZone="Nowhere/Land"))
    lines = in_pipe(shown(found)).splitlines()
    assert lines[1].startswith("! It would be Invalid: The time zone 'Nowhere/Land' is none that this machine knows.")
    assert found.after.idle == "Invalid"


def test_a_suspension_by_hand_stays_unless_the_manifest_speaks_of_it() -> None:
    suspended = live({"schedule": "0 9 * * *"}, suspend=True)
    found = compared(suspended, manifest(schedule="0 8 * * *"))
    assert found.after.idle == "suspended"
    assert [path for path, _, _ in found.fields] == ["schedule"]
    assert compared(suspended, manifest(suspend=False)).after.times


def test_what_was_applied_and_is_left_out_now_goes_back_to_its_default() -> None:
    before = live(
        {"suspend": True, "image": "a", "input": {"a": 1, "b": 2}}, suspend=True, image="a", input={"a": 1, "b": 2}
    )
    found = compared(before, manifest(input={"a": 1}))
    assert sorted(found.fields) == [("image", "a", None), ("input.b", 2, None), ("suspend", True, False)]


@pytest.mark.parametrize("spoilt", ["{", "[]", '{"spec": 3}'])
def test_a_last_applied_manifest_that_was_spoilt_is_none(spoilt: str) -> None:
    before = live()
    before["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": spoilt}
    assert compared(before, manifest()).is_none


def test_true_is_not_one() -> None:
    found = compared(live(input={"a": 1}), manifest(input={"a": True}))
    assert found.fields == [("input.a", 1, True)]


def test_a_manifest_file_of_many_kinds() -> None:
    text = """
kind: ConfigMap
---
apiVersion: v1
kind: List
items:
- {kind: ScheduledJob, metadata: {name: a}, spec: {name: a, schedule: "* * * * *"}}
---
---
{"kind": "ScheduledJob", "metadata": {"name": "b"}, "spec": {"name": "b", "schedule": "* * * * *"}}
"""
    assert [each["metadata"]["name"] for each in scheduled_jobs(text, "x.yaml")] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "x.yaml is no YAML: "),
        ("kind: ScheduledJob", "x.yaml: a ScheduledJob needs metadata.name, a text."),
        ("{kind: ScheduledJob, metadata: {name: a}, spec: {name: a}}", "needs spec.schedule, a text."),
        ("{kind: ScheduledJob, metadata: {name: a}, spec: []}", "needs spec.name, a text."),
        (
            "{kind: ScheduledJob, metadata: {name: a}, spec: {name: a, schedule: x, numberOfExecutions: 0}}",
            "numberOfExecutions is 0. Write a whole number, 1 or more.",
        ),
        (
            "{kind: ScheduledJob, metadata: {name: a}, spec: {name: a, schedule: x, numberOfExecutions: yes}}",
            "numberOfExecutions is True. Write a whole number, 1 or more.",
        ),
    ],
)
def test_a_manifest_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        scheduled_jobs(text, "x.yaml")
    assert message in str(raised.value)
