"""What a change of the clock does to a schedule, the CronJob controller's oddities included."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tally.cron.changes import changes

YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "told"),
    [
        ("30 2 * * *", "Europe/Berlin", [("2026-03-29", 1, 0), ("2026-10-25", 1, 2)]),
        ("*/5 * * * *", "Europe/Berlin", [("2026-03-29", 288, 276), ("2026-10-25", 288, 300)]),
        ("30 2,14 * * *", "Europe/Berlin", [("2026-03-29", 2, 1), ("2026-10-25", 2, 3)]),
        ("0 9 * * *", "Europe/Berlin", []),
        ("30 2 * * 1", "Europe/Berlin", []),  # clocks change on Sundays
        ("30 2 * * *", "Etc/UTC", []),
        ("@every 5m", "Europe/Berlin", []),  # it knows no clock
        ("0 0 * * *", "Africa/Cairo", [("2026-04-24", 1, 0)]),  # midnight does not exist
        ("0 0 * * *", "Atlantic/Azores", [("2026-03-29", 1, 0), ("2026-10-25", 1, 2)]),
        # Half an hour forward: robfig fires half past one, which exists, on both sides of it.
        ("30 1 * * *", "Australia/Lord_Howe", [("2026-04-05", 1, 2), ("2026-10-04", 1, 2)]),
    ],
)
def test_the_days_on_which_a_schedule_fires_otherwise(
    expression: str, zone: str, told: list[tuple[str, int, int]]
) -> None:
    found = changes(expression, ZoneInfo(zone), *YEAR)
    assert [(f"{change.after:%Y-%m-%d}", change.scheduled, change.firings) for change in found] == told


def test_the_walls_and_the_instant_of_a_change() -> None:
    spring, autumn = changes("30 2 * * *", ZoneInfo("Europe/Berlin"), *YEAR)
    assert (spring.at, spring.before.hour, spring.after.hour) == (datetime(2026, 3, 29, 1, tzinfo=UTC), 2, 3)
    assert (autumn.at, autumn.before.hour, autumn.after.hour) == (datetime(2026, 10, 25, 1, tzinfo=UTC), 3, 2)


def test_only_changes_between_the_two_instants() -> None:
    zone, spring = ZoneInfo("Europe/Berlin"), datetime(2026, 3, 29, 1, tzinfo=UTC)
    before, after = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, 1, tzinfo=UTC)
    assert len(changes("30 2 * * *", zone, before, spring)) == 1
    assert changes("30 2 * * *", zone, spring, after) == []
    assert changes("30 2 * * *", zone, YEAR[0], before) == []
