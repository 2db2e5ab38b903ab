"""What a user changes reaches the CronJob, also what is taken out; and then there is nothing left to do."""

import time

from tests.e2e.waiting import eventually
from tests.integration.apiserver import Json  # noqa: TC001 (it is an alias, and used in annotations)
from tests.integration.scenes import scene
from tests.integration.shop import FAR, Shop

TEMPLATE = {
    "metadata": {"annotations": {"team": "shop"}},
    "spec": {
        "nodeSelector": {"disk": "ssd"},
        "containers": [{"name": "job", "env": [{"name": "SHOP", "value": "1"}]}, {"name": "proxy", "image": "proxy:1"}],
    },
}


@scene
def test_what_is_taken_out_goes_from_the_cronjob(shop: Shop) -> None:
    options = {"startingDeadlineSeconds": 100, "timeoutSeconds": 60, "template": TEMPLATE}
    shop.apply("slim", schedule=FAR)
    shop.apply("full", schedule=FAR, numberOfExecutions=3, **options)
    eventually(lambda: shop.cronjob("slim") and shop.cronjob("full"), 20, "there are CronJobs")
    assert _told(shop, "full") != _told(shop, "slim")
    shop.apply("full", schedule=FAR)
    eventually(lambda: _told(shop, "full") == _told(shop, "slim"), 10, "all that was taken out is gone")
    time.sleep(2)
    before = (shop.cronjob("full") or {})["metadata"]["resourceVersion"]
    shop.edit("full", successfulJobsHistoryLimit=2)  # a look that changes nothing of the CronJob
    shop.wait_for_reason("full", "Scheduled")
    assert (shop.cronjob("full") or {})["metadata"]["resourceVersion"] == before


@scene
def test_each_field_reaches_the_cronjob(shop: Shop) -> None:
    shop.apply("plain", schedule=FAR)
    eventually(lambda: shop.cronjob("plain"), 20, "there is a CronJob")
    changes: list[tuple[Json, str, object]] = [
        ({"timeZone": "Europe/Berlin"}, "timeZone", "Europe/Berlin"),
        ({"concurrencyPolicy": "Replace"}, "concurrencyPolicy", "Replace"),
        ({"startingDeadlineSeconds": 30}, "startingDeadlineSeconds", 30),
        ({"suspend": True}, "suspend", True),
        ({"schedule": "0 0 2 1 *"}, "schedule", "0 0 2 1 *"),
    ]
    for change, field, value in changes:
        shop.edit("plain", **change)
        shop.wait_for_reason("plain", "Suspended" if shop.scheduled_job("plain")["spec"]["suspend"] else "Scheduled")
        assert (shop.cronjob("plain") or {})["spec"][field] == value


def _told(shop: Shop, name: str) -> str:
    """Write what a CronJob says, but for its name and the window's beginning."""
    spec: Json = (shop.cronjob(name) or {})["spec"]
    spec["jobTemplate"]["metadata"]["annotations"].pop("tally.dev/after")
    words = str(spec).replace(f"'{name}'", "NAME")
    return words.replace(shop.scheduled_job(name)["metadata"]["uid"], "UID")
