"""Which part of the rows, in which order: the `pagination` of a query, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tally.errors import QueryError
from tally.query.problems import shown, unknown
from tally.query.values import kind_of

_KNOWN = ("skip", "take", "order")
_LARGEST = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of the rows.

    Args:
        skip: How many rows are left out at the beginning; None also leaves out the count.
        take: How many rows there are at most; None for all.
        order: What the rows are sorted by.
    """

    skip: int | None
    take: int | None
    order: tuple[sa.ColumnElement[Any], ...]


def read(pagination: object, table: sa.Table) -> Page:
    """Check what a query's `pagination` says.

    Args:
        pagination: `{"skip": 0, "take": 50, "order": {"title": "ASC"}}`, each of it optional; None for nothing.
        table: Whose rows.

    Raises:
        QueryError: It says something that cannot be.
    """
    given = {} if pagination is None else pagination
    if not isinstance(given, Mapping):
        raise QueryError(f"pagination is {shown(given)}. Write a dict, such as {{'skip': 0, 'take': 50}}.")
    for key in given:
        if key not in _KNOWN:
            raise unknown("pagination has no", key, _KNOWN)
    return Page(
        skip=_number("skip", given.get("skip")),
        take=_number("take", given.get("take")),
        order=(*_order(given.get("order"), table), *tie_break(table)),
    )


def tie_break(table: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """Give what makes any order of a table's rows the same each time: its primary key, or else all it has."""
    return list(table.primary_key) or [column for column in table.columns if kind_of(column) is not None]


def _number(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise QueryError(f"pagination has {name}={shown(value)}. It must be a whole number, 0 or more.")
    return value


def _order(order: object, table: sa.Table) -> list[sa.ColumnElement[Any]]:
    if order is None:
        return []
    if not isinstance(order, Mapping):
        raise QueryError(f"pagination has order={shown(order)}. Write a dict, such as {{'title': 'ASC'}}.")
    return [_sorted_by(name, direction, table) for name, direction in order.items()]


def _sorted_by(name: object, direction: object, table: sa.Table) -> sa.ColumnElement[Any]:
    sortable = {column.name: column for column in table.columns if kind_of(column) is not None}
    if name not in sortable:
        raise unknown(f"The entity {table.name!r} cannot be ordered by", name, sortable)
    column = sortable[str(name)]
    match str(direction).upper():
        case "ASC":
            return column.asc().nulls_last()
        case "DESC":
            return column.desc().nulls_first()
    raise QueryError(f"pagination orders {shown(name)} by {shown(direction)}. Write 'ASC' or 'DESC'.")
