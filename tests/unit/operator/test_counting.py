"""The count: distinct slots, each once, whatever is seen of them and when."""

from collections.abc import Sequence
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tally import cron
from tally_operator import counting
from tally_operator.counting import Firings
from tally_operator.model import ConcurrencyPolicy, Outcome, Status
from tally_operator.observed import Job

from tests.unit.operator.world import at, counted, execution, manual, maybe_at, run

NOTHING = Status()


def firings(
    after: str = "12:00:30", watching: str = "12:00", last: str | None = None, policy: ConcurrencyPolicy = "Allow"
) -> Firings:
    return Firings(
        schedule=cron.parse("* * * * *"),
        zone=ZoneInfo("Etc/UTC"),
        after=at(after),
        last_started=maybe_at(last),
        watching_since=at(watching),
        policy=policy,
    )


WATCHED = firings()
DOWN_UNTIL_1204 = firings(watching="12:04:30")


@pytest.mark.parametrize(
    ("case", "before", "limit", "jobs", "seen", "executions", "missed", "surplus"),
    [
        ("nothing ran", NOTHING, 3, [], WATCHED, 0, 0, 0),
        ("one ran", NOTHING, 3, [run("12:01")], WATCHED, 1, 0, 0),
        ("a Job that was counted before", counted("12:01"), 3, [run("12:01")], WATCHED, 1, 0, 0),
        ("a counted Job that has gone", counted("12:01"), 3, [], WATCHED, 1, 0, 0),
        ("two at once", NOTHING, 3, [run("12:01"), run("12:02")], WATCHED, 2, 0, 0),
        ("a failed one counts as well", NOTHING, 3, [run("12:01", "failed")], WATCHED, 1, 0, 0),
        ("a manual run does not", NOTHING, 3, [manual("by-hand")], WATCHED, 0, 0, 0),
        ("seen late, after a newer one", counted("12:02"), 3, [run("12:01"), run("12:02")], WATCHED, 2, 0, 0),
        ("the one too many", counted("12:01", "12:02"), 2, [run("12:03")], WATCHED, 2, 0, 1),
        ("two too many", counted("12:01"), 1, [run("12:02"), run("12:03")], WATCHED, 1, 0, 2),
        ("of two new ones the older counts", NOTHING, 1, [run("12:02"), run("12:01")], WATCHED, 1, 0, 1),
        # Gaps.
        ("nobody missed what was before the beginning", NOTHING, 3, [run("12:01")], firings("12:00:30"), 1, 0, 0),
        ("the first was missed", NOTHING, 3, [run("12:02")], WATCHED, 1, 1, 0),
        ("one between was missed", counted("12:01"), 3, [run("12:03")], WATCHED, 2, 1, 0),
        ("nobody watched: it may have run", counted("12:01"), 5, [run("12:03")], DOWN_UNTIL_1204, 3, 0, 0),
        ("nobody watched, no limit: missed", counted("12:01"), None, [run("12:03")], DOWN_UNTIL_1204, 2, 1, 0),
        (
            "nobody watched, but the next one was late: the controller was away",
            *(counted("12:01"), 5, [run("12:03", created="12:03:40")], DOWN_UNTIL_1204, 2, 1, 0),
        ),
        (
            "nobody watched, but Forbid held it back",
            *(counted("12:01"), 5, [run("12:01", completed="12:02:30"), run("12:03")]),
            *(firings(watching="12:04:30", policy="Forbid"), 2, 1, 0),
        ),
        (
            "with Allow a running Job holds nothing back",
            *(counted("12:01"), 5, [run("12:01", completed="12:02:30"), run("12:03")], DOWN_UNTIL_1204, 3, 0, 0),
        ),
        ("a gap never counts beyond the limit", counted("12:01"), 2, [run("12:04")], DOWN_UNTIL_1204, 2, 0, 1),
        # Came and went.
        ("the controller started one that is gone", NOTHING, 3, [], firings(last="12:01"), 1, 0, 0),
        ("and it was counted before", counted("12:01"), 3, [], firings(last="12:01"), 1, 0, 0),
        ("a time that we wrote there is no start", NOTHING, 3, [], firings("12:05:30", last="12:05:30"), 0, 0, 0),
        ("gone, after a gap", counted("12:01"), 3, [], firings(last="12:03"), 2, 1, 0),
        # The memory.
        (
            "a status without its memory",
            *(counted(executions=2, last_schedule_time="2026-01-05T12:02:00Z"), 3, [run("12:01"), run("12:02")]),
            *(WATCHED, 2, 0, 0),
        ),
        ("without a CronJob", counted("12:01"), 3, [run("12:03")], None, 2, 0, 0),
    ],
)
def test_counts(
    case: str,
    before: Status,
    limit: int | None,
    jobs: Sequence[Job],
    seen: Firings | None,
    executions: int,
    missed: int,
    surplus: int,
) -> None:
    tally = counting.count(before, limit, jobs, seen)
    assert (tally.executions, tally.missed, len(tally.surplus)) == (executions, missed, surplus), case


TEN = [f"12:{minute:02}" for minute in range(1, 11)]


def test_what_is_older_than_ten_counted_ones_has_been_counted() -> None:
    assert counting.count(counted(*TEN), None, [run("12:00", created="12:00")], WATCHED).executions == 10


def test_remembers_the_last_ten() -> None:
    tally = counting.count(counted(*TEN), None, [run("12:11")], WATCHED)
    assert (tally.executions, tally.missed) == (11, 0)
    assert [each.scheduled_time[11:16] for each in tally.recent] == [*TEN[1:], "12:11"]


def test_remembers_an_older_one_while_it_runs() -> None:
    before = counted(*TEN[1:], executions=10)
    before = before.model_copy(update={"recent_executions": (execution("12:01", "running"), *before.recent_executions)})
    jobs = [run("12:01", "running"), run("12:11"), run("12:12")]
    tally = counting.count(before, None, jobs, WATCHED)
    assert tally.executions == 12
    assert tally.recent[0].scheduled_time == "2026-01-05T12:01:00Z"
    assert len(tally.recent) == 11


@pytest.mark.parametrize(
    ("known", "job", "outcome", "succeeded", "failed", "seconds"),
    [
        ("running", run("12:01", "running"), "running", 0, 0, None),
        ("running", run("12:01", completed="12:01:42"), "succeeded", 1, 0, 42),
        ("running", run("12:01", "failed", completed="12:01:07"), "failed", 0, 1, 7),
        ("running", None, "unknown", 0, 0, None),  # its Job went before its end was seen
        ("unknown", run("12:01", completed="12:01:42"), "succeeded", 1, 0, 42),
    ],
)
def test_takes_over_how_a_counted_one_ended(
    known: Outcome, job: Job | None, outcome: str, succeeded: int, failed: int, seconds: int | None
) -> None:
    before = counted("12:01", outcome=known)
    tally = counting.count(before, 3, [job] if job else [], WATCHED)
    (told,) = tally.recent
    assert (told.outcome, told.duration_seconds) == (outcome, seconds)
    assert (tally.executions, tally.succeeded, tally.failed) == (1, succeeded, failed)


def test_an_end_that_was_told_is_not_told_again() -> None:
    tally = counting.count(counted("12:01", outcome="succeeded"), 3, [run("12:01", "failed")], WATCHED)
    assert (tally.succeeded, tally.failed) == (1, 0)


def test_the_order_in_which_jobs_are_seen_is_of_no_account() -> None:
    jobs = [run("12:01"), run("12:02", "failed"), run("12:04", "running"), manual("by-hand")]
    tallies = [counting.count(NOTHING, 3, order, WATCHED) for order in permutations(jobs)]
    assert all(tally == tallies[0] for tally in tallies)


@settings(deadline=None)
@given(
    limit=st.none() | st.integers(1, 6),
    looks=st.lists(st.sets(st.integers(1, 15)), min_size=1, max_size=5),
)
def test_looking_again_changes_nothing_and_the_limit_is_kept(limit: int | None, looks: list[set[int]]) -> None:
    status = NOTHING
    for look in looks:
        jobs = [run(f"12:{minute:02}") for minute in sorted(look)]
        tally = counting.count(status, limit, jobs, WATCHED)
        after = _written(status, tally)
        assert after.executions >= status.executions
        assert limit is None or after.executions <= limit
        again = counting.count(after, limit, jobs, WATCHED)
        assert _written(after, again) == after
        status = after


def _written(status: Status, tally: counting.Tally) -> Status:
    return status.model_copy(
        update={
            "executions": tally.executions,
            "succeeded": tally.succeeded,
            "failed": tally.failed,
            "missed": tally.missed,
            "recent_executions": tally.recent,
        }
    )
