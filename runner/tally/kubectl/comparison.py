"""What `diff` shows of one manifest: both columns of times beside each other, and the fields that change."""

import json
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from rich.text import Text

from tally.instants import local
from tally.kubectl.diff import TIMES, Difference, Side
from tally.kubectl.plain import safe
from tally.kubectl.terminal import Block, Grid, cell

_VALUE = 60  # characters of a field


def shown(difference: Difference) -> list[Block]:
    """Show what applying one manifest would change."""
    name = f"{difference.name} in {difference.namespace}"
    if difference.is_none:
        return [Text(safe(f"{name}: nothing changes"), "dim")]
    blocks: list[Block] = [Text(safe(f"{name}{': is new' if difference.before is None else ''}"), "bold")]
    if difference.refused:
        blocks.append(Text(safe(f"! It would be Invalid: {difference.refused}"), "red"))
    if difference.fields:
        rows = [
            [cell(path), cell(_value(old), "red"), cell(_value(new), "green")] for path, old, new in difference.fields
        ]
        blocks += [Text(""), Grid(heads=["FIELD", "NOW", "THEN"], rows=rows, wraps=[1, 2])]
    return [*blocks, Text(""), _times(difference)]


def _times(difference: Difference) -> Grid:
    before, after = difference.before, difference.after
    same = before is not None and before == after
    sides = [after] if before is None or same else [before, after]
    heads = ["NEXT TIMES"] if len(sides) == 1 else ["NEXT TIMES NOW", "NEXT TIMES THEN"]
    columns = [_column(side) for side in sides]
    if len(columns) == 2:
        kept = set(columns[0]) & set(columns[1])
        styled = [
            [cell(text, "" if text in kept else style) for text in column]
            for column, style in zip(columns, ("red", "green"), strict=True)
        ]
    else:
        styled = [[cell(text) for text in columns[0]]]
    return Grid(heads=heads, rows=[list(row) for row in zip_longest(*styled, fillvalue=Text(""))])


def _column(side: Side) -> Sequence[str]:
    times = [local(each) for each in side.times] or [f"none: {side.idle}"]
    if side.left is None:
        return [*times, "without a limit"]
    more = f", of which {TIMES} are shown" if side.left > TIMES and side.times else ""
    return [*times, f"{side.left} left{more}"]


def _value(value: Any) -> str:  # noqa: ANN401 (JSON)
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE else f"{text[: _VALUE - 1]}…"
