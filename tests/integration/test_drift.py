"""What is changed by hand is put back, and the count stays."""

import time

from tests.e2e.waiting import eventually
from tests.integration.apiserver import Json
from tests.integration.pods import ends
from tests.integration.scenes import scene
from tests.integration.shop import FAR, Shop, wait_for_second

PUT_BACK_SECONDS = 10
EDITS: list[Json] = [
    {"schedule": "*/2 * * * *"},
    {"suspend": True},
    {"startingDeadlineSeconds": 10},
    {"successfulJobsHistoryLimit": 0},
    {"jobTemplate": {"spec": {"ttlSecondsAfterFinished": 5}}},
    {"jobTemplate": {"spec": {"template": {"spec": {"automountServiceAccountToken": True}}}}},
    {"jobTemplate": {"metadata": {"annotations": {"tally.dev/after": None, "tally.dev/not-after": None}}}},
    {"jobTemplate": {"metadata": {"annotations": {"tally.dev/not-after": "2999-01-01T00:00:00Z"}}}},
]


@scene
def test_edits_of_the_cronjob_are_undone(shop: Shop) -> None:
    shop.apply("steady", schedule=FAR, numberOfExecutions=3)
    eventually(lambda: shop.cronjob("steady"), 20, "there is a CronJob")
    uid = (shop.cronjob("steady") or {})["metadata"]["uid"]
    as_applied = _fields(shop.cronjob("steady") or {})
    for edit in EDITS:
        edited = shop.edit_cronjob("steady", {"spec": edit})
        assert _fields(edited) != as_applied
        eventually(lambda: _fields(shop.cronjob("steady") or {}) == as_applied, PUT_BACK_SECONDS, f"{edit} is undone")
    shop.edit_cronjob("steady", {"metadata": {"labels": None}})
    eventually(lambda: _labels(shop).get("tally.dev/name") == "steady", PUT_BACK_SECONDS, "its labels are back")
    assert shop.condition("steady")["reason"] == "Scheduled"
    assert shop.notes("CronJobConflict") == []
    assert (shop.cronjob("steady") or {})["metadata"]["uid"] == uid
    assert shop.status("steady")["executions"] == 0
    assert shop.jobs("steady") == []


@scene
def test_a_deleted_cronjob_comes_back_with_the_count_and_without_a_run(shop: Shop) -> None:
    shop.apply("sturdy", numberOfExecutions=2, template=ends("well"))
    shop.wait_for_executions("sturdy", 1, 100)
    wait_for_second(2, 40)
    old = (shop.cronjob("sturdy") or {})["metadata"]["uid"]
    shop.server.delete(shop.path("cronjobs", "sturdy"), "Orphan")

    def is_back() -> bool:
        cronjob = shop.cronjob("sturdy")
        return cronjob is not None and cronjob["metadata"]["uid"] != old

    eventually(is_back, PUT_BACK_SECONDS, "the CronJob is back")
    time.sleep(8)
    assert len(shop.jobs("sturdy")) == 1
    assert shop.status("sturdy")["tally"] == "1/2"
    status = shop.wait_until_complete("sturdy", 90)
    assert (status["tally"], status["missed"]) == ("2/2", 0)
    assert len(shop.jobs("sturdy")) == 2


def _labels(shop: Shop) -> Json:
    return (shop.cronjob("steady") or {})["metadata"].get("labels") or {}


def _fields(cronjob: Json) -> Json:
    """Read the CronJob's spec; a new schedule moves the window's beginning, but must keep its end."""
    spec: Json = cronjob["spec"]
    annotations = spec["jobTemplate"]["metadata"].get("annotations", {})
    if "tally.dev/after" in annotations:
        annotations["tally.dev/after"] = "some time"
    return spec
