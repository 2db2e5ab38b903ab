"""JSON text of anything that a job logs or returns: what JSON cannot say is said as text, and never breaks the line."""

import json
from typing import Any


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
    foreign: list[str] = []

    def said(part: object) -> str:
        foreign.append(type(part).__qualname__)
        return text_of(part)

    try:
        text = json.dumps(value, default=said)
    except (TypeError, ValueError, RecursionError) as error:
        # A key that is no text, a value that contains itself, or one nested too deep.
        return text_of(value), f"it was written as text ({error})"
    constants: list[str] = []
    plain = json.loads(text, parse_constant=constants.append) if _may_hold_constants(text) else json.loads(text)
    if constants:
        return plain, f"{constants[0]} became null"
    return plain, f"a {foreign[0]} was written as text" if foreign else None


def text_of(value: object) -> str:
    """Give `str(value)`, or the type's name where that raises; lone surrogates become readable escapes."""
    try:
        text = str(value)
    except Exception:  # noqa: BLE001 (a stranger's __str__ may raise anything)
        return f"<{type(value).__qualname__}>"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _may_hold_constants(text: str) -> bool:
    return "NaN" in text or "Infinity" in text
