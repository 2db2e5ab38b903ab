"""What `tally dev` shows: lines for a pipe or a file; `live` adds a table for a terminal."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TextIO

_MARKS = {"succeeded": "✓", "failed": "✗", "stopped": "■", "unknown": "?", "running": "▶"}
_PLAIN_MARKS = {"succeeded": "+", "failed": "x", "stopped": "#", "unknown": "?", "running": ">"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One job as it stands.

    Args:
        name: The job's name.
        schedule: Its cron expression, and its zone where that is not UTC; empty for a broken one.
        executions: `2/3`, or `2` without a limit.
        outcomes: How its last executions ended, oldest first.
        running: For how long its oldest run has been going on.
        upcoming: When it runs next, or why it does not.
    """

    name: str
    schedule: str = ""
    executions: str = ""
    outcomes: tuple[str, ...] = ()
    running: timedelta | None = None
    upcoming: str = ""


class Screen(Protocol):
    """Where things are shown; with the terminal gone, showing raises an OSError."""

    tabular: bool  # whether a table shows how the jobs stand, so that no line needs to

    def say(self, name: str | None, text: str) -> None:
        """Show a line.

        Args:
            name: The job that it is about, or that printed it; None is `tally dev` itself.
            text: The line.
        """

    def show(self, rows: Sequence[Row], errors: Sequence[str]) -> None:
        """Show how the jobs stand, and what is wrong with those that are broken."""

    def close(self) -> None:
        """Show nothing more."""


class Lines:
    """A screen of lines only.

    Args:
        stream: Where to; the standard output if None.
    """

    tabular = False

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream

    def say(self, name: str | None, text: str) -> None:
        """Print the line behind the job's name."""
        print(f"{name or 'tally'} | {text}", file=self._stream, flush=True)

    def show(self, rows: Sequence[Row], errors: Sequence[str]) -> None:
        """Show nothing: what has changed was said."""

    def close(self) -> None:
        """Do nothing."""


class Silence:
    """A screen that nobody sees."""

    tabular = True

    def say(self, name: str | None, text: str) -> None:
        """Show nothing."""

    def show(self, rows: Sequence[Row], errors: Sequence[str]) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""


def marks(outcomes: Sequence[str], encoding: str) -> str:
    """Write outcomes as a mark each.

    Args:
        outcomes: Oldest first.
        encoding: What the terminal can show.
    """
    signs = _MARKS if encoding.lower().replace("-", "").startswith("utf") else _PLAIN_MARKS
    return "".join(signs.get(outcome, "?") for outcome in outcomes)


def duration(time: timedelta) -> str:
    """Write a duration in its two largest units: `43 s`, `3 min`, `2 h 5 min`, `4 d 3 h`."""
    seconds = max(0, round(time.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if minutes < 5 and seconds else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def clock_time(moment: datetime, now: datetime) -> str:
    """Write a time in UTC, as the log lines have it; with its date where that is not today's."""
    moment = moment.astimezone(UTC)
    return moment.strftime("%H:%MZ" if moment.date() == now.astimezone(UTC).date() else "%Y-%m-%d %H:%MZ")
