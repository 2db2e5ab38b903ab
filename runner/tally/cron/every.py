"""`@every <duration>`: a constant delay from one start to the next, and Go's spelling of durations."""

from __future__ import annotations

import re
from dataclasses import dataclass

MINUTE = 60 * 10**9  # nanoseconds
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": MINUTE, "h": 60 * MINUTE}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]+)")
_LARGEST = 2**63  # nanoseconds, some 292 years
_INSTEAD = 'Write hours and minutes, such as "@every 90m" or "@every 1h30m".'


@dataclass(frozen=True)
class Every:
    """Fires a delay after whatever is asked for; robfig's `ConstantDelaySchedule`.

    Args:
        delay: In seconds.
    """

    delay: int

    def nth(self, after: int, n: int) -> int:
        """The n-th firing after an instant in whole seconds."""
        return after + n * self.delay

    def count(self, after: int, until: int) -> int:
        """How many firings lie in (after, until], both in whole seconds, when counting starts at `after`."""
        return max(0, (until - after) // self.delay)


def parse_every(duration: str) -> Every:
    """Reads what follows `@every `.

    Args:
        duration: As Go's `time.ParseDuration` takes it: "1h30m", "1.5h", "5400s".

    Raises:
        ValueError: It is no duration, or no positive whole number of minutes. The CronJob controller names Jobs by the
            minute, so that what is shorter collapses.
    """
    nanoseconds = _nanoseconds(duration)
    if nanoseconds <= 0:
        raise ValueError(f'"@every {duration}" is no time to wait. {_INSTEAD}')
    if nanoseconds < MINUTE:
        raise ValueError(f'"@every {duration}" is under a minute; a CronJob starts at most one Job in each. {_INSTEAD}')
    if nanoseconds % MINUTE:
        raise ValueError(f'"@every {duration}" is no whole number of minutes. {_INSTEAD}')
    return Every(nanoseconds // 10**9)


def _nanoseconds(duration: str) -> int:
    """Go's `time.ParseDuration`, with its rounding and its limits."""
    sign, rest = (duration[0], duration[1:]) if duration[:1] in ("+", "-") else ("+", duration)
    if rest == "0":
        return 0
    total = position = 0
    while position < len(rest) or not rest:
        part = _PART.match(rest, position)
        if not part or not (part[1] or part[2]) or part[3] not in _UNITS:
            raise ValueError(f'"@every {duration}" has no duration after @every. {_INSTEAD}')
        total += _part(part[1], part[2] or "", _UNITS[part[3]], duration)
        position = part.end()
    if total > _LARGEST or (total == _LARGEST and sign == "+"):
        raise _too_long(duration)
    return -total if sign == "-" else total


def _part(whole: str, fraction: str, unit: int, duration: str) -> int:
    digits = whole.lstrip("0") or "0"
    if len(digits) > 19 or int(digits) * unit > _LARGEST:
        raise _too_long(duration)
    value, scale = 0, 1.0
    for digit in fraction:
        # Go ignores the digits that no longer fit.
        if value > (_LARGEST - 1) // 10 or value * 10 + int(digit) > _LARGEST:
            break
        value = value * 10 + int(digit)
        scale *= 10
    return int(digits) * unit + int(float(value) * (float(unit) / scale))


def _too_long(duration: str) -> ValueError:
    return ValueError(f'"@every {duration}" is longer than 292 years. {_INSTEAD}')
