"""What a ScheduledJob does on a real node: runs as often as it says, and stops; whatever the runs themselves do."""

import json
import time

import pytest
from tally_cluster.settings import Cluster

from tests.e2e import shop
from tests.e2e.kube import Json, Kubectl, slot
from tests.e2e.waiting import completed, eventually

OPERATOR = "system:serviceaccount:tally-system:tally"


@pytest.mark.parametrize(("name", "limit"), [("one", 1), ("two", 2), ("three", 3)])
def test_runs_as_often_as_it_says_and_stops(window: Kubectl, name: str, limit: int) -> None:
    found = completed(window, name)
    assert found["status"]["tally"] == f"{limit}/{limit}"
    assert found["status"]["succeeded"] == limit
    assert found["status"]["remaining"] == 0
    eventually(lambda: window.get("cronjob", name) is None, 10, f"the CronJob {name} is gone")
    jobs = window.jobs(name)
    assert len({slot(job) for job in jobs}) == len(jobs) == limit
    eventually(lambda: all(_owner(job) == "ScheduledJob" for job in window.jobs(name)), 10, "the Jobs are adopted")


@pytest.mark.parametrize(("name", "limit"), [("one", 1), ("two", 2), ("three", 3)])
def test_the_logs_of_every_run_stay(window: Kubectl, name: str, limit: int) -> None:
    completed(window, name)
    for job in window.jobs(name):
        lines = [json.loads(line) for line in window.run("logs", f"job/{job['metadata']['name']}").splitlines()]
        messages = [line["message"] for line in lines]
        assert messages[0] == "Scheduled job quick started"
        assert "quick has run" in messages
        assert messages[-1].startswith("Scheduled job quick completed in ")
    logs = window.run("logs", f"--selector=tally.dev/name={name}", "--prefix", "--tail=-1")
    assert logs.count("quick has run") == limit


def test_the_last_execution_is_told_in_the_status(window: Kubectl) -> None:
    last = completed(window, "one")["status"]["lastExecution"]
    assert last["outcome"] == "succeeded"
    assert last["exitCode"] == 0
    assert last["result"] == {"input": {"since": "2026-01-01"}, "limit": 1}
    assert last["scheduledTime"] == completed(window, "one")["status"]["lastScheduleTime"]


def test_a_failing_job_counts_and_its_schedule_goes_on(window: Kubectl) -> None:
    status = completed(window, "failing")["status"]
    assert (status["executions"], status["failed"], status["succeeded"]) == (2, 2, 0)
    assert [each["outcome"] for each in status["recentExecutions"]] == ["failed", "failed"]
    assert status["lastExecution"]["exitCode"] == 1
    assert status["lastExecution"]["message"] == "RuntimeError: the third-party service is down"


def test_a_manual_run_does_not_count(window: Kubectl) -> None:
    window.run("create", "job", "by-hand", "--from=cronjob/leap-day")
    eventually(lambda: _succeeded(window.get("job", "by-hand")), 60, "the manual run has ended")
    status = (window.get("sj", "leap-day") or {})["status"]
    assert status["executions"] == 0
    assert "lastScheduleTime" not in status


def test_deleting_a_scheduled_job_deletes_all_that_is_its_own(window: Kubectl) -> None:
    eventually(lambda: window.jobs("doomed"), 90, "doomed has run")
    window.run("delete", "sj", "doomed")
    eventually(
        lambda: not window.all("cronjobs,jobs,pods", "tally.dev/name=doomed"), 60, "CronJob, Jobs, pods are gone"
    )


def test_a_job_longer_than_its_schedule_never_overlaps_and_still_reaches_its_limit(window: Kubectl) -> None:
    status = completed(window, "long", 420)["status"]
    assert (status["executions"], status["succeeded"]) == (2, 2)
    first, second = window.jobs("long")
    assert second["status"]["startTime"] >= first["status"]["completionTime"]


def test_without_a_limit_it_goes_on(window: Kubectl) -> None:
    completed(window, "three")
    status = (window.get("sj", "unlimited") or {})["status"]
    assert status["executions"] >= 3
    assert "remaining" not in status
    assert window.get("cronjob", "unlimited") is not None


def test_a_person_sees_it_in_one_line(window: Kubectl) -> None:
    completed(window, "three")
    header, row = window.run("get", "sj", "three").splitlines()
    assert header.split() == ["NAME", "SCHEDULE", "EXECUTIONS", "LAST", "OUTCOME", "NEXT", "PHASE", "AGE"]
    assert "3/3" in row
    assert "succeeded" in row
    assert "Completed" in row


def test_no_further_run_and_no_write_while_nothing_happens(window: Kubectl, node: Cluster) -> None:
    for name in ("one", "two", "three", "failing", *shop.JOBS):
        completed(window, name)
    completed(window, "long", 420)
    window.run("delete", "sj", "unlimited", "--ignore-not-found")
    time.sleep(15)  # what the deletion sets off
    before = _requests(node)
    time.sleep(65)  # a scheduled time of every one that has ended lies in here
    requests = _requests(node)[len(before) :]
    assert [each for each in requests if each["verb"] != "watch"] == []
    assert {name: len(window.jobs(name)) for name in ("one", "two", "three", "failing", "long")} == {
        "one": 1,
        "two": 2,
        "three": 3,
        "failing": 2,
        "long": 2,
    }


def _requests(node: Cluster) -> list[Json]:
    """Read from the API server's audit log what the operator has asked, but for the lease by which it leads."""
    entries = [json.loads(line) for line in node.audit_log.read_text().splitlines()]
    ours = [each for each in entries if each["user"]["username"] == OPERATOR]
    return [each for each in ours if each.get("objectRef", {}).get("resource") != "leases"]


def _owner(job: Json) -> str:
    (owner,) = job["metadata"]["ownerReferences"]
    return str(owner["kind"])


def _succeeded(job: Json | None) -> bool:
    return job is not None and job.get("status", {}).get("succeeded") == 1
