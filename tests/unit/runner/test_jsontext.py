"""Anything becomes valid JSON on one line; what JSON can say stays as it is."""

import enum
import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NoReturn

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tally.jsontext import encode, simplified, text_of

# Lone surrogates included: a job may read them from a file name.
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**1000), 2**1000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
ANY_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | ANY_TEXT
    | st.binary()
    | st.datetimes()
    | st.decimals()
    | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.dictionaries(
            ANY_TEXT | st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.tuples(st.integers()),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


class Colour(enum.IntEnum):
    RED = 1


class Mute:
    def __str__(self) -> str:
        raise RuntimeError("I do not speak")


class Hostile(dict[str, int]):
    def items(self) -> NoReturn:
        raise RuntimeError("hands off")


def circular() -> list[object]:
    value: list[object] = [1]
    value += [value, value]
    return value


def nested(levels: int) -> object:
    value: object = "core"
    for _ in range(levels):
        value = [value]
    return value


@given(JSON_VALUES)
def test_what_json_can_say_stays_as_it_is(value: object) -> None:
    assert simplified(value) == (value, None)
    assert json.loads(encode(value)) == value


@given(ANY_VALUES)
@example(circular())
@example(Hostile(a=1))
@example({"\ud800": "\udfff"})
@example([10**5000])
def test_anything_becomes_one_line_of_valid_json(value: object) -> None:
    line = encode(value)
    assert "\n" not in line
    line.encode("utf-8")
    json.loads(line, parse_constant=pytest.fail)


@given(ANY_VALUES)
def test_simplifying_twice_changes_nothing_more(value: object) -> None:
    once, _ = simplified(value)
    assert simplified(once) == (once, None)


@pytest.mark.parametrize(
    ("value", "plain", "note"),
    [
        ((1, 2), [1, 2], None),
        (Colour.RED, 1, None),
        ({1: "a", None: "b", False: "c"}, {"1": "a", "null": "b", "false": "c"}, None),
        ({2.5: "a"}, {"2.5": "a"}, None),
        ({date(2026, 1, 31): 4}, {"2026-01-31": 4}, "a key of type date was written as text"),
        ({math.nan: 1}, {"null": 1}, "nan became null"),
        (math.nan, None, "nan became null"),
        ([-math.inf], [None], "-inf became null"),
        (Decimal("1.50"), "1.50", "a Decimal was written as text"),
        (
            {"at": datetime(2026, 1, 31, tzinfo=UTC)},
            {"at": "2026-01-31 00:00:00+00:00"},
            "a datetime was written as text",
        ),
        (Mute(), "<Mute>", "a Mute was written as text"),
        ("a\ud800b", r"a\ud800b", "half a character (a lone surrogate) was escaped"),
        ({"\udfff": 1}, {r"\udfff": 1}, "half a character (a lone surrogate) was escaped"),
        (10**400, hex(10**400), "a number of more than 300 digits was written in hexadecimal"),
        (circular(), [1, "…", "…"], "it contains itself"),
        (Hostile(a=1), "{'a': 1}", "it was written as text (RuntimeError while it was read)"),
    ],
)
def test_what_json_cannot_say_is_said_as_text_and_told(value: object, plain: object, note: str | None) -> None:
    assert simplified(value) == (plain, note)


def test_deep_nesting_ends_at_fifty_levels() -> None:
    assert encode(nested(100_000)) == "[" * 50 + '"…"' + "]" * 50
    assert simplified(nested(50)) == (nested(50), None)
    assert simplified(nested(51))[1] == "it is nested more than 50 levels deep"


@given(ANY_TEXT)
def test_text_can_always_be_written(text: str) -> None:
    text_of(text).encode("utf-8")
    if text.isascii():
        assert text_of(text) == text
