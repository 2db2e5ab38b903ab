"""nth and count beside what they stand for, the firings one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tally.cron import Schedule, parse

ODD_ZONES = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Havana",
    "America/Santiago",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
)
zones = st.sampled_from([*ODD_ZONES, "Etc/UTC"]).map(ZoneInfo)
FIELDS = (
    ["*", "0", "30", "50", "*/5", "*/20", "1-3"],
    ["*", "0", "1", "2", "3", "12", "23", "*/6", "0-3"],
    ["*", "1", "29", "31", "*/2", "13,25"],
    ["*", "2", "3-4", "9-11", "*/5"],
    ["*", "0", "5", "mon-fri", "*/2"],
)
schedules = st.tuples(*map(st.sampled_from, FIELDS)).map(" ".join).map(parse)
instants = st.datetimes(min_value=datetime(1975, 1, 1), max_value=datetime(2150, 1, 1))  # noqa: DTZ001 - a zone is given


def _stepped(schedule: Schedule, after: datetime, n: int) -> list[datetime]:
    firings: list[datetime] = []
    instant: datetime | None = after
    while len(firings) < n and instant and (instant := schedule.next(instant)):
        firings.append(instant)
    return firings


@settings(deadline=None)
@given(schedules, zones, instants, st.integers(1, 300))
@example(parse("50 3 * * *"), ZoneInfo("Pacific/Chatham"), datetime(2025, 4, 5), 3)  # noqa: DTZ001
@example(parse("*/5 0-3 * * *"), ZoneInfo("Africa/Cairo"), datetime(2025, 4, 24), 100)  # noqa: DTZ001
@example(parse("0 0 29 2 *"), ZoneInfo("Etc/UTC"), datetime(2090, 1, 1), 3)  # noqa: DTZ001
def test_nth_is_next_n_times(schedule: Schedule, zone: ZoneInfo, naive: datetime, n: int) -> None:
    after = naive.replace(tzinfo=zone)
    firings = _stepped(schedule, after, n)
    expected = firings[-1] if len(firings) == n else None
    found = schedule.nth(after, n)
    assert (found and (found.astimezone(UTC), found.fold)) == (expected and (expected.astimezone(UTC), expected.fold))


@settings(deadline=None)
@given(schedules, zones, instants, st.integers(1, 300))
def test_firings_rise(schedule: Schedule, zone: ZoneInfo, naive: datetime, n: int) -> None:
    after = naive.replace(tzinfo=zone)
    instants = [instant.astimezone(UTC) for instant in [after, *_stepped(schedule, after, n)]]
    assert instants == sorted(set(instants))


@settings(deadline=None)
@given(schedules, zones, instants, st.integers(1, 5_000))
def test_count_undoes_nth(schedule: Schedule, zone: ZoneInfo, naive: datetime, n: int) -> None:
    after = naive.replace(tzinfo=zone)
    if (found := schedule.nth(after, n)) is not None:
        until = found.astimezone(UTC)
        assert schedule.count(after, until) == n
        assert schedule.count(after, until - timedelta(seconds=1)) == n - 1


@settings(deadline=None)
@given(schedules, zones, instants, st.timedeltas(timedelta(0), timedelta(days=400)), st.integers(0, 10**9))
def test_counts_of_two_halves_add_up(
    schedule: Schedule, zone: ZoneInfo, naive: datetime, span: timedelta, seconds: int
) -> None:
    # From a firing on, since a search that begins elsewhere may find other firings near a change of the clocks.
    after = schedule.next(naive.replace(tzinfo=zone))
    if after is None or (middle := schedule.nth(after, 1 + seconds % 50)) is None:
        return
    until = (middle.astimezone(UTC) + span).astimezone(zone)
    assert schedule.count(after, until) == schedule.count(after, middle) + schedule.count(middle, until)


@pytest.mark.parametrize("expression", ["0 0 * * *", "30 3 1 * *", "0 12 * * mon-fri", "50 3 1 4 *"])
@pytest.mark.parametrize("zone", ["Etc/UTC", "Africa/Cairo", "Pacific/Chatham", "Australia/Lord_Howe"])
def test_the_leap_over_four_hundred_years_lands_on_a_firing_one_by_one(expression: str, zone: str) -> None:
    schedule, after = parse(expression), datetime(2110, 1, 1, tzinfo=ZoneInfo(zone))
    n = schedule.count(after, datetime(2999, 1, 1, tzinfo=UTC))
    leapt = schedule.nth(after, n)
    walked: datetime | None = after
    for _ in range(n // 1000):
        walked = walked and schedule.nth(walked, 1000)  # short of the leap
    walked = walked and (schedule.nth(walked, n % 1000) if n % 1000 else walked)
    assert leapt is not None
    assert leapt == walked


def test_a_count_without_firings_is_nothing() -> None:
    noon = datetime(2025, 1, 1, 12, tzinfo=UTC)
    for expression in ("* * * * *", "@every 1m", "0 0 31 2 *"):
        assert parse(expression).count(noon, noon) == 0
        assert parse(expression).count(noon, noon - timedelta(days=1)) == 0
