"""The screen of `tally dev` on a terminal: a table that stays at the bottom, the lines of the runs above it.

The lines go above, and not below the table, so that they stay in the terminal's own scrollback.
"""

from collections.abc import Sequence
from zlib import crc32

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tally.dev.screen import Row, duration, marks

_COLOURS = ("cyan", "green", "yellow", "blue", "magenta", "bright_cyan", "bright_green", "bright_blue")
_WIDE = 100  # columns; a narrower terminal shows fewer of the last outcomes


class LiveScreen:
    """A table and lines.

    Args:
        console: The terminal.
    """

    tabular = True

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._live = Live(
            console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False, transient=False
        )
        self._live.start()

    def say(self, name: str | None, text: str) -> None:
        """Print the line above the table."""
        prefix = Text(f"{name or 'tally'} │ " if self._unicode else f"{name or 'tally'} | ", _colour(name))
        # The run's own colours stay; what would move the cursor does not.
        self._console.print(prefix + Text.from_ansi(text), soft_wrap=True)

    def show(self, rows: Sequence[Row], errors: Sequence[str]) -> None:
        """Draw the table anew."""
        self._live.update(self._drawn(rows, errors), refresh=True)

    def close(self) -> None:
        """Leave the last table where it is."""
        self._live.stop()

    @property
    def _unicode(self) -> bool:
        return self._console.encoding.lower().startswith("utf")

    def _drawn(self, rows: Sequence[Row], errors: Sequence[str]) -> RenderableType:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("JOB", no_wrap=True, overflow="ellipsis")
        table.add_column("SCHEDULE")  # gives way first, by a second line
        table.add_column("RUNS", no_wrap=True, justify="right")
        table.add_column("LAST", no_wrap=True, min_width=4)
        table.add_column("RUNNING", no_wrap=True)
        table.add_column("NEXT", no_wrap=True)
        shown = 10 if self._console.width >= _WIDE else 5
        for row in rows:
            table.add_row(
                Text(row.name, _colour(row.name)),
                row.schedule,
                row.executions,
                marks(row.outcomes[-shown:], self._console.encoding),
                "" if row.running is None else duration(row.running),
                row.upcoming,
            )
        return Group("", table, *(Text(f"error: {each}", "red") for each in errors))


def _colour(name: str | None) -> str:
    """Give each job a colour that it keeps."""
    return "dim" if name is None else _COLOURS[crc32(name.encode()) % len(_COLOURS)]
