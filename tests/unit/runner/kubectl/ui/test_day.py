"""The last and the next 24 hours."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from tally.kubectl.ui.day import COLUMNS, HEIGHT, SPAN, STEP, Past, day, remembered

from tests.unit.runner.kubectl.objects import NOON, conditions, recent, scheduled_job

HALF = COLUMNS // 2


def test_what_ran_is_left_of_what_will_run() -> None:
    job = scheduled_job(schedule="0 * * * *", status={"recentExecutions": recent("failed", "succeeded", "running")})
    shown = day([job], remembered([job]), NOON, UTC)
    assert (shown.past, shown.ahead, shown.most) == (3, 24, 3)
    busy = {column.x: [part.outcome for part in column.parts] for column in shown.columns if column.parts}
    assert busy.pop(HALF - 1) == ["succeeded", "failed", "running"]
    assert len(busy) == 24
    assert min(busy) > HALF
    assert all(parts == ["scheduled"] for parts in busy.values())


def test_a_column_says_what_is_in_it_by_the_clock_of_whoever_looks() -> None:
    job = scheduled_job(schedule="0 * * * *", status={"recentExecutions": recent("failed", "succeeded", "succeeded")})
    shown = day([job], remembered([job]), NOON, ZoneInfo("Asia/Tokyo"))
    assert shown.columns[HALF - 1].title == "Mon 2026-03-02 20:30 +09:00: 2 succeeded, 1 failed (sync-products)"
    assert shown.labels == ["21:00", "09:00", "21:00", "09:00", "21:00"]


def test_parts_stand_on_one_another_within_the_drawing() -> None:
    job = scheduled_job(schedule="0 0 1 1 *", status={"recentExecutions": recent(*["succeeded"] * 9, "failed")})
    below, above = day([job], remembered([job]), NOON, UTC).columns[HALF - 1].parts
    assert below.y + below.height == HEIGHT
    assert above.y + above.height == below.y
    assert above.y >= 0


def test_jobs_of_one_schedule_count_each() -> None:
    jobs = [scheduled_job(f"job-{index}", schedule="*/30 * * * *") for index in range(5)]
    shown = day(jobs, [], NOON, UTC)
    assert shown.ahead == 5 * 48
    assert shown.columns[-1].title.endswith(": 5 scheduled (job-0, job-1, job-2, job-3, job-4)")
    many = day([*jobs, scheduled_job("job-5", schedule="*/30 * * * *")], [], NOON, UTC)
    assert many.columns[-1].title.endswith(": 6 scheduled (job-0, job-1, job-2, job-3, job-4 and 1 more)")


def test_what_is_left_is_all_that_will_run() -> None:
    limited = scheduled_job(numberOfExecutions=7, status={"executions": 4})
    resting = scheduled_job("resting", suspend=True)
    complete = scheduled_job("complete", status={"conditions": conditions("Ready", "Complete")})
    invalid = scheduled_job("invalid", schedule="no schedule", status={"conditions": conditions("Stalled")})
    assert day([limited, resting, complete, invalid], [], NOON, UTC).ahead == 3


def test_intervals_count_from_their_own_beginnings() -> None:
    first = scheduled_job("a", schedule="@every 20h", status={"nextScheduleTime": "2026-03-02T13:00:00Z"})
    second = scheduled_job("b", schedule="@every 20h", status={"nextScheduleTime": "2026-03-02T23:00:00Z"})
    shown = day([first, second], [], NOON, UTC)
    assert [column.x for column in shown.columns if column.parts] == [HALF + 1, HALF + 21, HALF + 41]


def test_the_edges_belong_to_the_outermost_columns() -> None:
    edges = [(NOON - SPAN, "succeeded"), (NOON, "failed"), (NOON - SPAN - STEP, "failed"), (NOON + STEP, "failed")]
    past = [Past(at=at, outcome=outcome, name="a") for at, outcome in edges]
    shown = day([], past, NOON, UTC)
    assert {column.x: column.parts[0].outcome for column in shown.columns if column.parts} == {
        0: "succeeded",
        HALF - 1: "failed",
    }


def test_nothing_at_all() -> None:
    shown = day([], [], NOON, UTC)
    assert (shown.past, shown.ahead, shown.most, len(shown.columns)) == (0, 0, 0, 2 * int(SPAN / timedelta(minutes=30)))
