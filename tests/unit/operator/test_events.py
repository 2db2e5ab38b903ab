"""Which change of the status is told as which event, and what one execution costs in writes."""

from dataclasses import replace
from typing import Any

import pytest
from tally_operator import events
from tally_operator.model import Outcome, Status
from tally_operator.observed import Observed
from tally_operator.steps import DeleteJob, Emit, Step

from tests.unit.operator.world import carried_out, counted, cronjob, execution, plan, run, seen, spec, window

R: Outcome = "running"
S: Outcome = "succeeded"
F: Outcome = "failed"
U: Outcome = "unknown"
CRON = cronjob(spec(), window("12:00:30"))


def after(*outcomes: Outcome, **fields: Any) -> Status:  # noqa: ANN401 (the fields of the model)
    """Give the status after executions at 12:01, 12:02, ..., with these outcomes."""
    recent = tuple(execution(f"12:{minute:02}", outcome) for minute, outcome in enumerate(outcomes, 1))
    counts: dict[str, Any] = {
        "executions": len(outcomes),
        "succeeded": outcomes.count("succeeded"),
        "failed": outcomes.count("failed"),
    }
    return Status(recent_executions=recent, **{**counts, **fields})


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        # An ordinary execution is told by nothing but the status.
        ([], [R], []),
        ([R], [S], ["ExecutionSucceeded"]),
        ([S, R], [S, S], []),
        ([S], [S, S], []),
        # A failure is told, and so is what comes after it.
        ([R], [F], ["ExecutionFailed"]),
        ([S, R], [S, F], ["ExecutionFailed"]),
        ([F, R], [F, F], ["ExecutionFailed"]),
        ([F, R], [F, S], ["ExecutionSucceeded"]),
        ([F, S, R], [F, S, S], []),
        ([F, U, R], [F, U, S], ["ExecutionSucceeded"]),
        # What happened while nobody looked is told in its order.
        ([], [F, F, S, S], ["ExecutionFailed", "ExecutionFailed", "ExecutionSucceeded"]),
        ([S, R, R], [S, S, F], ["ExecutionFailed"]),
        # An execution whose end nobody saw is neither a success nor a failure.
        ([R], [U], []),
        ([U], [F], ["ExecutionFailed"]),
    ],
)
def test_what_is_told_of_executions(old: list[Outcome], new: list[Outcome], told: list[str]) -> None:
    assert [each.reason for each in events.told(after(*old), after(*new))] == told


def test_the_first_success_is_told_once_ever() -> None:
    forgotten = Status(succeeded=40, executions=40)
    assert events.told(forgotten, after(S, succeeded=41, executions=41)) == ()


@pytest.mark.parametrize(
    ("exit_code", "message", "says"),
    [
        (1, "RuntimeError: no stock", "A run has failed with exit code 1: RuntimeError: no stock"),
        (None, "DeadlineExceeded: too long", "A run has failed: DeadlineExceeded: too long"),
        (137, None, "A run has failed with exit code 137."),
        (None, None, "A run has failed."),
    ],
)
def test_a_failure_says_how_but_not_when(exit_code: int | None, message: str | None, says: str) -> None:
    new = after(F)
    last = {"job": "sync-1", "outcome": F, "scheduledTime": new.recent_executions[0].scheduled_time}
    new = Status.model_validate({**new.to_json(), "lastExecution": {**last, "exitCode": exit_code, "message": message}})
    (told,) = events.told(after(R), new)
    assert (told.type, told.message) == ("Warning", says)


def test_an_older_failure_is_not_told_in_the_words_of_the_newest() -> None:
    new = after(F, F)
    last = {
        "job": "sync-2",
        "outcome": F,
        "scheduledTime": new.recent_executions[1].scheduled_time,
        "message": "no stock",
    }
    told = events.told(after(R, R), Status.model_validate({**new.to_json(), "lastExecution": last}))
    assert [each.message for each in told] == ["A run has failed.", "A run has failed: no stock"]


def test_a_surplus_job_is_told_when_it_is_deleted_and_not_while_it_goes() -> None:
    full = counted("12:01")
    surplus = run("12:02", "running")
    deleted, told = plan(seen(spec(1), full, jobs=[surplus]), "12:02:01").steps[-2:]
    assert isinstance(deleted, DeleteJob)
    assert isinstance(told, Emit)
    assert told.message == f"Deleted the Job {surplus.name}, made after the limit of 1 was reached."
    going = plan(seen(spec(1), full, jobs=[replace(surplus, deleting=True)]), "12:02:02").steps
    assert not [each for each in going if isinstance(each, DeleteJob) or getattr(each, "reason", "") == told.reason]


@pytest.mark.parametrize(
    ("missed", "says"),
    [
        (1, ["A scheduled time has passed without a run."]),
        (3, ["3 scheduled times have passed without a run."]),
        (0, []),
    ],
)
def test_missed_times_are_told(missed: int, says: list[str]) -> None:
    told = events.told(after(S), after(S, missed=missed))
    assert [(each.type, each.reason, each.message) for each in told] == [
        ("Warning", "MissedSchedule", said) for said in says
    ]


@pytest.mark.parametrize(
    ("recent", "failures"),
    [([], 0), ([S], 0), ([F], 1), ([F, S], 0), ([S, F, F], 2), ([F, U, F, R], 2), ([F] * 12, 12)],
)
def test_failures_in_a_row_end_at_a_success(recent: list[Outcome], failures: int) -> None:
    assert events.failures_in_a_row(after(*recent)) == failures


def test_an_outcome_is_new_once() -> None:
    new = events.newly_ended(after(S, R, R), after(S, F, R, S))
    assert [(each.scheduled_time[11:16], each.outcome) for each in new] == [("12:02", F), ("12:04", S)]


class Course:
    """A ScheduledJob over its executions: counts what is asked of the API server, events as they would be posted."""

    def __init__(self, outcome: Outcome, before: int) -> None:
        self.outcome = outcome
        old = [run(f"11:{minute}", outcome, completed=f"11:{minute}:30") for minute in range(60 - before, 60)]
        slots = [f"11:{minute}" for minute in range(60 - before, 60)]
        status = counted(*slots, outcome=outcome) if before else None
        self.world = seen(spec(), status, cron=cronjob(spec(), window("11:00")), jobs=old, watching_since="11:00")
        self.world = self._settled("11:59:50")

    def execute(self, slot: str) -> list[Step]:
        """Start and end a run, look at it as often as it changes, and give what was written for it."""
        steps: list[Step] = []
        for job, now in (
            (replace(run(slot, "running", created=f"{slot}:00"), started=None), f"{slot}:00"),
            (run(slot, "running", created=f"{slot}:00"), f"{slot}:01"),
            (run(slot, self.outcome, created=f"{slot}:00", completed=f"{slot}:20"), f"{slot}:21"),
        ):
            jobs = [each for each in self.world.jobs if each.name != job.name]
            self.world = replace(self.world, jobs=(*jobs, job))
            steps += self._looked(now)
            assert self._looked(now) == [], "all is as it should be"
        return steps

    def _looked(self, now: str) -> list[Step]:
        found = plan(self.world, now)
        self.world = carried_out(self.world, found.steps, now)
        return list(found.steps)

    def _settled(self, now: str) -> Observed:
        while self._looked(now):
            pass
        return self.world


def test_an_ordinary_execution_costs_three_writes() -> None:
    course = Course("succeeded", before=5)
    for minute in range(1, 6):
        steps = course.execute(f"12:0{minute}")
        assert [type(step).__name__ for step in steps] == ["WriteStatus", "WriteStatus", "DeleteJob"]


def test_a_failing_execution_costs_one_event_more_at_most() -> None:
    course = Course("failed", before=0)
    costs = [[type(step).__name__ for step in course.execute(f"12:0{minute}")] for minute in range(1, 6)]
    # Of the events that come together with a deletion, one in ten minutes is posted: see test_recorder.py.
    assert costs[:3] == [["WriteStatus", "WriteStatus", "Emit"]] * 3
    assert costs[3:] == [["WriteStatus", "WriteStatus", "Emit", "DeleteJob"]] * 2
