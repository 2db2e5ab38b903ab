"""A run's log on its way out: on a terminal the runner's JSON becomes readable lines, a program gets it as it is.

What a job prints in another form stays in it, but no more than the runner's may it steer the terminal.
"""

import codecs
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from tally import logs
from tally.kubectl.plain import raw, safe

# What each line of a run says again, and what has a place of its own in a readable one.
_LEFT_OUT = ("time", "level", "logger", "message", "job", "slot", "attempt", "error")


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


def readable(line: str) -> str | None:
    """Write a line that the runner has logged for a person.

    Args:
        line: Without its end.

    Returns:
        One line, or several with a traceback, that only print; None when the runner has not logged this.
    """
    try:
        said = json.loads(line)
        time, level, message = datetime.fromisoformat(said["time"]), said["level"].upper(), said["message"]
        if time.tzinfo is None:  # nobody knows when that is
            return None
        time = time.astimezone(UTC)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
    details = {name: value for name, value in said.items() if name not in _LEFT_OUT}
    text = logs.as_text(time, level, str(message), details, str(said.get("error", "")))
    return "\n".join(map(_printed, text.split("\n")))


def _printed(line: str) -> str:
    """Write a line so that it only prints; tabs stay, which columns are made of."""
    return "\t".join(map(safe, line.split("\t")))


class _Lines:
    """Puts pieces together to lines; only what may become a line of the runner's waits for its end."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        # A carriage return ends a line too: what follows it would write over what was shown.
        utf8 = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._decoder = io.IncrementalNewlineDecoder(utf8, translate=True)
        self._waits = ""
        self._within = False  # a line whose beginning was shown

    def take(self, piece: bytes) -> None:
        self._add(self._decoder.decode(piece))

    def end(self) -> None:
        self._add(self._decoder.decode(b"", final=True))
        if self._waits:
            self._write(_printed(self._waits).encode())

    def _add(self, text: str) -> None:
        *lines, begun = (self._waits + text).split("\n")
        told = "".join(self._whole(line) for line in lines)
        self._waits = begun if begun.startswith("{") and not self._within else ""
        if begun and not self._waits:
            self._within = True
            told += _printed(begun)
        if told:
            self._write(told.encode())

    def _whole(self, line: str) -> str:
        text = None if self._within else readable(line)
        self._within = False
        return (_printed(line) if text is None else text) + "\n"
