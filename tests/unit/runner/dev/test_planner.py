"""What starts, what waits and what is missed, as tables: instants of one day, in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from tally.config import JobConfig
from tally.dev.planner import Missed, Record, Standing, plan, take_up

DAY = "2026-03-10"


def at(time: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}T{time}").replace(tzinfo=UTC)


def standing(taken_up: str = "11:59:30", executions: int = 0, waiting: str | None = None, **fields: object) -> Standing:
    config = JobConfig(**cast("Any", {"name": "sync", "schedule": "* * * * *", **fields}))
    return Standing(
        config=config,
        anchor=at(taken_up).replace(second=0),
        after=at(taken_up),
        executions=executions,
        waiting=at(waiting) if waiting else None,
    )


def told(
    before: Standing, now: str, *, running: bool = False
) -> tuple[list[str], list[tuple[str, int, str]], Standing]:
    decided = plan([before], {"sync"} if running else set(), at(now))
    starts = [f"{start.slot:%H:%M}" + (" replaces" if start.replaces else "") for start in decided.starts]
    missed: list[tuple[str, int, str]] = [(f"{each.slot:%H:%M}", each.count, each.reason) for each in decided.missed]
    return starts, missed, decided.standings[0]


@pytest.mark.parametrize(
    ("fields", "now", "starts", "missed"),
    [
        ({}, "11:59:59", [], []),
        ({}, "12:00:00", ["12:00"], []),
        ({}, "12:00:59", ["12:00"], []),
        # The grace is a minute: the newest one starts, late, those before it do not.
        ({"schedule": "0 * * * *"}, "12:01:00", ["12:00"], []),
        ({"schedule": "0 * * * *"}, "12:01:01", [], [("12:00", 1, "late")]),
        ({}, "12:05:30", ["12:05"], [("12:00", 5, "late")]),
        ({"schedule": "0 * * * *"}, "15:30:00", [], [("12:00", 4, "late")]),
        # The job's own deadline, shorter or longer.
        ({"starting_deadline_seconds": 10}, "12:00:10", ["12:00"], []),
        ({"starting_deadline_seconds": 10}, "12:00:11", [], [("12:00", 1, "late")]),
        ({"starting_deadline_seconds": 0}, "12:00:00.9", ["12:00"], []),
        ({"starting_deadline_seconds": 0}, "12:00:01", [], [("12:00", 1, "late")]),
        ({"starting_deadline_seconds": 7200, "schedule": "0 * * * *"}, "13:30:00", ["13:00"], [("12:00", 1, "late")]),
        # Nothing is missed by a job that rests or is done.
        ({"suspend": True}, "12:05:30", [], []),
        ({"number_of_executions": 2, "executions": 2}, "12:05:30", [], []),
        ({"number_of_executions": 2, "executions": 1}, "12:00:00", ["12:00"], []),
        # The zone is the job's: Kathmandu is 5 h 45 min ahead.
        ({"schedule": "45 17 * * *", "time_zone": "Asia/Kathmandu"}, "12:00:00", ["12:00"], []),
        # @every counts from the whole minute in which it was taken up.
        ({"schedule": "@every 5m"}, "12:03:59", [], []),
        ({"schedule": "@every 5m"}, "12:04:00", ["12:04"], []),
        ({"schedule": "@every 5m"}, "12:15:00", ["12:14"], [("12:04", 2, "late")]),
    ],
)
def test_what_is_due(fields: dict[str, Any], now: str, starts: list[str], missed: list[tuple[str, int, str]]) -> None:
    assert told(standing(**fields), now)[:2] == (starts, missed)


@pytest.mark.parametrize(
    ("policy", "starts", "waiting"),
    [("Forbid", [], at("12:00:00")), ("Allow", ["12:00"], None), ("Replace", ["12:00 replaces"], None)],
)
def test_what_an_earlier_run_does_to_the_next(policy: str, starts: list[str], waiting: datetime | None) -> None:
    decided, missed, after = told(standing(concurrency_policy=policy), "12:00:00", running=True)
    assert (decided, missed, after.waiting) == (starts, [], waiting)


@pytest.mark.parametrize("policy", ["Forbid", "Allow", "Replace"])
def test_without_an_earlier_run_no_policy_replaces_anything(policy: str) -> None:
    assert told(standing(concurrency_policy=policy), "12:00:00")[0] == ["12:00"]


@pytest.mark.parametrize(
    ("fields", "now", "running", "starts", "missed", "waiting"),
    [
        ({}, "12:00:40", True, [], [], "12:00"),
        ({}, "12:00:40", False, ["12:00"], [], None),
        ({"schedule": "0 * * * *"}, "12:55:00", False, ["12:00"], [], None),  # however late, as a native CronJob
        ({"starting_deadline_seconds": 30}, "12:00:31", False, [], [("12:00", 1, "busy")], None),
        ({"starting_deadline_seconds": 30}, "12:00:30", False, ["12:00"], [], None),
        ({}, "12:01:00", True, [], [("12:00", 1, "busy")], "12:01"),  # only the newest one waits
        ({}, "12:01:00", False, ["12:01"], [("12:00", 1, "busy")], None),
        ({}, "12:07:00", True, [], [("12:00", 1, "busy"), ("12:01", 6, "late")], "12:07"),
        ({"schedule": "0 * * * *"}, "13:30:00", True, [], [("12:00", 1, "busy"), ("13:00", 1, "late")], None),
        ({"suspend": True}, "12:00:40", False, [], [], None),
        ({"number_of_executions": 1, "executions": 1}, "12:00:40", False, [], [], None),
    ],
)
def test_what_waits_under_forbid(
    fields: dict[str, Any],
    now: str,
    running: bool,
    starts: list[str],
    missed: list[tuple[str, int, str]],
    waiting: str | None,
) -> None:
    decided, passed, after = told(standing("12:00:00", waiting="12:00:00", **fields), now, running=running)
    assert (decided, passed) == (starts, missed)
    assert after.waiting == (at(waiting) if waiting else None)


def test_a_start_counts_and_is_not_planned_twice() -> None:
    _, _, after = told(standing(number_of_executions=1), "12:00:00")
    assert after.executions == 1
    assert after.complete
    assert told(after, "12:00:00")[0] == []
    assert told(after, "12:01:00")[0] == []


def test_a_clock_that_is_set_back_starts_nothing_again() -> None:
    _, _, after = told(standing(), "12:00:00")
    for now in ("11:59:00", "12:00:00", "12:00:30"):
        assert told(after, now)[:2] == ([], [])
    assert told(after, "12:01:00")[0] == ["12:01"]


def test_it_looks_again_when_the_first_of_all_jobs_is_due() -> None:
    hourly = standing(schedule="0 * * * *")
    quarters = standing(name="quarters", schedule="*/15 * * * *")
    resting = standing(name="resting", suspend=True)
    assert plan([hourly, quarters, resting], set(), at("12:00:00")).look_again_at == at("12:15:00")
    assert plan([resting], set(), at("12:00:00")).look_again_at is None


RECORD = Record(anchor=at("09:00:00"), executions=2, newest=at("11:00:00"))


def test_a_job_that_is_taken_up_starts_nothing_that_has_passed() -> None:
    config = JobConfig(name="sync", schedule="* * * * *")
    taken = take_up(config, RECORD, at("12:00:00"))
    assert (taken.executions, taken.next_slot) == (2, at("12:01:00"))
    # After the clock was set back, what had run does not run again.
    assert take_up(config, RECORD, at("10:00:00")).next_slot == at("11:01:00")
    # An @every keeps its rhythm over a restart.
    assert take_up(JobConfig(name="sync", schedule="@every 50m"), RECORD, at("12:00:00")).next_slot == at("12:20:00")


@pytest.mark.parametrize(
    "change", [{"schedule": "*/2 * * * *"}, {"time_zone": "Asia/Tokyo"}, {"suspend": True}, {"number_of_executions": 9}]
)
def test_a_changed_rule_lets_pass_what_was_due(change: dict[str, Any]) -> None:
    before = standing("11:50:00", waiting="11:50:00")
    config = JobConfig(**{"name": "sync", "schedule": "* * * * *", **change})
    taken = take_up(config, RECORD, at("12:00:30"), before)
    assert (taken.after, taken.waiting, taken.executions) == (at("12:00:30"), None, 2)
    assert plan([taken], set(), at("12:00:30")).starts == ()


def test_any_other_change_lets_the_waiting_one_wait() -> None:
    before = standing("11:50:00", waiting="11:50:00")
    config = JobConfig(name="sync", schedule="* * * * *", retries=3)
    assert take_up(config, RECORD, at("11:50:30"), before) == Standing(
        config=config, anchor=before.anchor, after=before.after, executions=0, waiting=before.waiting
    )


def test_raising_the_limit_resumes_for_the_difference() -> None:
    before = standing(number_of_executions=2, executions=2)
    raised = JobConfig(name="sync", schedule="* * * * *", number_of_executions=3)
    taken = take_up(raised, RECORD, at("12:30:10"), before)
    starts, missed, after = told(taken, "12:31:00")
    assert (starts, missed, after.complete) == (["12:31"], [], True)


def test_years_of_sleep_are_counted_at_once() -> None:
    before = standing()
    decided = plan([before], set(), at("12:00:00") + timedelta(days=3650, minutes=5))
    assert decided.missed == (Missed(name="sync", slot=at("12:00:00"), count=3650 * 1440 + 5, reason="late"),)
