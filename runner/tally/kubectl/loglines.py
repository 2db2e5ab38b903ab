"""A run's log on its way out: on a terminal the runner's JSON becomes readable lines, a program gets it as it is.

What a job prints in another form, and what is no whole line yet, goes on unchanged.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from tally import logs
from tally.kubectl.plain import raw, safe

# What each line of a run says again, and what has a place of its own in a readable one.
_LEFT_OUT = ("time", "level", "logger", "message", "job", "slot", "attempt", "error")
_SPACES = str.maketrans("\t", " ")


@contextmanager
def shown() -> Iterator[Callable[[bytes], None]]:
    """Give what takes the pieces of a log, wherever they are cut, and shows them on the standard output."""
    if not sys.stdout.isatty():
        yield raw
        return
    lines = _Lines(raw)
    try:
        yield lines.take
    finally:
        lines.end()


def readable(line: bytes) -> str | None:
    """Write a line that the runner has logged for a person.

    Args:
        line: As it came, without its end.

    Returns:
        One line, or several with a traceback, that only print; None when the runner has not logged this.
    """
    try:
        said = json.loads(line)
        time, level, message = datetime.fromisoformat(said["time"]), said["level"].upper(), said["message"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    details = {name: value for name, value in said.items() if name not in _LEFT_OUT}
    text = logs.as_text(time, level, str(message), details, str(said.get("error", "")))
    return "\n".join(safe(each.translate(_SPACES)) for each in text.split("\n"))


class _Lines:
    """Puts pieces together to lines; only what may become a line of the runner's waits for its end."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._begun = b""

    def take(self, piece: bytes) -> None:
        *lines, begun = (self._begun + piece).split(b"\n")
        for line in lines:
            text = readable(line)
            self._write((line if text is None else text.encode()) + b"\n")
        self._begun = begun if begun.startswith(b"{") else b""
        if begun and not self._begun:
            self._write(begun)

    def end(self) -> None:
        if self._begun:
            self._write(self._begun)
