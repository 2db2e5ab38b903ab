"""Never more than N, with the operator down: the API server refuses; and without the policy the operator cleans up."""

import time

from tests.e2e.waiting import eventually
from tests.integration.operator_process import Operator
from tests.integration.pods import ends
from tests.integration.scenes import scene_with_operator
from tests.integration.shop import Shop, wait_for_second


@scene_with_operator
def test_the_fence_alone_holds_the_limit(shop: Shop, operator: Operator) -> None:
    shop.apply("fenced", numberOfExecutions=1, template=ends("well"))
    eventually(lambda: shop.cronjob("fenced"), 20, "there is a CronJob")
    wait_for_second(0, 50)
    operator.kill()
    eventually(lambda: shop.jobs("fenced"), 90, "the first run has begun")
    eventually(lambda: shop.notes("FailedCreate"), 120, "the second was refused")
    (note, *_) = shop.notes("FailedCreate")
    assert "ValidatingAdmissionPolicy 'fence.tally.dev'" in note
    assert "is after the last execution that is left" in note
    assert len(shop.jobs("fenced")) == 1
    assert shop.status("fenced")["executions"] == 0
    operator.start()
    status = shop.wait_until_complete("fenced", 20)
    assert (status["tally"], status["succeeded"], status["missed"]) == ("1/1", 1, 0)
    eventually(lambda: shop.cronjob("fenced") is None, 20, "the CronJob is gone")
    assert len(shop.jobs("fenced")) == 1


@scene_with_operator
def test_without_the_policy_a_surplus_job_is_deleted_uncounted(shop: Shop, operator: Operator) -> None:
    shop.apply("unfenced", numberOfExecutions=1, template=ends("well"))
    eventually(lambda: shop.cronjob("unfenced"), 20, "there is a CronJob")
    wait_for_second(0, 50)
    operator.kill()
    eventually(lambda: len(shop.jobs("unfenced")) == 2, 150, "one too many has begun")
    first, surplus = (job["metadata"]["name"] for job in shop.jobs("unfenced"))
    operator.start()
    status = shop.wait_until_complete("unfenced", 20)
    eventually(lambda: len(shop.jobs("unfenced")) == 1, 20, "the surplus Job is gone")
    assert [job["metadata"]["name"] for job in shop.jobs("unfenced")] == [first]
    assert (status["tally"], status["missed"]) == ("1/1", 0)
    note = f"Deleted the Job {surplus}, made after the limit of 1 was reached."
    shop.wait_for_note("SurplusDeleted", note)
    assert shop.notes("SurplusDeleted") == [note]
    time.sleep(3)
    assert shop.status("unfenced")["executions"] == 1
