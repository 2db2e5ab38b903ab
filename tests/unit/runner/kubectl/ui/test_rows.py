"""What the table shows of one ScheduledJob."""

from datetime import timedelta

from tally.kubectl.ui.rows import row

from tests.unit.runner.kubectl.objects import NOON, conditions, recent, scheduled_job


def test_a_row() -> None:
    status = {"phase": "Running", "recentExecutions": recent("succeeded", "failed", "succeeded", "running")}
    shown = row(scheduled_job(schedule="*/5 * * * *", status=status), NOON)
    assert [mark.sign for mark in shown.marks] == ["✓", "✗", "✓", "▶"]
    assert [mark.outcome for mark in shown.marks] == ["succeeded", "failed", "succeeded", "running"]
    assert shown.summary == "2 succeeded, 1 failed, 1 running"
    assert (shown.words, shown.phase, shown.note) == ("every 5 minutes", "Running", None)
    assert shown.next == NOON.replace(second=0) + timedelta(minutes=5)


def test_a_row_is_right_until_its_next_run() -> None:
    assert row(scheduled_job(), NOON).right_until == NOON + timedelta(seconds=30)


def test_an_operator_that_says_nothing_is_told_a_minute_later() -> None:
    due = {"nextScheduleTime": "2026-03-02T12:00:00Z"}
    waiting = row(scheduled_job(schedule="0 * * * *", status=due), NOON)
    assert (waiting.note, waiting.right_until) == (None, NOON + timedelta(seconds=30))
    assert "the operator has said nothing since" in str(
        row(scheduled_job(schedule="0 * * * *", status=due), NOON + timedelta(seconds=30)).note
    )


def test_what_never_runs_is_right_for_ever() -> None:
    invalid = scheduled_job(
        schedule="so to say", status={"phase": "Invalid", "conditions": conditions("Stalled", message="It is none.")}
    )
    shown = row(invalid, NOON)
    assert (shown.words, shown.next, shown.right_until) == ("", None, None)
    assert "It is none." in str(shown.note)


def test_one_that_nobody_has_seen_yet_is_new() -> None:
    assert row(scheduled_job(status={"phase": ""}), NOON).phase == "New"
