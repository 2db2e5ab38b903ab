"""What will run when, over many ScheduledJobs, and how it is drawn."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tally.kubectl.forecast import Forecast, forecast, in_columns, step_of
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.timeline import shown

from tests.unit.runner.kubectl.objects import NOON, conditions, scheduled_job
from tests.unit.runner.kubectl.screen import in_pipe, lines_on_terminal

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def ahead(*jobs: ScheduledJob, span: timedelta = DAY, now: datetime = NOON) -> Forecast:
    return forecast(jobs, now, span)


def test_every_firing_of_the_span() -> None:
    (line,) = ahead(scheduled_job(schedule="0 */8 * * *")).lines
    assert line.times == [
        datetime(2026, 3, 2, 16, tzinfo=UTC),
        datetime(2026, 3, 3, 0, tzinfo=UTC),
        datetime(2026, 3, 3, 8, tzinfo=UTC),
    ]


def test_the_end_belongs_to_the_span() -> None:
    at_one = scheduled_job(schedule="0 13 * * *")
    assert len(ahead(at_one, span=timedelta(minutes=59, seconds=30)).lines) == 1
    assert ahead(at_one, span=timedelta(minutes=59, seconds=29)).lines == []


def test_jobs_of_one_schedule_end_at_their_own_limits() -> None:
    limited = scheduled_job("limited", schedule="0 * * * *", numberOfExecutions=3, status={"executions": 1})
    found = ahead(scheduled_job(schedule="0 * * * *"), limited)
    assert [len(line.times) for line in found.lines] == [24, 2]


def test_a_night_in_which_the_clock_goes_back_has_both_hours() -> None:
    night = datetime(2026, 10, 24, 22, tzinfo=UTC)
    (line,) = ahead(scheduled_job(schedule="30 2 * * *", timeZone="Europe/Berlin"), now=night).lines
    assert [f"{time:%H:%M}" for time in line.times] == ["00:30", "01:30"]


def test_an_interval_counts_from_what_the_operator_says() -> None:
    every = scheduled_job(schedule="@every 8h", status={"nextScheduleTime": "2026-03-02T13:00:00Z"})
    (line,) = ahead(every).lines
    assert [f"{time:%d %H:%M}" for time in line.times] == ["02 13:00", "02 21:00", "03 05:00"]


def test_what_does_not_run_by_itself_is_idle() -> None:
    resting = scheduled_job("resting", suspend=True)
    done = scheduled_job("done", status={"conditions": conditions("Complete")})
    invalid = scheduled_job("invalid", status={"conditions": conditions("Stalled")})
    later = scheduled_job("later", schedule="0 0 1 1 *")
    found = ahead(resting, done, invalid, later)
    assert found.lines == []
    lines = in_pipe(shown(found, UTC, 80, "utf-8")).splitlines()
    assert lines[2:] == [
        "Nothing runs by itself.",
        "",
        "Not in this time: resting (suspended), done (completed), invalid (invalid), later (later).",
    ]


def test_the_minutes_in_which_most_start() -> None:
    hourly = [scheduled_job(f"hourly-{number}", schedule="0 * * * *") for number in range(3)]
    daily = [scheduled_job(f"daily-{number}", schedule="0 3 * * *", timeZone="Europe/Berlin") for number in range(2)]
    meetings = ahead(*hourly, *daily, scheduled_job("alone", schedule="7 * * * *")).meetings
    assert len(meetings) == 5
    assert meetings[0].minute == datetime(2026, 3, 3, 2, tzinfo=UTC)
    assert [job.name for job in meetings[0].jobs] == ["hourly-0", "hourly-1", "hourly-2", "daily-0", "daily-1"]
    assert [len(each.jobs) for each in meetings[1:]] == [3, 3, 3, 3]


def test_where_none_meet_there_is_no_fullest_minute() -> None:
    assert ahead(scheduled_job(schedule="1 * * * *"), scheduled_job("other", schedule="2 * * * *")).meetings == []


def test_a_change_of_the_clock_is_told_two_weeks_ahead() -> None:
    nightly = scheduled_job(schedule="30 2 * * *", timeZone="Europe/Berlin")
    assert ahead(nightly).clock_changes == []
    found = ahead(nightly, now=datetime(2026, 3, 16, tzinfo=UTC))
    assert [(each.zone, each.change.scheduled, each.change.firings) for each in found.clock_changes] == [
        ("Europe/Berlin", 1, 0)
    ]
    assert (
        "! sync-products: in Europe/Berlin the clock goes forward on 2026-03-29 from 02:00 to 03:00: "
        "1 time scheduled that day, no runs"
    ) in in_pipe(shown(found, BERLIN, 80, "utf-8"))


@pytest.mark.parametrize(
    ("span", "columns", "minutes"),
    [(24 * 60, 24, 60), (24 * 60, 40, 60), (90, 90, 1), (90, 89, 2), (31 * 1440, 31, 1440)],
)
def test_a_column_stands_for_a_round_time(span: int, columns: int, minutes: int) -> None:
    assert step_of(timedelta(minutes=span), columns) == timedelta(minutes=minutes)


def test_times_go_into_their_columns() -> None:
    start, minute = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=1)
    times = [start, start + minute * 9, start + minute * 10, start + minute * 30]
    assert in_columns(times, start, minute * 10, 3) == [2, 1, 1]


def test_the_timeline_at_eighty_columns() -> None:
    jobs = (
        scheduled_job(schedule="*/5 * * * *"),
        scheduled_job("reports", schedule="0 9,17 * * *", timeZone="Europe/Berlin"),
    )
    lines = lines_on_terminal(shown(ahead(*jobs), BERLIN, 80, "utf-8"), 80)
    assert lines[:6] == [
        "The next 1 d, until Tue 2026-03-03 13:00 +01:00; a column is 30 min.",
        "",
        "NAME           13:00 16:00 19:00 22:00 01:00 04:00 07:00 10:00    RUNS",
        "sync-products  ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▁  288",
        "reports        ········▁·······························▁········  2",
        "ALL            ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▁  290",
    ]


def test_an_axis_of_days_names_each_at_its_first_column() -> None:
    hourly = scheduled_job(schedule="0 0 * * *")
    lines = lines_on_terminal(shown(ahead(hourly, span=timedelta(days=7)), UTC, 80, "utf-8"), 80)
    axis, bars = lines[2], lines[3]
    for day in ("03-03", "03-04", "03-08"):
        assert bars[axis.index(day)] == "▁"


def test_a_timeline_of_a_terminal_without_unicode() -> None:
    lines = in_pipe(shown(ahead(scheduled_job(schedule="0 */2 * * *")), UTC, 60, "ascii")).splitlines()
    assert set(lines[3].split()[1]) == {".", "1"}


def test_a_thousand_jobs_of_a_few_schedules() -> None:
    jobs = [scheduled_job(f"job-{number}", schedule=f"*/{5 + number % 10} * * * *") for number in range(1000)]
    found = ahead(*jobs, span=timedelta(hours=2))
    assert len(found.lines) == len(found.meetings[0].jobs) == 1000
