"""Nothing that has passed is made up for: not by resuming, not by another schedule, not by a raised limit."""

import time
from datetime import timedelta

from tests.e2e.waiting import eventually
from tests.integration.pods import ends
from tests.integration.scenes import scene
from tests.integration.shop import FAR, Shop, wait_for_second

MINUTE = timedelta(minutes=1)
# A native CronJob starts a passed slot within a second or two.
AT_ONCE_SECONDS = 12


@scene
def test_resuming(shop: Shop) -> None:
    shop.apply("resting", suspend=True, template=ends("well"))
    shop.wait_for_reason("resting", "Suspended")
    assert shop.status("resting")["phase"] == "Suspended"
    time.sleep(60)  # a scheduled time passes
    resumed = wait_for_second(3, 30)
    shop.edit("resting", suspend=False)
    shop.wait_for_reason("resting", "Scheduled")
    time.sleep(AT_ONCE_SECONDS)
    assert shop.jobs("resting") == []
    eventually(lambda: shop.jobs("resting"), 90, "the next one runs")
    assert shop.slots("resting")[0] == resumed.replace(second=0, microsecond=0) + MINUTE
    shop.wait_for_executions("resting", 1, 10)
    assert shop.status("resting")["missed"] == 0
    shop.edit("resting", suspend=True)


@scene
def test_another_schedule_whose_time_has_just_passed(shop: Shop) -> None:
    wait_for_second(0, 50)
    shop.apply("moved", schedule=FAR)
    shop.wait_for_reason("moved", "Scheduled")
    created = wait_for_second(0, 55)
    time.sleep(60 - created.second)
    now = wait_for_second(2, 30)
    shop.edit("moved", schedule=f"{now.minute} * * * *")
    shop.wait_for_reason("moved", "Scheduled")
    time.sleep(AT_ONCE_SECONDS)
    assert shop.jobs("moved") == []
    status = shop.status("moved")
    following = now.replace(second=0, microsecond=0) + timedelta(hours=1)
    assert status["nextScheduleTime"] == following.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (status["executions"], status["missed"]) == (0, 0)
    # Both were written in one request, so that an operator that dies here takes its own time for no Job's.
    cronjob = shop.cronjob("moved") or {}
    forgotten = cronjob["metadata"]["annotations"]["tally.dev/forgotten"]
    assert cronjob["status"]["lastScheduleTime"] == forgotten


@scene
def test_a_raised_limit(shop: Shop) -> None:
    shop.apply("more", numberOfExecutions=1, template=ends("well"))
    shop.wait_until_complete("more", 100)
    time.sleep(60)  # a scheduled time passes while it is complete
    raised = wait_for_second(3, 30)
    shop.edit("more", numberOfExecutions=2)
    shop.wait_for_reason("more", "Scheduled")
    assert shop.status("more")["tally"] == "1/2"
    time.sleep(AT_ONCE_SECONDS)
    assert len(shop.jobs("more")) == 1
    status = shop.wait_until_complete("more", 90)
    assert (status["tally"], status["missed"]) == ("2/2", 0)
    assert shop.slots("more")[-1] == raised.replace(second=0, microsecond=0) + MINUTE
    eventually(lambda: shop.cronjob("more") is None, 10, "the CronJob is gone")
