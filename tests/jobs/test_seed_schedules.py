"""Every schedule that the guide to jobs shows is accepted, and fires exactly when the guide says it does."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tally import JobConfig, cron

UTC_ZONE = ZoneInfo("Etc/UTC")
FRIDAY = datetime(2026, 1, 30, 17, 58, tzinfo=UTC_ZONE)

EXPRESSIONS = [
    # Each with what the guide says, and the three times that follow Friday, 30 January 2026, 17:58.
    ("* * * * *", "every minute", ["01-30 17:59", "01-30 18:00", "01-30 18:01"]),
    ("*/5 * * * *", "every 5 minutes", ["01-30 18:00", "01-30 18:05", "01-30 18:10"]),
    ("0 * * * *", "every hour at minute 0", ["01-30 18:00", "01-30 19:00", "01-30 20:00"]),
    ("0 0 * * *", "every day at midnight", ["01-31 00:00", "02-01 00:00", "02-02 00:00"]),
    ("30 2 * * *", "every day at 2:30 AM", ["01-31 02:30", "02-01 02:30", "02-02 02:30"]),
    ("0 0 * * 0", "every Sunday at midnight", ["02-01 00:00", "02-08 00:00", "02-15 00:00"]),
    ("0 9 * * 1", "every Monday at 9 AM", ["02-02 09:00", "02-09 09:00", "02-16 09:00"]),
    ("0 0 1 * *", "first day of every month at midnight", ["02-01 00:00", "03-01 00:00", "04-01 00:00"]),
    ("0 18 * * 1-5", "every weekday at 6 PM", ["01-30 18:00", "02-02 18:00", "02-03 18:00"]),
    ("0 */6 * * *", "every 6 hours", ["01-30 18:00", "01-31 00:00", "01-31 06:00"]),
]


@pytest.mark.parametrize(("schedule", "times"), [pytest.param(one, times, id=said) for one, said, times in EXPRESSIONS])
def test_a_schedule_of_the_guide_fires_when_the_guide_says(schedule: str, times: list[str]) -> None:
    config = JobConfig(name="my-job", schedule=schedule, number_of_executions=3)
    fired, moment = [], FRIDAY
    for _ in times:
        following = cron.parse(config.schedule).next(moment)
        assert following is not None
        fired.append(moment := following)
    assert [f"{each:%m-%d %H:%M}" for each in fired] == times
    assert {each.second for each in fired} == {0}


@pytest.mark.parametrize(
    ("schedule", "executions", "start", "runs"),
    [
        # "Will run ONCE at the next midnight, not now!"
        ("0 0 * * *", 1, "2026-01-30 17:58:20", ["2026-01-31 00:00"]),
        # "Will run once at the next minute"
        ("* * * * *", 1, "2026-01-30 17:58:20", ["2026-01-30 17:59"]),
        # "Will run 3 times (at 0, 5, 10 minutes), then stop"
        ("*/5 * * * *", 3, "2026-01-30 17:58:20", ["2026-01-30 18:00", "2026-01-30 18:05", "2026-01-30 18:10"]),
        # "Run 3 times (next 3 minutes), then stop"
        ("* * * * *", 3, "2026-01-30 17:58:20", ["2026-01-30 17:59", "2026-01-30 18:00", "2026-01-30 18:01"]),
    ],
)
def test_a_limit_counts_scheduled_times_from_the_next_one_on(
    schedule: str, executions: int, start: str, runs: list[str]
) -> None:
    config = JobConfig(name="test-job", schedule=schedule, number_of_executions=executions)
    assert config.number_of_executions is not None
    created = datetime.fromisoformat(start).replace(tzinfo=UTC)
    parsed = cron.parse(config.schedule)
    times = [parsed.nth(created, number) for number in range(1, config.number_of_executions + 1)]
    assert [f"{each:%Y-%m-%d %H:%M}" for each in times if each] == runs
    last = times[-1]
    assert last is not None
    assert parsed.count(created, last) == executions
    assert parsed.count(created, last - timedelta(seconds=1)) == executions - 1


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="number_of_executions"):
        JobConfig(name="test-job", schedule="* * * * *", number_of_executions=limit)
