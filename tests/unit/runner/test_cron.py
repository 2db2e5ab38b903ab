"""What cron expressions mean: a table of known firings, and what is said about wrong expressions.

tests/differential compares with the CronJob controller's own library; these are the cases to read.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from tally.cron import parse

# Local times of the zone, yy-mm-dd hh:mm; "b" is the second time that a clock shows it.
FIRINGS = [
    # expression, zone, after, and the next three
    # what the fields mean
    ("*/5 * * * *", "Etc/UTC", "25-03-01 12:00", "25-03-01 12:05", "25-03-01 12:10", "25-03-01 12:15"),
    ("7/20 * * * *", "Etc/UTC", "25-03-01 12:00", "25-03-01 12:07", "25-03-01 12:27", "25-03-01 12:47"),
    ("0 22-23,0-3 * * *", "Etc/UTC", "25-03-01 22:30", "25-03-01 23:00", "25-03-02 00:00", "25-03-02 01:00"),
    ("0 9 * JAN-mar Mon", "Etc/UTC", "25-03-28 12:00", "25-03-31 09:00", "26-01-05 09:00", "26-01-12 09:00"),
    ("1,,2 * * * *", "Etc/UTC", "25-03-01 12:00", "25-03-01 12:01", "25-03-01 12:02", "25-03-01 13:01"),
    ("0 0 *-5 * *", "Etc/UTC", "25-03-01 12:00", "25-03-02 00:00", "25-03-03 00:00", "25-03-04 00:00"),
    ("@weekly", "Etc/UTC", "25-03-01 00:00", "25-03-02 00:00", "25-03-09 00:00", "25-03-16 00:00"),
    ("@yearly", "Etc/UTC", "25-03-01 00:00", "26-01-01 00:00", "27-01-01 00:00", "28-01-01 00:00"),
    ("@hourly", "Asia/Kolkata", "25-03-01 00:15", "25-03-01 01:00", "25-03-01 02:00", "25-03-01 03:00"),
    # either day field is enough, unless one has the star flag; */2 has none
    ("0 0 13 * 5", "Etc/UTC", "25-06-01 00:00", "25-06-06 00:00", "25-06-13 00:00", "25-06-20 00:00"),
    ("0 0 */10 * 1", "Etc/UTC", "25-06-01 00:00", "25-06-02 00:00", "25-06-09 00:00", "25-06-11 00:00"),
    ("0 0 13 * */1", "Etc/UTC", "25-06-01 00:00", "25-06-13 00:00", "25-07-13 00:00", "25-08-13 00:00"),
    ("0 0 13 * ?", "Etc/UTC", "25-06-01 00:00", "25-06-13 00:00", "25-07-13 00:00", "25-08-13 00:00"),
    # short months; five years are too few to step over the year 2100
    ("0 0 31 * *", "Etc/UTC", "25-01-31 00:00", "25-03-31 00:00", "25-05-31 00:00", "25-07-31 00:00"),
    ("0 0 29 2 *", "Etc/UTC", "89-01-01 00:00", "92-02-29 00:00", "96-02-29 00:00", "never"),
    ("0 0 31 2 *", "Etc/UTC", "25-01-01 00:00", "never", "never", "never"),
    (", * * * *", "Etc/UTC", "25-01-01 00:00", "never", "never", "never"),
    # a skipped hour does not run, a repeated one runs twice
    ("30 2 * * *", "Europe/Berlin", "25-03-29 00:00", "25-03-29 02:30", "25-03-31 02:30", "25-04-01 02:30"),
    ("30 2 * * *", "Europe/Berlin", "25-10-25 12:00", "25-10-26 02:30", "25-10-26 02:30b", "25-10-27 02:30"),
    ("0 * * * *", "Europe/Berlin", "25-10-26 01:30", "25-10-26 02:00", "25-10-26 02:00b", "25-10-26 03:00"),
    ("*/30 2 * * *", "Europe/Berlin", "25-10-26 02:15", "25-10-26 02:30", "25-10-26 02:00b", "25-10-26 02:30b"),
    ("30 23 * * *", "America/Santiago", "25-04-05 12:00", "25-04-05 23:30", "25-04-05 23:30b", "25-04-06 23:30"),
    ("30 0 26 * *", "Atlantic/Azores", "25-10-25 12:00", "25-10-26 00:30", "25-10-26 00:30b", "25-11-26 00:30"),
    ("30 1 * * *", "Antarctica/Troll", "25-10-25 12:00", "25-10-26 01:30", "25-10-26 01:30b", "25-10-27 01:30"),
    # midnight does not exist: the whole day may be lost
    ("0 12 * * *", "Africa/Cairo", "25-04-24 00:00", "25-04-24 12:00", "25-04-25 12:00", "25-04-26 12:00"),
    ("0 12 25 * *", "Africa/Cairo", "25-04-24 00:00", "25-05-25 12:00", "25-06-25 12:00", "25-07-25 12:00"),
    ("0 12 * * fri", "Africa/Cairo", "25-04-24 00:00", "25-05-02 12:00", "25-05-09 12:00", "25-05-16 12:00"),
    ("0 12 30 * *", "Asia/Beirut", "25-03-29 00:00", "25-04-30 12:00", "25-05-30 12:00", "25-06-30 12:00"),
    ("0 0 * * *", "America/Havana", "25-03-08 12:00", "25-03-10 00:00", "25-03-11 00:00", "25-03-12 00:00"),
    ("0 12 7 * *", "America/Santiago", "25-09-05 12:00", "25-09-07 12:00", "25-10-07 12:00", "25-11-07 12:00"),
    ("0 0 * * *", "America/Santiago", "25-09-05 12:00", "25-09-06 00:00", "25-09-08 00:00", "25-09-09 00:00"),
    ("30 0 * * *", "Atlantic/Azores", "25-03-28 12:00", "25-03-29 00:30", "25-03-31 00:30", "25-04-01 00:30"),
    # and the search for a day may run on into the next one: the 25th although only the 24th was meant
    ("0 12 24 * *", "Africa/Cairo", "25-04-24 00:00", "25-04-24 12:00", "25-04-25 12:00", "25-05-24 12:00"),
    # midnight comes twice
    ("0 0 * * *", "America/Havana", "24-11-02 12:00", "24-11-03 00:00", "24-11-03 00:00b", "24-11-04 00:00"),
    ("0 12 4 * *", "America/Havana", "24-11-02 12:00", "24-11-04 12:00", "24-12-04 12:00", "25-01-04 12:00"),
    # half an hour: hours are counted from half past on, and no full hour comes that day
    ("0 12 * * *", "Australia/Lord_Howe", "25-10-04 00:00", "25-10-04 12:00", "25-10-06 12:00", "25-10-07 12:00"),
    ("15 2 * * *", "Australia/Lord_Howe", "25-10-04 00:00", "25-10-04 02:15", "25-10-06 02:15", "25-10-07 02:15"),
    ("45 1 * * *", "Australia/Lord_Howe", "25-04-05 12:00", "25-04-06 01:45", "25-04-06 01:45b", "25-04-07 01:45"),
    # from a quarter to: a firing in the wrong hour, where robfig stays for ever; ours goes on
    ("50 3 * * *", "Pacific/Chatham", "25-04-05 00:00", "25-04-05 03:50", "25-04-06 02:50b", "25-04-06 03:50"),
    ("0 3 * * *", "Pacific/Chatham", "25-09-27 00:00", "25-09-27 03:00", "25-09-29 03:00", "25-09-30 03:00"),
]


@pytest.mark.parametrize(("expression", "zone", "after", "first", "second", "third"), FIRINGS)
def test_the_next_three_firings(expression: str, zone: str, after: str, first: str, second: str, third: str) -> None:
    schedule = parse(expression)
    firings = []
    instant: datetime | None = _read(after, zone)
    for _ in range(3):
        instant = schedule.next(instant) if instant else None
        firings.append(_written(instant))
    assert firings == [first, second, third]


@pytest.mark.parametrize(("expression", "zone", "after", "first", "second", "third"), FIRINGS)
def test_nth_finds_the_same_three(expression: str, zone: str, after: str, first: str, second: str, third: str) -> None:
    firings = [_written(parse(expression).nth(_read(after, zone), n)) for n in (1, 2, 3)]
    assert firings == [first, second, third]


def _read(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(f"20{text}").replace(tzinfo=ZoneInfo(zone))


def _written(instant: datetime | None) -> str:
    if instant is None:
        return "never"
    return instant.strftime("%y-%m-%d %H:%M") + "b" * instant.fold


REFUSED = [
    # expression, and a part of what is said
    ("", "It is empty. Write five fields"),
    (" \t", "It is empty. Write five fields"),
    ("* * *", "It has 3 fields. Write five fields"),
    ("0 * * * * *", 'there are no seconds. Write "* * * * *"'),
    ("0 0 1 1 * 2026 7", "It has 7 fields; there are no seconds and no years"),
    ("60 * * * *", 'The minute "60" is out of range with 60. Write 0 to 59'),
    ("* 24 * * *", 'The hour "24" is out of range with 24. Write 0 to 23'),
    ("* * 0 * *", 'The day of month "0" is out of range with 0. Write 1 to 31'),
    ("* * * 1,13 *", 'The month "13" is out of range with 13. Write 1 to 12 or jan to dec'),
    ("* * * * 7", "Sunday is 0"),
    ("* * * * 5-7", 'instead of "5-7" write "5-6,0"'),
    ("0 22-3 * * *", 'The hour "22-3" runs backwards. Write "22-23,0-3"'),
    ("0 0 * * sat-mon", 'The day of week "sat-mon" runs backwards. Write "6,0-1"'),
    ("5/5/5 * * * *", 'has two steps. Write one: "5/5"'),
    ("*/0 * * * *", 'has the step "0". Write a whole number from 1 on'),
    ("*/-1 * * * *", 'has the step "-1". Write a whole number from 1 on'),
    ("-5 * * * *", 'The minute "-5" is no range'),
    ("1-2-3 * * * *", 'The minute "1-2-3" is no range'),
    ("1.5 * * * *", 'The minute "1.5" has no value in "1.5"'),
    ("\u0661 * * * *", 'has no value in "\u0661"'),
    ("9223372036854775808 * * * *", "has no value"),
    ("0 0 L * *", "does not know L, W and #"),
    ("0 0 15W * *", "does not know L, W and #"),
    ("0 0 * * 1#2", "does not know L, W and #"),
    ("0 0 * * monday", 'Write "mon"'),
    ("0 0 1 January *", 'Write "jan"'),
    ("TZ=UTC 0 0 * * *", "Write the zone into timeZone"),
    ("CRON_TZ=UTC 0 0 * * *", "Write the zone into timeZone"),
    ("*-TZ 0 * * *", "Write the zone into timeZone"),
    ("@reboot", "@reboot has no meaning in a cluster. Write five fields"),
    ("@Daily", 'Write "@daily"'),
    ("@daily ", 'Write "@daily"'),
    (" @daily", 'Write "@daily"'),
    ("@fortnightly", "Known are @yearly"),
    ("@every", 'one space and a duration: "@every 90m"'),
    ("@every soon", 'such as "@every 90m"'),
    ("@every 5", 'such as "@every 90m"'),
    ("@every 30s", "is under a minute"),
    ("@every 90s", "is no whole number of minutes"),
    ("@every 1m500ms", "is no whole number of minutes"),
    ("@every 0", "is no time to wait"),
    ("@every -1h", "is no time to wait"),
    ("@every 2562048h", "is longer than 292 years"),
    ("0 0\x1c* * *", "It has 4 fields"),
]


@pytest.mark.parametrize(("expression", "said"), REFUSED)
def test_a_wrong_expression_is_refused_with_what_to_write_instead(expression: str, said: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the message is looked at below
        parse(expression)
    assert said in str(refusal.value)


# Found by comparing with robfig/cron: each of these was once taken for the other kind or meant something else.
GENEROUS = [
    ("+5 * * * *", "5 * * * *"),
    ("1,,2 * * * *", "1,2 * * * *"),
    ("*-5 * * * *", "* * * * *"),
    ("?-x/2 * * * *", "*/2 * * * *"),
    ("00005 * * * *", "5 * * * *"),
    ("10/9223372036854775807 * * * *", "10 * * * *"),
    ("* * * * fr\u0130", "* * * * fri"),
    ("*\u2003*\xa0* * *", "* * * * *"),
    ("@every 1.5h", "@every 90m"),
    ("@every +3600s", "@every 1h"),
    ("@every 1h.5h30m", "@every 2h"),
]


@pytest.mark.parametrize(("expression", "plain"), GENEROUS)
def test_robfigs_generosity(expression: str, plain: str) -> None:
    after = datetime(2025, 3, 1, 12, tzinfo=UTC)
    assert [parse(expression).nth(after, n) for n in (1, 2, 3)] == [parse(plain).nth(after, n) for n in (1, 2, 3)]


EVERY = [
    # expression, after, next, the tenth
    ("@every 1m", "25-03-01 12:00", "25-03-01 12:01", "25-03-01 12:10"),
    ("@every 90m", "25-03-30 00:30", "25-03-30 03:00", "25-03-30 16:30"),  # the clock goes on by an hour
    ("@every 24h", "25-03-29 12:00", "25-03-30 13:00", "25-04-08 13:00"),
]


@pytest.mark.parametrize(("expression", "after", "following", "tenth"), EVERY)
def test_every_counts_from_the_instant_given(expression: str, after: str, following: str, tenth: str) -> None:
    schedule, start = parse(expression), _read(after, "Europe/Berlin")
    end = schedule.nth(start, 10)
    assert end is not None
    assert (_written(schedule.next(start)), _written(end)) == (following, tenth)
    assert schedule.count(start, end) == 10
    assert schedule.count(start, end - timedelta(seconds=1)) == 9


def test_a_firing_is_later_than_the_instant_and_on_the_whole_second() -> None:
    schedule = parse("* * * * *")
    noon = datetime(2025, 3, 1, 12, tzinfo=UTC)
    assert schedule.next(noon) == noon + timedelta(minutes=1)
    assert schedule.next(noon - timedelta(microseconds=1)) == noon
    assert parse("@every 1m").next(noon + timedelta(microseconds=1)) == noon + timedelta(minutes=1)


def test_both_passes_of_a_repeated_hour_are_told_apart() -> None:
    schedule = parse("0 * * * *")
    first = datetime(2025, 10, 26, 2, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    second = schedule.next(first)
    assert second is not None
    assert (second.hour, second.fold) == (2, 1)
    assert schedule.count(first, second) == 1
    assert _written(schedule.next(second)) == "25-10-26 03:00"


def test_the_zone_is_the_one_given() -> None:
    berlin, fixed = ZoneInfo("Europe/Berlin"), timezone(timedelta(hours=-3, minutes=-30))
    for zone in (berlin, fixed, UTC):
        found = parse("0 12 * * *").next(datetime(2025, 3, 1, tzinfo=zone))
        assert found == datetime(2025, 3, 1, 12, tzinfo=zone)
        assert found.tzinfo is zone


@pytest.mark.parametrize("expression", ["* * * * *", "@every 1m"])
def test_a_naive_datetime_is_refused(expression: str) -> None:
    schedule, naive, aware = parse(expression), datetime(2025, 1, 1), datetime(2025, 1, 1, tzinfo=UTC)  # noqa: DTZ001
    for ask in (
        lambda: schedule.next(naive),
        lambda: schedule.nth(naive, 1),
        lambda: schedule.count(naive, aware),
        lambda: schedule.count(aware, naive),
    ):
        with pytest.raises(ValueError, match="has no time zone"):
            ask()


@pytest.mark.parametrize("n", [0, -1])
def test_there_is_no_firing_before_the_first(n: int) -> None:
    with pytest.raises(ValueError, match="no firing number"):
        parse("* * * * *").nth(datetime(2025, 1, 1, tzinfo=UTC), n)


@pytest.mark.parametrize("expression", ["0 0 1 1 *", "* * * * *", "@every 2562047h"])
def test_what_lies_past_the_calendar_is_never(expression: str) -> None:
    assert parse(expression).nth(datetime(2025, 1, 1, tzinfo=UTC), 10**12) is None
    assert parse(expression).next(datetime(9999, 12, 31, 23, 59, tzinfo=UTC)) is None


@pytest.mark.parametrize("zone", ["Pacific/Apia", "Pacific/Fakaofo"])
def test_a_day_that_a_zone_left_out_is_passed_over(zone: str) -> None:
    # robfig's own search never ends here.
    after = datetime(2011, 12, 28, tzinfo=ZoneInfo(zone))
    assert _written(parse("0 12 30 * *").next(after)) == "12-01-30 12:00"
    assert _written(parse("0 12 31 * *").next(after)) == "11-12-31 12:00"


def test_a_schedule_is_a_value() -> None:
    schedule = parse("*/5 * * * *")
    assert schedule == parse("*/5 * * * *")
    assert schedule != parse("0/5 * * * *")
    assert len({schedule, parse("*/5 * * * *")}) == 1
    assert repr(schedule) == "Schedule(expression='*/5 * * * *')"
    with pytest.raises(FrozenInstanceError):
        schedule.expression = "* * * * *"  # type: ignore[misc]


@pytest.mark.parametrize(
    "expression",
    [
        "*/5 * * * *",
        "0 22-23,0-3 * * *",
        "15 6 1,15 * *",
        "0 0 13 * 5",
        "30 9 * 1-3 mon-fri",
        "0 0 31 * *",
        "0 0 29 2 *",
    ],
)
def test_croniter_agrees_where_the_clocks_are_calm(expression: str) -> None:
    schedule = parse(expression)
    instant: datetime | None = datetime(2025, 1, 1, tzinfo=UTC)
    other = croniter(expression, instant)
    for _ in range(15):
        assert instant is not None
        instant = schedule.next(instant)
        assert instant == other.get_next(datetime)
