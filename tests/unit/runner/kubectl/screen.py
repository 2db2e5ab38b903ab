"""A terminal of a width, and what stands on it."""

import io
import re

from tally.kubectl.terminal import Block, Terminal

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Tty(io.StringIO):
    """A stream that says to be a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def on_terminal(blocks: list[Block], width: int, environ: dict[str, str] | None = None, *, fit: bool = True) -> str:
    """Show blocks on a terminal, and give all that was written."""
    stream = Tty()
    Terminal(stream, environ or {}, width).show(blocks, fit=fit)
    return stream.getvalue()


def lines_on_terminal(blocks: list[Block], width: int, *, fit: bool = True) -> list[str]:
    """Show blocks on a terminal, and give the lines without their colours."""
    return [line.rstrip() for line in _ESCAPES.sub("", on_terminal(blocks, width, fit=fit)).splitlines()]


def in_pipe(blocks: list[Block]) -> str:
    """Show blocks where a program reads."""
    stream = io.StringIO()
    Terminal(stream, {}).show(blocks)
    return stream.getvalue()
