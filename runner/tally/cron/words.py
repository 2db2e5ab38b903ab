"""A schedule in words, made from the values that it was read to, never from its text: two texts of one meaning, one
sentence.

No library: those at hand say "every 7 minutes" of `*/7`, which starts anew at each full hour, and do not know this
grammar's oddities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tally.cron.every import Every
from tally.cron.grammar import read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tally.cron.fields import Fields

_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MOST_TIMES = 6  # of a day that are still told one by one
_MOST_STEPS = 5  # values at one distance that are still told one by one


def describe(expression: str) -> str:
    """Says when a schedule fires, for a person.

    Args:
        expression: As `parse` takes it.

    Returns:
        Such as "every Monday at 09:00", without a full stop; the times are those of the schedule's zone.

    Raises:
        ValueError: It is no schedule; the message says what to write instead.
    """
    rule = read(expression)
    if isinstance(rule, Every):
        return f"every {_duration(rule.delay)}, counted from the last start (the first time: from when it is applied)"
    minutes, hours = _bits(rule.minutes), _bits(rule.hours)
    days = _days(rule)
    if not (minutes and hours and days):
        return "never, as a field matches nothing"
    if len(minutes) * len(hours) > _MOST_TIMES or len(hours) == 24:
        return _joined(_often(minutes, hours), days)
    times = f"at {_listed([f'{hour:02}:{minute:02}' for hour in hours for minute in minutes])}"
    return f"{times}, {days}" if days.startswith("on ") else f"{days} {times}"


def _joined(often: str, days: str) -> str:
    if days.startswith("every day"):
        return often + days.removeprefix("every day")
    return f"{often}, {days}"


def _often(minutes: Sequence[int], hours: Sequence[int]) -> str:
    """Many times a day: a rhythm where there is one, else the minutes of the hours."""
    pace, every = _pace(minutes, 60), _pace(hours, 24)
    through = len(hours) == hours[-1] - hours[0] + 1  # every hour from the first to the last
    bounds = f"from {hours[0]:02}:{minutes[0]:02} to {hours[-1]:02}:{minutes[-1]:02}"
    if pace and (through or pace == 60):
        if len(hours) == 24:
            return _steady(pace, minutes[0], bounds)
        if through:
            return f"every {_unit(pace, 'minute')} {bounds}" if pace < 60 else f"every hour {bounds}"
        if every:
            return f"every {every} hours from {hours[0]:02}:{minutes[0]:02} on"
    of = "every hour" if len(hours) == 24 else f"the {_counted('hour', hours)}"
    return f"{_every_minute(minutes)} of {of}"


def _steady(pace: int, first: int, bounds: str) -> str:
    """All day long."""
    if pace == 60:
        return f"every hour at minute {first}"
    return f"every {_unit(pace, 'minute')}" if first == 0 else f"every {_unit(pace, 'minute')} {bounds}"


def _every_minute(minutes: Sequence[int]) -> str:
    return "every minute" if len(minutes) == 60 else f"at {_counted('minute', minutes)}"


def _counted(unit: str, values: Sequence[int]) -> str:
    return f"{unit} {values[0]}" if len(values) == 1 else f"{unit}s {_runs(values, str)}"


def _pace(values: Sequence[int], size: int) -> int | None:
    """The constant distance of values that also holds from the last one over to the next hour's or day's first."""
    step = size // len(values)
    steady = list(values) == list(range(values[0], size, step)) and step * len(values) == size
    return step if steady else None


def _days(rule: Fields) -> str:
    """Which days, with their months; "" for none."""
    days, weekdays, months = _bits(rule.days), _bits(rule.weekdays), _bits(rule.months)
    if not rule.either:  # one of the two is a star, and the other one decides
        days, weekdays = (days, []) if len(weekdays) == 7 else ([], weekdays)
    if not months or not (days or weekdays):
        return ""
    within = "" if len(months) == 12 else f" in {_runs(months, _month)}"
    if len(days) == 31 or len(weekdays) == 7:
        return f"every day{within}"
    if not days:
        return f"{_of_week(weekdays)}{within}"
    if not weekdays:
        return f"{_numbered(days)} of {_these_months(days, months)}"
    return f"{_numbered(days)} of the month and also {_of_week(weekdays)}{within and ',' + within}"


def _of_week(weekdays: Sequence[int]) -> str:
    if weekdays == [1, 2, 3, 4, 5]:
        return "Monday to Friday"
    return f"every {_listed([_WEEKDAYS[day] for day in weekdays])}"


def _numbered(days: Sequence[int]) -> str:
    return f"on day {days[0]}" if len(days) == 1 else f"on days {_runs(days, str)}"


def _these_months(days: Sequence[int], months: Sequence[int]) -> str:
    if len(months) < 12:
        return _runs(months, _month)
    return "every month that has it" if days[0] > 28 else "every month"


def _month(number: int) -> str:
    return _MONTHS[number - 1]


def _runs(values: Sequence[int], name: Callable[[int], str]) -> str:
    """A list in which three values on end, or more, are "a to b", and a long one with a step "a, b, c ... z"."""
    step = values[1] - values[0] if len(values) > _MOST_STEPS else 1
    if step > 1 and list(values) == list(range(values[0], values[-1] + 1, step)):
        return f"{', '.join(map(name, values[:3]))} ... {name(values[-1])}"
    parts: list[str] = []
    start = 0
    for index, value in enumerate(values):
        if index + 1 < len(values) and values[index + 1] == value + 1:
            continue
        run = values[start : index + 1]
        parts.extend([f"{name(run[0])} to {name(run[-1])}"] if len(run) > 2 else [name(each) for each in run])
        start = index + 1
    return _listed(parts)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _duration(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    parts = [
        f"{number} {unit}{'s' * (number > 1)}" for number, unit in ((hours, "hour"), (minutes, "minute")) if number
    ]
    return " and ".join(parts)


def _unit(number: int, unit: str) -> str:
    return unit if number == 1 else f"{number} {unit}s"


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
