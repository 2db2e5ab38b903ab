"""Reads an expression as robfig/cron's `ParseStandard` does, and says of a wrong one what to write instead.

Where robfig is generous, so is this: "1,,2" is "1,2", "?" is "*", "+5" is "5", what follows "*-" is ignored, and a
field of commas alone matches nothing. Two things are refused besides: "TZ" anywhere, as the CronJob API refuses it, and
an `@every` that is no positive whole number of minutes (`every`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tally.cron.every import Every, parse_every
from tally.cron.fields import Fields

EXAMPLE = 'Write five fields, minute hour day-of-month month day-of-week, such as "*/5 * * * *".'

_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# What Go's unicode.IsSpace takes for white space; Python's str.split() takes four control characters more.
_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_NUMBER = re.compile(r"[+-]?[0-9]+")
_LARGEST_NUMBER = 2**63 - 1


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()  # of the values from `low` on


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 6, _WEEKDAYS),
)


def read(expression: str) -> Fields | Every:
    """Reads a cron expression.

    Args:
        expression: Five fields, a descriptor such as `@daily`, or `@every 90m`.

    Raises:
        ValueError: It is none of these; the message says what is wrong and what to write instead.
    """
    if "TZ" in expression:
        raise ValueError('"TZ" has no place in a schedule. Write the zone into timeZone (time_zone in Python).')
    if expression.startswith("@"):
        return _read_descriptor(expression)
    texts = [text for text in _SPACE.split(expression) if text]
    if len(texts) != len(_FIELDS):
        raise ValueError(_wrong_number(texts))
    minutes, hours, days, months, weekdays = map(_read_field, texts, _FIELDS)
    return Fields(
        minutes=minutes.values,
        hours=hours.values,
        days=days.values,
        months=months.values,
        weekdays=weekdays.values,
        either=not (days.star or weekdays.star),
    )


def _read_descriptor(text: str) -> Fields | Every:
    if text in _DESCRIPTORS:
        fields = read(_DESCRIPTORS[text])
        assert isinstance(fields, Fields)
        return fields
    if text.startswith("@every "):
        return parse_every(text.removeprefix("@every "))
    meant = text.strip().lower()
    if meant in _DESCRIPTORS:
        raise ValueError(f'"{text}" is not known. Write "{meant}", in lower case, with nothing before or after it.')
    if meant.startswith("@every"):
        raise ValueError(f'"{text}" is not known. Write "@every", one space and a duration: "@every 90m".')
    if meant == "@reboot":
        raise ValueError(f"@reboot has no meaning in a cluster. {EXAMPLE}")
    raise ValueError(f'"{text}" is not known. Known are {", ".join(_DESCRIPTORS)} and "@every 90m".')


def _wrong_number(texts: list[str]) -> str:
    if not texts:
        return f"It is empty. {EXAMPLE}"
    if texts[0].startswith("@"):
        return f'It begins with a space. Write "{" ".join(texts)}".'
    if len(texts) == 6 and texts[0] == "0":
        return f'It has six fields; there are no seconds. Write "{" ".join(texts[1:])}".'
    if len(texts) in (6, 7):
        return f"It has {len(texts)} fields; there are no seconds and no years. {EXAMPLE}"
    return f"It has {len(texts)} field{'s' * (len(texts) > 1)}. {EXAMPLE}"


class _Values(NamedTuple):
    values: int  # as a bit mask
    star: bool  # robfig's star flag: the field does not restrict


def _read_field(text: str, field: _Field) -> _Values:
    values, star = 0, False
    for member in text.split(","):
        if member:
            found = _read_member(member, field)
            values, star = values | found.values, star or found.star
    return _Values(values, star)


def _read_member(text: str, field: _Field) -> _Values:
    span, *steps = text.split("/")
    low_text, *high_texts = span.split("-")
    star = low_text in ("*", "?")
    if len(steps) > 1:
        raise _error(text, field, "has two steps", f'Write one: "{span}/{steps[-1]}"')
    if star:
        low, high = field.low, field.high
    elif not low_text or len(high_texts) > 1:
        raise _error(text, field, "is no range", f"Write {_example(field)}")
    else:
        low = _value(low_text, text, field)
        high = _value(high_texts[0], text, field) if high_texts else low
    step = _step(steps[0], text, field) if steps else 1
    if steps and not high_texts:
        high = field.high
    if low > high:
        instead = f"{_span(low, field.high)},{_span(field.low, high)}"
        raise _error(text, field, "runs backwards", f'Write "{instead}"')
    return _Values(sum(1 << value for value in range(low, high + 1, step)), star and step == 1)


def _span(low: int, high: int) -> str:
    return f"{low}-{high}" if low < high else f"{low}"


def _value(text: str, member: str, field: _Field) -> int:
    # Go lowers the Turkish dotted capital to a plain i, Python to two characters.
    name = text.replace("\u0130", "i").lower()
    if name in field.names:
        return field.low + field.names.index(name)
    number = _number(text)
    if number is None:
        raise _error(member, field, f'has no value in "{text}"', _meant(name, field))
    if number == 7 and field.names is _WEEKDAYS:
        raise _error(member, field, "has 7, but Sunday is 0", 'Write 0, and instead of "5-7" write "5-6,0"')
    if not field.low <= number <= field.high:
        raise _error(member, field, f"is out of range with {text}", f"Write {_example(field)}")
    return number


def _meant(name: str, field: _Field) -> str:
    if len(name) > 3 and name[:3] in field.names:
        return f'Write "{name[:3]}"'
    if re.fullmatch("l|[0-9]*[lw]+|[0-9a-z]+#[0-9]*", name):
        return f"A CronJob does not know L, W and #: write {_example(field)}"
    return f"Write {_example(field)}"


def _example(field: _Field) -> str:
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    return f'{field.low} to {field.high}{names}, or a range such as "{field.low}-{field.low + 4}"'


def _step(text: str, member: str, field: _Field) -> int:
    step = _number(text)
    if step is None or step < 1:
        raise _error(member, field, f'has the step "{text}"', 'Write a whole number from 1 on after "/"')
    return step


def _number(text: str) -> int | None:
    """Go's `strconv.Atoi`: None for what is no decimal number of 64 bits."""
    if not _NUMBER.fullmatch(text):
        return None
    digits = text.lstrip("+-").lstrip("0") or "0"
    if len(digits) > 19 or int(digits) > _LARGEST_NUMBER:
        return None
    return -int(digits) if text[0] == "-" else int(digits)


def _error(member: str, field: _Field, wrong: str, instead: str) -> ValueError:
    return ValueError(f'The {field.name} "{member}" {wrong}. {instead}.')
