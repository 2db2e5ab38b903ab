"""Where things are shown: coloured and fitted to the width on a terminal, plain lines in a pipe or with NO_COLOR."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tally.kubectl.plain import safe

_STYLES = {
    "running": "cyan",
    "succeeded": "green",
    "failed": "red",
    "unknown": "yellow",
    "Running": "cyan",
    "Suspended": "yellow",
    "Completed": "dim",
    "Invalid": "red",
}
_GAP = 2  # columns between two cells
_PIPE = 100_000  # columns: nothing is broken or cut off where a program reads


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table.

    Args:
        rows: The cells; a row may have fewer than there are headings.
        heads: The headings; none is a list of labels and what they say.
        wraps: The columns that may become narrower, and break their text.
    """

    rows: Sequence[Sequence[Text]]
    heads: Sequence[str] = ()
    wraps: Sequence[int] = ()


Block = Grid | Text  # a Text is a paragraph


class Terminal:
    """A person's terminal, or what takes its place.

    Args:
        stream: Where to; the standard output if None.
        environ: NO_COLOR counts.
        width: In columns; None asks the terminal.
    """

    def __init__(
        self, stream: TextIO | None = None, environ: Mapping[str, str] = os.environ, width: int | None = None
    ) -> None:
        stream = sys.stdout if stream is None else stream
        self.interactive = stream.isatty()
        self.console = _console(stream, environ, width if self.interactive else _PIPE)
        self._unlimited = _console(stream, environ, _PIPE)

    @property
    def encoding(self) -> str:
        """What its characters are written in."""
        return self.console.encoding

    @property
    def width(self) -> int:
        """In columns."""
        return self.console.width

    def show(self, blocks: Sequence[Block], *, fit: bool = True) -> None:
        """Show blocks, one below the other.

        Args:
            blocks: What to show.
            fit: Whether they have to fit the terminal's width; what was asked to be wide need not.
        """
        if self.interactive:
            console = self.console if fit else self._unlimited
            console.print(_drawn(blocks), soft_wrap=not fit)
        else:
            for line in plain_lines(blocks):
                print(line, file=self.console.file, flush=True)

    @contextmanager
    def live(self) -> Iterator[Live]:
        """Show something that changes where it stands: `update` draws it anew."""
        with Live(console=self.console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
            yield live

    def drawn(self, blocks: Sequence[Block]) -> RenderableType:
        """Give what `live` shows."""
        return _drawn(blocks)


def _console(stream: TextIO, environ: Mapping[str, str], width: int | None) -> Console:
    plain = environ.get("NO_COLOR") or not stream.isatty()
    system: Literal["auto"] | None = None if plain else "auto"
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=width, color_system=system)


def styled(word: str) -> Text:
    """Give a phase or an outcome its colour."""
    return Text(safe(word), _STYLES.get(word, ""))


def outcomes(marks: str, words: Sequence[str]) -> Text:
    """Give each outcome's mark its colour."""
    text = Text()
    for mark, word in zip(marks, words, strict=True):
        text.append(mark, _STYLES.get(word, ""))
    return text


def cell(value: object, style: str = "") -> Text:
    """Make a cell of any text."""
    return Text(safe(value), style)


def plain_lines(blocks: Sequence[Block]) -> list[str]:
    """Write blocks as lines of text in aligned columns."""
    lines: list[str] = []
    for block in blocks:
        lines += block.plain.split("\n") if isinstance(block, Text) else _aligned(block)
    return lines


def _aligned(grid: Grid) -> list[str]:
    rows = [list(grid.heads)] if grid.heads else []
    rows += [[each.plain for each in row] for row in grid.rows]
    columns = max(map(len, rows), default=0)
    widths = [max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(columns)]
    gap = " " * (_GAP + 1)
    return [gap.join(text.ljust(widths[i]) for i, text in enumerate(row)).rstrip() for row in rows]


def _drawn(blocks: Sequence[Block]) -> RenderableType:
    return Group(*(_table(block) if isinstance(block, Grid) else block for block in blocks))


def _table(grid: Grid) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold", show_header=bool(grid.heads))
    columns = max([len(grid.heads), *map(len, grid.rows)], default=0)
    for index in range(columns):
        head = grid.heads[index] if index < len(grid.heads) else ""
        wraps = {"overflow": "fold", "min_width": len(head)}
        options: dict[str, Any] = wraps if index in grid.wraps else {"no_wrap": True}
        table.add_column(head, **options)
    for row in grid.rows:
        table.add_row(*row)
    return table
