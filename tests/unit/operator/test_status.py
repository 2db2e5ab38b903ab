"""What is said of a ScheduledJob: the phase for people, the conditions for programs, its last execution."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest
from tally_operator import status
from tally_operator.counting import Tally
from tally_operator.model import Condition, LastExecution, RecentExecution, Spec, Status
from tally_operator.observed import Ending, Job
from tally_operator.problems import Problem
from tally_operator.status import Situation

from tests.unit.operator.world import at, counted, execution, manual, run, scheduled_job, spec

GOOD = Situation(problem=None, complete=False, cronjob="sync", next_firing=at("12:05"))
COMPLETE = Situation(problem=None, complete=True, cronjob=None, next_firing=None)
BAD = Situation(
    problem=Problem(reason="NeverFires", message="It never fires."), complete=False, cronjob=None, next_firing=None
)


def tally(*recent: RecentExecution, executions: int | None = None) -> Tally:
    return Tally(
        executions=len(recent) if executions is None else executions, succeeded=0, failed=0, missed=0, recent=recent
    )


def written(
    asked: Spec,
    found: Tally,
    situation: Situation = GOOD,
    *,
    old: Status | None = None,
    jobs: Sequence[Job] = (),
    ending: Ending | None = None,
    now: str = "12:04:30",
    generation: int = 1,
) -> Status:
    return status.written(
        scheduled_job(asked, old, generation=generation), found, situation, tuple(jobs), ending, at(now)
    )


@pytest.mark.parametrize(
    ("asked", "situation", "jobs", "phase", "ready", "stalled", "complete", "reason"),
    [
        (spec(3), GOOD, [], "Scheduled", "True", "False", "False", "Scheduled"),
        (spec(3), GOOD, [run("12:01")], "Scheduled", "True", "False", "False", "Scheduled"),
        (spec(3), GOOD, [run("12:01", "running")], "Running", "True", "False", "False", "Scheduled"),
        (spec(3), GOOD, [run("12:01", "running", deleting=True)], "Scheduled", "True", "False", "False", "Scheduled"),
        (spec(3), GOOD, [manual("by-hand", "running")], "Running", "True", "False", "False", "Scheduled"),
        (spec(suspend=True), GOOD, [], "Suspended", "True", "False", "False", "Suspended"),
        (spec(suspend=True), GOOD, [run("12:01", "running")], "Running", "True", "False", "False", "Suspended"),
        (spec(3), COMPLETE, [], "Completed", "True", "False", "True", "LimitReached"),
        (spec(3), COMPLETE, [run("12:01", "running")], "Completed", "True", "False", "True", "LimitReached"),
        (spec(3), BAD, [], "Invalid", "False", "True", "False", "NeverFires"),
        (spec(3), BAD, [run("12:01", "running")], "Invalid", "False", "True", "False", "NeverFires"),
    ],
)
def test_says_how_it_stands(
    asked: Spec,
    situation: Situation,
    jobs: Sequence[Job],
    phase: str,
    ready: str,
    stalled: str,
    complete: str,
    reason: str,
) -> None:
    found = written(asked, tally(), situation, jobs=jobs)
    assert found.phase == phase
    assert [(each.type, each.status) for each in found.conditions] == [
        ("Ready", ready),
        ("Stalled", stalled),
        ("Complete", complete),
    ]
    assert found.conditions[0].reason == reason


@pytest.mark.parametrize(
    ("limit", "executions", "column", "remaining"),
    [(3, 0, "0/3", 3), (3, 2, "2/3", 1), (3, 3, "3/3", 0), (2, 3, "3/2", 0), (None, 7, "7", None)],
)
def test_says_how_often_it_ran(limit: int | None, executions: int, column: str, remaining: int | None) -> None:
    found = written(spec(limit), tally(executions=executions))
    assert (found.tally, found.executions, found.remaining) == (column, executions, remaining)


def test_each_condition_names_the_generation_that_it_is_about() -> None:
    found = written(spec(3), tally(), generation=4)
    assert found.observed_generation == 4
    assert {each.observed_generation for each in found.conditions} == {4}


@pytest.mark.parametrize(
    ("before", "after", "since"),
    [
        (GOOD, GOOD, "12:04:30"),
        (GOOD, BAD, "12:09:00"),
        # Another reason is no transition: kubectl wait and its like look at the status.
        (BAD, replace(BAD, problem=Problem(reason="NameTaken", message="")), "12:04:30"),
    ],
)
def test_a_condition_remembers_since_when_it_holds(before: Situation, after: Situation, since: str) -> None:
    old = written(spec(3), tally(), before, now="12:04:30")
    new = written(spec(3), tally(), after, old=old, now="12:09:00")
    ready = new.condition("Ready")
    assert ready is not None
    assert ready.last_transition_time == f"2026-01-05T{since}Z"


def test_the_completion_time_stays_and_goes_with_the_completion() -> None:
    done = written(spec(1), tally(execution("12:01")), COMPLETE, now="12:01:05")
    assert done.completion_time == "2026-01-05T12:01:05Z"
    assert (
        written(spec(1), tally(execution("12:01")), COMPLETE, old=done, now="12:30").completion_time
        == done.completion_time
    )
    assert written(spec(2), tally(execution("12:01")), GOOD, old=done, now="12:30").completion_time is None


def test_nothing_new_is_an_equal_status() -> None:
    found = tally(execution("12:01"))
    jobs = [run("12:01", completed="12:01:20")]
    first = written(spec(3), found, jobs=jobs, now="12:02:00")
    assert written(spec(3), found, jobs=jobs, old=first, now="12:03:00") == first


def test_a_job_that_has_ended_is_told_in_full() -> None:
    ending = Ending(exit_code=0, result={"processed": 4})
    found = written(spec(3), tally(execution("12:01")), jobs=[run("12:01", completed="12:01:20")], ending=ending)
    assert found.last_schedule_time == "2026-01-05T12:01:00Z"
    assert found.last_execution == LastExecution(
        job=run("12:01").name,
        scheduled_time="2026-01-05T12:01:00Z",
        start_time="2026-01-05T12:01:00Z",
        completion_time="2026-01-05T12:01:20Z",
        outcome="succeeded",
        exit_code=0,
        result={"processed": 4},
    )


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        (Ending(exit_code=1, message="RuntimeError: no stock"), "RuntimeError: no stock"),
        (Ending(), "BackoffLimitExceeded: too many"),  # the pod has gone, Kubernetes' own words are left
    ],
)
def test_a_failure_is_told_by_the_runner_or_by_kubernetes(ending: Ending, message: str) -> None:
    job = run("12:01", "failed", message="BackoffLimitExceeded: too many")
    found = written(spec(3), tally(execution("12:01", "failed")), jobs=[job], ending=ending)
    assert found.last_execution is not None
    assert (found.last_execution.outcome, found.last_execution.message) == ("failed", message)


def test_the_last_execution_outlives_its_job() -> None:
    old = written(spec(3), tally(execution("12:01")), jobs=[run("12:01")], ending=Ending(result="kept"))
    assert written(spec(3), tally(execution("12:01")), old=old).last_execution == old.last_execution


def test_the_end_of_a_running_job_that_is_gone_is_unknown() -> None:
    old = written(spec(3), tally(execution("12:01", "running")), jobs=[run("12:01", "running")])
    found = written(spec(3), tally(execution("12:01", "unknown")), old=old)
    assert found.last_execution is not None
    assert found.last_execution.outcome == "unknown"


LAST = LastExecution(job="sync-1", scheduled_time="2026-01-05T12:01:00Z", outcome="succeeded")


@pytest.mark.parametrize(
    ("case", "last", "jobs", "awaited"),
    [
        ("nothing ran", None, [], None),
        ("it runs still", None, [run("12:01", "running")], None),
        ("it has ended", None, [run("12:01")], "12:01"),
        ("it was told", LAST, [run("12:01")], None),
        ("it has ended since", LAST.model_copy(update={"outcome": "running"}), [run("12:01")], "12:01"),
        ("a newer one", LAST, [run("12:01"), run("12:02", "failed")], "12:02"),
        ("only older ones are left", LAST, [run("12:00")], None),
        ("a manual run is none", LAST, [manual("by-hand", created="12:09")], None),
    ],
)
def test_asks_once_for_the_newest_executions_last_words(
    case: str, last: LastExecution | None, jobs: Sequence[Job], awaited: str | None
) -> None:
    found = status.awaited_ending(Status(last_execution=last), tuple(jobs))
    assert (found.name if found else None) == (run(awaited).name if awaited else None), case


def test_what_is_absent_is_left_out_of_the_json() -> None:
    assert counted("12:01").to_json() == {
        "executions": 1,
        "succeeded": 1,
        "failed": 0,
        "missed": 0,
        "recentExecutions": [{"scheduledTime": "2026-01-05T12:01:00Z", "outcome": "succeeded"}],
        "conditions": [],
    }


def test_a_condition_is_found_by_its_type() -> None:
    ready: Literal["Ready"] = "Ready"
    told = Condition(
        type=ready, status="True", reason="Scheduled", message="", last_transition_time="", observed_generation=1
    )
    assert Status(conditions=(told,)).condition("Ready") == told
    assert Status(conditions=(told,)).condition("Stalled") is None
