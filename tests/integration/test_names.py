"""One name, one ScheduledJob; and a CronJob that is not ours is nobody's but its owner's."""

import time

from tests.e2e.kube import scheduled_job
from tests.e2e.waiting import eventually
from tests.integration.scenes import scene
from tests.integration.shop import FAR, Shop, to_json


@scene
def test_a_taken_name_is_taken_over_when_the_first_goes(shop: Shop) -> None:
    shop.apply("first", name="sync", schedule=FAR)
    shop.wait_for_reason("first", "Scheduled")
    time.sleep(1.1)  # the older one wins, and ages are told in seconds
    shop.apply("second", name="sync", schedule="0 0 2 1 *")
    told = shop.wait_for_reason("second", "NameTaken")
    assert "'sync' is taken by the older ScheduledJob first" in told["message"]
    assert shop.status("second")["phase"] == "Invalid"
    assert shop.condition("second", "Stalled")["status"] == "True"
    assert shop.condition("first")["reason"] == "Scheduled"
    assert _schedule(shop, "sync") == FAR
    shop.wait_for_note("NameTaken", told["message"])
    assert shop.notes("NameTaken") == [told["message"]]
    shop.server.delete(shop.path("scheduledjobs", "first"))
    # The garbage collector takes the first one's CronJob; of a new kind of resource it learns within half a minute.
    shop.wait_for_reason("second", "Scheduled", 90)
    eventually(lambda: _schedule(shop, "sync") == "0 0 2 1 *", 10, "the CronJob is the second's")
    assert shop.condition("second", "Stalled")["status"] == "False"


@scene
def test_a_cronjob_that_is_not_ours_stays_as_it_is(shop: Shop) -> None:
    image = {"containers": [{"name": "theirs", "image": "theirs:1"}], "restartPolicy": "Never"}
    body = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "theirs", "annotations": {"team": "other"}},
        "spec": {"schedule": FAR, "jobTemplate": {"spec": {"template": {"spec": image}}}},
    }
    shop.kubectl.apply(body)
    before = to_json(shop.cronjob("theirs"))
    shop.apply("theirs", schedule="0 0 2 1 *")
    told = shop.wait_for_reason("theirs", "CronJobConflict")
    assert told["message"] == (
        "The CronJob 'theirs' is there already and is not of this ScheduledJob; it is left as it is. "
        "Delete it, or use another spec.name."
    )
    time.sleep(35)  # it is tried again meanwhile
    assert to_json(shop.cronjob("theirs")) == before
    shop.kubectl.run("delete", "sj", "theirs")
    time.sleep(3)
    assert to_json(shop.cronjob("theirs")) == before
    shop.kubectl.apply(scheduled_job("theirs", schedule="0 0 2 1 *"))
    shop.wait_for_reason("theirs", "CronJobConflict")
    shop.server.delete(shop.path("cronjobs", "theirs"))
    shop.wait_for_reason("theirs", "Scheduled", 45)
    assert _schedule(shop, "theirs") == "0 0 2 1 *"


def _schedule(shop: Shop, name: str) -> str:
    return str(((shop.cronjob(name) or {}).get("spec") or {}).get("schedule"))
