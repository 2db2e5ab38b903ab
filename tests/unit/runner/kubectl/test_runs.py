"""The runs of a ScheduledJob, from what the status, the Jobs and the pods remember of them."""

import json
from datetime import timedelta

import pytest
from tally.kubectl.runs import Run, runs

from tests.unit.runner.kubectl.objects import NOON, Json, job, pod, recent, scheduled_job, terminated

SLOT = NOON.replace(second=0)


def test_a_job_and_the_memory_of_it_are_one_run() -> None:
    found = runs(scheduled_job(status={"recentExecutions": recent("failed", "succeeded")}), [job(SLOT)], [])
    assert [(run.slot, run.outcome, run.present) for run in found] == [
        (SLOT, "succeeded", True),
        (SLOT - timedelta(minutes=1), "failed", False),
    ]


def test_lateness_and_duration_of_a_job() -> None:
    (run,) = runs(scheduled_job(), [job(SLOT, late=7)], [])
    assert (run.late, run.duration(NOON)) == (timedelta(seconds=7), timedelta(seconds=4))


def test_what_is_only_remembered_has_a_duration_but_no_lateness() -> None:
    (run,) = runs(scheduled_job(status={"recentExecutions": recent("failed")}), [], [])
    assert (run.late, run.duration(NOON), run.job) == (None, timedelta(seconds=4), "")


def test_a_run_that_goes_on_takes_until_now() -> None:
    (run,) = runs(scheduled_job(), [job(SLOT, "running", late=0)], [])
    assert run.duration(NOON) == timedelta(seconds=30)


def test_a_run_by_hand_has_no_slot_and_stands_where_it_was_made() -> None:
    by_hand = job(None, name="sync-products-manual-abcde")
    found = runs(scheduled_job(), [job(SLOT - timedelta(minutes=1)), by_hand, job(SLOT)], [])
    assert [run.slot for run in found] == [None, SLOT, SLOT - timedelta(minutes=1)]


def test_a_job_made_by_hand_that_borrows_a_slot_has_none() -> None:
    (run,) = runs(scheduled_job(), [job(SLOT, name="borrowed")], [])
    assert run.slot is None


def test_the_runner_s_words_are_better_than_those_of_kubernetes() -> None:
    failed = job(SLOT, "failed", message="Job has reached the specified backoff limit")
    said = json.dumps({"outcome": "failed", "message": "RuntimeError: no stock", "result": None})
    (run,) = runs(scheduled_job(), [failed], [pod(failed, state=terminated(1, said))])
    assert (run.message, run.exit_code) == ("RuntimeError: no stock", 1)
    (run,) = runs(scheduled_job(), [failed], [])
    assert run.message == "BackoffLimitExceeded: Job has reached the specified backoff limit"


@pytest.mark.parametrize("text", ["", "Killed", "{}", '{"message": "x"}', "[1]", '{"a":' * 100_000])
def test_another_image_may_leave_anything(text: str) -> None:
    failed = job(SLOT, "failed", message="why")
    (run,) = runs(scheduled_job(), [failed], [pod(failed, state=terminated(137, text))])
    assert (run.message, run.exit_code, run.result) == ("BackoffLimitExceeded: why", 137, None)


def test_the_newest_pod_s_result_counts() -> None:
    done = job(SLOT)
    pods = [pod(done, state=terminated(1), attempt=1), pod(done, state=_done({"processed": 4}), attempt=2)]
    (run,) = runs(scheduled_job(), [done], pods)
    assert (run.result, run.exit_code) == ({"processed": 4}, 0)


def test_a_run_that_is_tried_again_has_not_failed_yet() -> None:
    going_on = job(SLOT, "running")
    said = json.dumps({"outcome": "failed", "message": "RuntimeError: no stock"})
    (run,) = runs(scheduled_job(), [going_on], [pod(going_on, state=terminated(1, said))])
    assert (run.outcome, run.message, run.exit_code) == ("running", "", None)


def test_the_last_execution_outlives_its_job_and_its_pod() -> None:
    last = {
        "job": "sync-products-1",
        "scheduledTime": "2026-03-02T12:00:00Z",
        "startTime": "2026-03-02T12:00:02Z",
        "completionTime": "2026-03-02T12:00:06Z",
        "outcome": "failed",
        "exitCode": 1,
        "message": "RuntimeError: no stock",
    }
    status = {"recentExecutions": recent("failed"), "lastExecution": last}
    (run,) = runs(scheduled_job(status=status), [], [])
    assert run == Run(
        slot=SLOT,
        outcome="failed",
        job="sync-products-1",
        started=SLOT + timedelta(seconds=2),
        ended=SLOT + timedelta(seconds=6),
        seconds=4,
        exit_code=1,
        message="RuntimeError: no stock",
    )


def _done(result: object) -> Json:
    return terminated(0, json.dumps({"outcome": "succeeded", "result": result}))
