"""The window of slots that may start: opened, kept, moved."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tally import cron
from tally_operator import fence
from tally_operator.observed import Window

from tests.unit.operator.world import at, maybe_at, window

UTC = ZoneInfo("Etc/UTC")
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("schedule", "zone", "base", "left", "after", "not_after", "expires"),
    [
        ("* * * * *", "Etc/UTC", "12:00:30", 1, "12:00:30", "12:01", "12:02"),
        ("* * * * *", "Etc/UTC", "12:00:30", 3, "12:00:30", "12:03", "12:04"),
        ("* * * * *", "Etc/UTC", "12:00:00", 1, "12:00:00", "12:01", "12:02"),  # the firing at the base itself is past
        ("* * * * *", "Etc/UTC", "12:00:59.900000", 1, "12:00:59", "12:01", "12:02"),
        ("* * * * *", "Etc/UTC", "12:00:30", None, "12:00:30", None, None),
        # The hour that the clocks skip does not fire, the one that they repeat fires twice.
        ("30 2 * * *", BERLIN, "2026-03-28T12:00", 1, "2026-03-28T12:00", "2026-03-30T00:30", "2026-03-31T00:30"),
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", 1, "2026-10-24T12:00", "2026-10-25T00:30", "2026-10-25T01:30"),
        # Beyond any calendar there is no fence.
        ("0 0 29 2 *", "Etc/UTC", "12:00", 10_000, "12:00", None, None),
        # An interval's firings shift by the seconds until the CronJob exists: half an interval of slack.
        ("@every 10m", "Etc/UTC", "12:00", 2, "12:00", "12:25", "12:35"),
    ],
)
def test_opens_for_as_many_firings_as_executions_are_left(
    schedule: str, zone: str, base: str, left: int | None, after: str, not_after: str | None, expires: str | None
) -> None:
    opened = fence.opened(cron.parse(schedule), ZoneInfo(zone), at(base), left)
    assert (opened.after, opened.not_after, opened.expires) == (at(after), maybe_at(not_after), maybe_at(expires))


THREE = window("12:00:30", "12:03", "12:04")


@pytest.mark.parametrize(
    ("case", "newest", "left", "now", "kept"),
    [
        ("nothing has run yet", None, 3, "12:00:59", THREE),
        ("each execution uses up one firing", "12:01", 2, "12:01:01", THREE),
        ("two of three", "12:02", 1, "12:02:01", THREE),
        ("a firing seems to be missed: it may come yet", None, 3, "12:03:59", THREE),
        (
            "a later one has run, so this one was missed",
            "12:02",
            2,
            "12:02:01",
            window("12:02", "12:04", "12:05"),
        ),
        ("all were missed", None, 3, "12:04:00", window("12:03", "12:06", "12:07")),
        ("the last was missed", "12:02", 1, "12:04:02", window("12:03", "12:04", "12:05")),
        ("missed for long: only the newest may start late", None, 3, "12:10:30", window("12:09", "12:12", "12:13")),
        ("the limit was raised", "12:01", 4, "12:01:01", window("12:01", "12:05", "12:06")),
        ("the limit was lowered", "12:01", 1, "12:01:01", window("12:01", "12:02", "12:03")),
        ("the limit was taken away", "12:01", None, "12:01:01", window("12:01")),
    ],
)
def test_keeps_its_window_unless_a_slot_was_missed_or_the_limit_changed(
    case: str, newest: str | None, left: int | None, now: str, kept: Window
) -> None:
    found = fence.kept(
        THREE,
        cron.parse("* * * * *"),
        UTC,
        newest=maybe_at(newest),
        anchor=at(newest or "12:00:30"),
        remaining=left,
        now=at(now),
    )
    assert found == kept, case


def test_a_fence_that_is_missing_opens_anew_from_now() -> None:
    found = fence.kept(
        None, cron.parse("* * * * *"), UTC, newest=at("12:01"), anchor=at("12:01"), remaining=1, now=at("12:05:20")
    )
    assert found == window("12:05:20", "12:06", "12:07")


@pytest.mark.parametrize(
    ("newest", "left", "moves"),
    [
        ("12:10:04", 1, False),  # a CronJob that was made four seconds later
        ("12:14:00", 1, False),
        ("12:20:00", 2, True),  # the one of 12:10 was missed
    ],
)
def test_an_interval_shifts_within_its_slack(newest: str, left: int, moves: bool) -> None:
    every = cron.parse("@every 10m")
    two = fence.opened(every, UTC, at("12:00"), 2)
    found = fence.kept(two, every, UTC, newest=at(newest), anchor=at(newest), remaining=left, now=at("12:21"))
    assert (found != two) is moves


@pytest.mark.parametrize(
    ("slot", "created", "open_"),
    [
        ("12:00", "12:01", False),  # passed when the schedule began
        ("12:00:30", "12:01", False),
        ("12:01", "12:01", True),
        ("12:03", "12:03:59", True),  # late, but within
        ("12:03", "12:04", False),  # too late
        ("12:04", "12:03:59", False),  # one too many
    ],
)
def test_is_open_for_what_the_admission_policy_lets_in(slot: str, created: str, open_: bool) -> None:
    assert fence.is_open_for(THREE, at(slot), at(created)) is open_


SCHEDULES = ("* * * * *", "*/7 3-9 * * *", "30 2 * * *", "0 0 1 * 1", "15 1 */2 * 0", "@hourly")


@settings(deadline=None, max_examples=50)
@given(
    schedule=st.sampled_from(SCHEDULES),
    zone=st.sampled_from(("Etc/UTC", BERLIN, "America/Havana", "Australia/Lord_Howe", "Africa/Cairo")),
    minutes=st.integers(0, 2 * 365 * 24 * 60),
    seconds=st.integers(0, 59),
    left=st.integers(1, 20),
)
def test_admits_exactly_the_executions_left(schedule: str, zone: str, minutes: int, seconds: int, left: int) -> None:
    parsed, local = cron.parse(schedule), ZoneInfo(zone)
    base = at("12:00") + timedelta(minutes=minutes, seconds=seconds)
    opened = fence.opened(parsed, local, base, left)
    firing = parsed.next((base - timedelta(minutes=5)).astimezone(local))
    admitted = 0
    for _ in range(left + 10):
        assert firing is not None
        admitted += fence.is_open_for(opened, firing, max(base, firing))
        firing = parsed.next(firing)
    assert admitted == left
