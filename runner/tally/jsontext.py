"""JSON text of anything that a job logs or returns: what JSON cannot say is said as text, and never breaks the line."""

import json
import math
from typing import Any

_DEEPEST = 50  # levels; readers refuse JSON that is nested much deeper, and so does Python's own


def encode(value: object) -> str:
    """Write a value as one line of JSON that any reader accepts.

    Args:
        value: Anything; what JSON has no form for becomes its `str`, NaN and the infinities become null.
    """
    return json.dumps(simplified(value)[0], ensure_ascii=False)


def simplified(value: object) -> tuple[Any, str | None]:
    """Reduce a value to what JSON can say.

    Args:
        value: Anything, such as a job's return value.

    Returns:
        The reduced value, and why it differs from the given one: a sentence's end, None where it does not.
    """
    notes: list[str] = []
    try:
        plain = _plain(value, notes, ())
    except Exception as error:  # noqa: BLE001 (a stranger's container may raise anything while it is read)
        return text_of(value), f"it was written as text ({type(error).__name__} while it was read)"
    return plain, notes[0] if notes else None


def text_of(value: object) -> str:
    """Give `str(value)`, or the type's name where that raises; lone surrogates become readable escapes."""
    try:
        text = str(value)
    except Exception:  # noqa: BLE001 (a stranger's __str__ may raise anything)
        return f"<{type(value).__qualname__}>"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(value: object, notes: list[str], above: tuple[int, ...]) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, str):
        return _clean(value, notes)
    if value is None or isinstance(value, (bool, int, float)):
        return _number(value, notes)
    if not isinstance(value, (dict, list, tuple)):
        notes.append(f"a {type(value).__qualname__} was written as text")
        return text_of(value)
    if id(value) in above:
        notes.append("it contains itself")
        return "…"
    if len(above) >= _DEEPEST:
        notes.append(f"it is nested more than {_DEEPEST} levels deep")
        return "…"
    inside = (*above, id(value))
    if isinstance(value, dict):
        return {_key(key, notes): _plain(each, notes, inside) for key, each in value.items()}
    return [_plain(each, notes, inside) for each in value]


def _key(key: object, notes: list[str]) -> str:
    if isinstance(key, str):
        return _clean(key, notes)
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(_number(key, notes))  # as JSON says it: true, not True
    notes.append(f"a key of type {type(key).__qualname__} was written as text")
    return text_of(key)


def _number(value: bool | float | None, notes: list[str]) -> bool | float | str | None:
    if isinstance(value, float) and not math.isfinite(value):
        notes.append(f"{value} became null")
        return None
    if (
        isinstance(value, int) and value.bit_length() > 1024
    ):  # no reader has such a number, and Python refuses to print it
        notes.append("a number of more than 300 digits was written in hexadecimal")
        return hex(value)
    return value


def _clean(text: str, notes: list[str]) -> str:
    clean = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if clean != text:
        notes.append("half a character (a lone surrogate) was escaped")
    return clean
