"""Schedules in words: a table, and a reader that gets the schedule back out of the words."""

import re
from datetime import UTC, datetime
from functools import reduce

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tally import cron
from tally.cron.fields import Fields
from tally.cron.grammar import read
from tally.cron.words import describe

SEED = [
    ("* * * * *", "every minute"),
    ("*/5 * * * *", "every 5 minutes"),
    ("0 * * * *", "every hour at minute 0"),
    ("0 0 * * *", "every day at 00:00"),
    ("30 2 * * *", "every day at 02:30"),
    ("0 0 * * 0", "every Sunday at 00:00"),
    ("0 9 * * 1", "every Monday at 09:00"),
    ("0 0 1 * *", "at 00:00, on day 1 of every month"),
    ("0 18 * * 1-5", "Monday to Friday at 18:00"),
    ("0 */6 * * *", "every day at 00:00, 06:00, 12:00 and 18:00"),
]
ODD = [
    # A step starts anew with each hour, day, month.
    ("*/7 * * * *", "at minutes 0, 7, 14 ... 56 of every hour"),
    ("5/20 * * * *", "every 20 minutes from 00:05 to 23:45"),
    ("0 5/7 * * *", "every day at 05:00, 12:00 and 19:00"),
    ("30 */2 * * *", "every 2 hours from 00:30 on"),
    ("0 9-17 * * *", "every hour from 09:00 to 17:00"),
    ("*/15 9-17 * * mon-fri", "every 15 minutes from 09:00 to 17:45, Monday to Friday"),
    ("* 3 * * *", "every minute from 03:00 to 03:59"),
    ("* 3,5 * * *", "every minute of the hours 3 and 5"),
    ("0,30 1,3,5,7,9 * * *", "at minutes 0 and 30 of the hours 1, 3, 5, 7 and 9"),
    ("0-29 * * * *", "at minutes 0 to 29 of every hour"),
    # Either day matches, unless one of them is a star; "*/2" is none.
    ("0 0 13 * 5", "at 00:00, on day 13 of the month and also every Friday"),
    ("0 0 13 * ?", "at 00:00, on day 13 of every month"),
    ("0 0 */2 * 6", "at 00:00, on days 1, 3, 5 ... 31 of the month and also every Saturday"),
    ("0 0 */1 * 6", "every Saturday at 00:00"),
    ("0 0 1-31 * 1", "every day at 00:00"),
    ("0 0 1 jan-mar mon-fri", "at 00:00, on day 1 of the month and also Monday to Friday, in January to March"),
    ("0 0 31 * *", "at 00:00, on day 31 of every month that has it"),
    ("0 0 29 2 *", "at 00:00, on day 29 of February"),
    ("* * * 1,7 *", "every minute in January and July"),
    ("* * 1 1 *", "every minute, on day 1 of January"),
    # robfig's generosity.
    ("1,,2 * * * *", "at minutes 1 and 2 of every hour"),
    (", * * * *", "never, as a field matches nothing"),
    ("0 0 , * *", "never, as a field matches nothing"),
    ("0 0 , * 1,2", "every Monday and Tuesday at 00:00"),
    # Descriptors.
    ("@hourly", "every hour at minute 0"),
    ("@weekly", "every Sunday at 00:00"),
    ("@yearly", "at 00:00, on day 1 of January"),
    ("@every 5m", "every 5 minutes, counted from the last start (the first time: from when it is applied)"),
    ("@every 61m", "every 1 hour and 1 minute, counted from the last start (the first time: from when it is applied)"),
]

MONTHS = [datetime(2026, month, 1, tzinfo=UTC).strftime("%B") for month in range(1, 13)]
WEEKDAYS = [datetime(2026, 11, day, tzinfo=UTC).strftime("%A") for day in range(1, 8)]  # a Sunday first


@pytest.mark.parametrize(("expression", "words"), [*SEED, *ODD])
def test_words(expression: str, words: str) -> None:
    assert describe(expression) == words


def test_what_is_no_schedule_has_no_words() -> None:
    with pytest.raises(ValueError, match="no seconds"):
        describe("0 0 9 * * *")


def field(low: int, high: int) -> st.SearchStrategy[str]:
    numbers = st.integers(low, high)
    ranges = st.tuples(numbers, numbers).map(lambda ends: f"{min(ends)}-{max(ends)}")
    steps = st.builds("{}/{}".format, st.one_of(ranges, st.just("*"), numbers.map(str)), st.integers(1, high))
    return st.lists(st.one_of(numbers.map(str), ranges, steps, st.just("*")), min_size=1, max_size=4).map(",".join)


EXPRESSIONS = st.tuples(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)).map(" ".join)
# Where two fields are free, the short forms appear, too.
SIMPLE = st.tuples(
    st.one_of(st.just("0"), field(0, 59)),
    st.one_of(st.just("*"), st.sampled_from(["*/2", "*/3", "9-17", "3,5", "0"]), field(0, 23)),
    st.one_of(st.just("*"), field(1, 31)),
    st.one_of(st.just("*"), field(1, 12)),
    st.one_of(st.just("*"), st.just("1-5"), field(0, 6)),
).map(" ".join)


@given(st.one_of(EXPRESSIONS, SIMPLE))
@example("0 0 , * *")
@example(", * * * *")
@example("4/8 * * * *")  # the distance over the full hour is another
@example("6/6 * * * *")
@example("30 3/3 * * *")
def test_whoever_reads_the_words_knows_the_schedule(expression: str) -> None:
    rule = read(expression)
    assert isinstance(rule, Fields)
    words = describe(expression)
    minutes, hours, days = understood(words)
    assert (minutes, hours) == ((set(), set()) if words.startswith("never") else (bits(rule.minutes), bits(rule.hours)))
    if words.startswith("never"):
        assert cron.parse(expression).next(datetime(2026, 1, 1, tzinfo=UTC)) is None
    else:
        assert days == {
            (month, day, weekday)
            for month in bits(rule.months)
            for day in range(1, 32)
            for weekday in range(7)
            if rule.matches_in_month(day, weekday)
        }


# A reader of the words. It knows English, not how `describe` came to them.
Values = set[int]
Days = set[tuple[int, int, int]]  # month, day of month, weekday
NUMBERS = r"\d[\d ,.]*(?:(?:and|to) \d[\d ,.]*)*"
CLOCK = r"\d\d:\d\d"
RHYTHM = re.compile(
    rf"every (?:(\d+) )?minutes?(?: from {CLOCK} to {CLOCK})?(?! of)"
    r"|every hour at minute \d+"
    rf"|every hour from {CLOCK} to {CLOCK}"
    rf"|every \d+ hours from {CLOCK} on"
    rf"|(?:every minute|at minutes? {NUMBERS}) ?of (?:every hour|the hours? {NUMBERS})"
)


def understood(words: str) -> tuple[Values, Values, Days]:
    """The minutes, the hours and the days of a sentence."""
    if words.startswith("never"):
        return set(), set(), set()
    if found := re.search(rf"\bat ({CLOCK}(?:(?:, | and ){CLOCK})*)(?:, |$)", words):
        minutes, hours = told(found[1])
    else:
        found = RHYTHM.match(words)
        assert found, words
        minutes, hours = rhythm(found[0])
    rest = words.replace(found[0].rstrip(", "), "", 1).strip(", ")
    return minutes, hours, days_of(rest)


def told(text: str) -> tuple[Values, Values]:
    times = [(int(time[:2]), int(time[3:])) for time in re.findall(r"\d\d:\d\d", text)]
    minutes, hours = {minute for _, minute in times}, {hour for hour, _ in times}
    assert len(times) == len(minutes) * len(hours), text
    return minutes, hours


def rhythm(text: str) -> tuple[Values, Values]:
    if found := re.fullmatch(r"every hour at minute (\d+)", text):
        return {int(found[1])}, set(range(24))
    if found := re.fullmatch(r"every (\d+) hours from (\d\d):(\d\d) on", text):
        return {int(found[3])}, set(range(int(found[2]), 24, int(found[1])))
    if found := re.fullmatch(r"every (?:(\d+) )?(minute|hour)s?(?: from (\d\d):(\d\d) to (\d\d):(\d\d))?", text):
        step = 60 if found[2] == "hour" else int(found[1] or 1)
        first, last = (int(found[3] or 0), int(found[4] or 0)), (int(found[5] or 23), int(found[6] or 59))
        times = range(first[0] * 60 + first[1], last[0] * 60 + last[1] + 1, step)
        return {time % 60 for time in times}, {time // 60 for time in times}
    often, _, of = text.partition("of ")
    return numbers(often) if often.strip() != "every minute" else set(range(60)), (
        set(range(24)) if of == "every hour" else numbers(of)
    )


def days_of(text: str) -> Days:
    text = text.removeprefix("every day").strip()
    months = set(range(1, 13))
    if found := re.search(rf",? ?\b(?:in|of) ((?:{'|'.join(MONTHS)}).*)$", text):
        months, text = names(found[1], MONTHS, 1), text.replace(found[0], "")
    numbered = re.search(r"on days? ([\d, .andto]+?)(?: of (?:the|every) month.*)?(?: and also .*)?$", text)
    weekly = re.search(r"(?:every )?((?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day.*)", text)
    assert (numbered or weekly) or not text, text
    days = numbers(numbered[1]) if numbered else set()
    weekdays = names(weekly[1], WEEKDAYS, 0) if weekly else set()
    return {
        (month, day, weekday)
        for month in months
        for day in range(1, 32)
        for weekday in range(7)
        if not text or day in days or weekday in weekdays
    }


def names(text: str, known: list[str], first: int) -> Values:
    for number, name in enumerate(known, first):
        text = re.sub(rf"\b{name}\b", str(number), text)
    return numbers(text)


def numbers(text: str) -> Values:
    if found := re.search(r"(\d+), (\d+), \d+ \.\.\. (\d+)", text):
        start, second, last = (int(each) for each in found.groups())
        return set(range(start, last + 1, second - start))
    parts = re.findall(r"(\d+)(?: to (\d+))?", text)
    return reduce(set.union, (set(range(int(low), int(high or low) + 1)) for low, high in parts), set[int]())


def bits(mask: int) -> Values:
    return {bit for bit in range(60) if mask >> bit & 1}
