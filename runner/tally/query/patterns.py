r"""`$like` and `$ilike`, alike on both databases: `%` is any text, `_` one character, and `\` before them means them.

SQLite's own LIKE ignores the case of some letters, its `lower` knows only ASCII; so there a pattern becomes a GLOB, and
the case is folded by a function of ours.
"""

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tally.errors import QueryError
from tally.query.problems import shown
from tally.query.values import fitting

FOLD = "tally_fold"
_PIECE = re.compile(r"\\(.)|(.)", re.DOTALL)
_GLOB = {"%": "*", "_": "?"}


def like(
    column: sa.ColumnElement[Any], field: str, value: object, *, ignore_case: bool, sqlite: bool
) -> sa.ColumnElement[bool]:
    """Make the condition that a pattern fits a column.

    Args:
        column: The column.
        field: Its name, as a message shall call it.
        value: The pattern.
        ignore_case: Take capital and small letters for the same.
        sqlite: Whether the database is SQLite, which then needs the function `fold_value` under the name FOLD.

    Raises:
        QueryError: The column is no text, or the pattern cannot be.
    """
    if not isinstance(column.type, sa.String):
        raise QueryError(f"{field} is no text, and a pattern fits nothing else.")
    if isinstance(column.type, postgresql.ENUM):
        column = sa.cast(column, sa.Text)
    pattern = str(fitting(sa.literal_column("", sa.Text), value, field))
    if re.search(r"(?<!\\)(\\\\)*\\\Z", pattern):
        raise QueryError(f"{field} has the pattern {shown(pattern)}, which ends in half an escape. Write \\\\ for \\.")
    if not sqlite:
        return column.ilike(pattern) if ignore_case else column.like(pattern)
    text = sa.func.tally_fold(column) if ignore_case else column
    return text.bool_op("GLOB")(_glob(fold(pattern) if ignore_case else pattern))


def fold_value(value: object) -> str | None:
    """Fold what a column holds: the function that SQLite is given under the name FOLD."""
    return None if value is None else fold(str(value))


def fold(text: str) -> str:
    """Give a text in small letters, letter by letter as PostgreSQL does: no letter becomes two."""
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def _glob(pattern: str) -> str:
    return "".join(
        _literal(escaped) if escaped else _GLOB.get(plain) or _literal(plain)
        for escaped, plain in _PIECE.findall(pattern)
    )


def _literal(letter: str) -> str:
    return f"[{letter}]" if letter in "*?[" else letter
