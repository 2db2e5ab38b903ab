"""N scheduled times, N Jobs, and then it is over; on the real CronJob controller."""

import time

from tests.e2e.waiting import eventually
from tests.integration.operator_process import Operator
from tests.integration.pods import ends
from tests.integration.scenes import scene, scene_with_operator
from tests.integration.shop import FAR, Shop, wait_for_second


@scene
def test_at_the_limit_the_cronjob_goes_and_the_jobs_stay(shop: Shop) -> None:
    limits = {"one": 1, "two": 2}
    for name, limit in limits.items():
        shop.apply(name, numberOfExecutions=limit, template=ends("well"))
    for name, limit in limits.items():
        status = shop.wait_until_complete(name, 200)
        assert (status["tally"], status["succeeded"], status["remaining"]) == (f"{limit}/{limit}", limit, 0)
        assert "cronJob" not in status
        assert "nextScheduleTime" not in status
        eventually(lambda: shop.cronjob(name) is None, 10, "the CronJob is gone")  # noqa: B023
        assert shop.condition(name, "Complete")["reason"] == "LimitReached"
        assert shop.condition(name, "Ready")["status"] == "True"
        uid = shop.scheduled_job(name)["metadata"]["uid"]
        for job in shop.jobs(name):
            owners = [(owner["kind"], owner["uid"]) for owner in job["metadata"]["ownerReferences"]]
            assert owners == [("ScheduledJob", uid)]
    time.sleep(65)
    for name, limit in limits.items():
        assert len(set(shop.slots(name))) == len(shop.jobs(name)) == limit
        assert shop.cronjob(name) is None


@scene
def test_the_last_job_runs_on_when_the_cronjob_is_gone(shop: Shop) -> None:
    shop.apply("endless-run", numberOfExecutions=1)
    eventually(lambda: shop.status("endless-run").get("phase") == "Completed", 90, "the limit is reached")
    eventually(lambda: shop.cronjob("endless-run") is None, 10, "the CronJob is gone")
    time.sleep(20)  # what the garbage collector does, it does within seconds
    (job,) = shop.jobs("endless-run")
    assert "deletionTimestamp" not in job["metadata"]
    assert shop.status("endless-run")["lastExecution"]["outcome"] == "running"


@scene
def test_a_failing_run_counts_and_says_why(shop: Shop) -> None:
    shop.apply("failing", numberOfExecutions=2, template=ends("badly"))
    status = shop.wait_until_complete("failing", 200)
    assert (status["executions"], status["failed"], status["succeeded"], status["missed"]) == (2, 2, 0, 0)
    assert status["lastExecution"]["exitCode"] == 1
    assert status["lastExecution"]["message"] == "RuntimeError: no stock"
    assert [each["outcome"] for each in status["recentExecutions"]] == ["failed", "failed"]


@scene
def test_a_manual_run_does_not_count(shop: Shop) -> None:
    shop.apply("quiet", schedule=FAR, numberOfExecutions=1, template=ends("well"))
    eventually(lambda: shop.cronjob("quiet"), 20, "there is a CronJob")
    shop.kubectl.run("create", "job", "by-hand", "--from=cronjob/quiet")
    eventually(
        lambda: ((shop.server.get(shop.path("jobs", "by-hand")) or {}).get("status") or {}).get("succeeded"),
        30,
        "the manual run has ended",
    )
    time.sleep(3)
    status = shop.status("quiet")
    assert (status["executions"], status["phase"]) == (0, "Scheduled")
    assert "lastScheduleTime" not in status
    assert shop.cronjob("quiet") is not None


@scene
def test_the_history_limits_apply_after_the_limit_too(shop: Shop) -> None:
    shop.apply("tidy", numberOfExecutions=2, successfulJobsHistoryLimit=1, template=ends("well"))
    status = shop.wait_until_complete("tidy", 200)
    assert status["executions"] == 2
    eventually(lambda: len(shop.jobs("tidy")) == 1, 10, "one Job is kept")
    assert [slot.strftime("%Y-%m-%dT%H:%M:%SZ") for slot in shop.slots("tidy")] == [status["lastScheduleTime"]]


@scene_with_operator
def test_a_job_that_came_and_went_while_the_operator_was_down_counts(shop: Shop, operator: Operator) -> None:
    shop.apply("fleeting", numberOfExecutions=2)
    eventually(lambda: shop.cronjob("fleeting"), 20, "there is a CronJob")
    wait_for_second(0, 50)
    operator.kill()
    eventually(lambda: shop.jobs("fleeting"), 90, "the first run has begun")
    (first,) = shop.jobs("fleeting")
    time.sleep(2)  # the CronJob controller writes down what it has started after it
    shop.server.delete(shop.path("jobs", first["metadata"]["name"]))
    operator.start()
    shop.wait_for_executions("fleeting", 1, 20)
    assert shop.status("fleeting")["recentExecutions"][0]["outcome"] == "unknown"
    eventually(lambda: shop.status("fleeting")["phase"] == "Completed", 90, "the second was the last")
    assert first["metadata"]["name"] not in [job["metadata"]["name"] for job in shop.jobs("fleeting")]
    assert len(shop.jobs("fleeting")) == 1
