"""Filters to SQL: a condition is true or false for each row, never unknown, and each value is bound.

NULL is a value like any other here, as a person would have it: `{"$ne": "x"}` and `{"$nin": ["x"]}` hold for a row that
has none, and `$not` holds for exactly the rows for which what it negates does not. It is neither less nor greater than
anything, and no pattern fits it. In SQL a negated comparison with NULL would be unknown, and the row would be gone; so
each negation is carried down to the comparisons, and is spelt out there.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from tally.errors import QueryError
from tally.query import patterns
from tally.query.lists import bound, is_one_of
from tally.query.problems import shown, unknown
from tally.query.relations import Relation
from tally.query.schema import Schema
from tally.query.values import Instant, fitting, spellings

_DEEPEST = 20
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}
_LOGICAL = ("$and", "$or", "$not")
_OPERATORS = ("$eq", "$ne", "$in", "$nin", *_COMPARISONS, "$like", "$ilike", "$exists", *_LOGICAL)

_Condition = sa.ColumnElement[bool]


class Filters:
    """Turns filters into conditions.

    Args:
        schema: Knows the tables that relations lead to.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._sqlite = schema.connection.dialect.name == "sqlite"
        self._depth = 0

    def rows(self, rows: sa.FromClause, entity: str, filters: object, *, negated: bool = False) -> _Condition:
        """Make the condition for the rows of a table.

        Args:
            rows: The table, or an alias of it.
            entity: Its name.
            filters: What must hold, all of it.
            negated: Make the condition for the other rows instead.

        Raises:
            QueryError: A name, an operator or a value cannot be.
        """
        if not isinstance(filters, Mapping):
            raise QueryError(f"The filters of {entity!r} are {shown(filters)}. Write a dict, such as {{'id': 1}}.")
        with self._one_deeper():
            return _all([self._entry(rows, entity, key, value, negated) for key, value in filters.items()], negated)

    def _entry(self, rows: sa.FromClause, entity: str, key: object, value: object, negated: bool) -> _Condition:
        if not isinstance(key, str):
            raise QueryError(f"The filters of {entity!r} have the key {shown(key)}. A key is a field or an operator.")
        if key in rows.columns:
            return self._column(rows.columns[key], f"{entity}.{key}", value, negated)
        if key in _LOGICAL:
            return self._logical(key, value, negated, lambda part, no: self.rows(rows, entity, part, negated=no))
        name, dot, rest = key.partition(".")
        relation = self._schema.relation(entity, name)
        if relation is None and key.startswith("$"):
            raise unknown(f"The filters of {entity!r} have, where a field would stand, the operator", key, _LOGICAL)
        if relation is None:
            raise self._schema.no_such_name(rows, entity, name)
        return self._related(rows, relation, {rest: value} if dot else value, negated)

    def _related(self, rows: sa.FromClause, relation: Relation, filters: object, negated: bool) -> _Condition:
        """Make the condition that at least one related row is as the filters say; for None, that there is none."""
        if filters is None:
            return self._related(rows, relation, {}, not negated)
        if isinstance(filters, Mapping) and "$exists" in filters:
            rest = {key: value for key, value in filters.items() if key != "$exists"}
            there = self._related(rows, relation, {}, negated == _truth(relation.target, filters["$exists"]))
            return _all([there, self._related(rows, relation, rest, negated)], negated) if rest else there
        other = self._schema.table(relation.target).alias()
        near = [rows.columns[name] for name in relation.near]
        far = [other.columns[name] for name in relation.far]
        condition = self.rows(other, relation.target, filters)
        if self._sqlite:
            # It would run an EXISTS anew for each row, through all of a table whose foreign key has no index.
            known = [column.is_not(sa.null()) for column in far]
            there = sa.tuple_(*near).in_(sa.select(*far).where(condition, *known))
            missing = [column.is_(sa.null()) for column in near]
            return sa.or_(sa.not_(there), *missing) if negated else there
        joined = [one == each for one, each in zip(near, far, strict=True)]
        found: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(other).where(condition, *joined)
        exists = found.correlate(rows).exists()
        return sa.not_(exists) if negated else exists

    def _column(self, column: sa.ColumnElement[Any], field: str, value: object, negated: bool) -> _Condition:
        if isinstance(value, Mapping):
            if not value:
                raise QueryError(f"The filter of {field} is an empty dict. Write an operator: {', '.join(_OPERATORS)}.")
            with self._one_deeper():
                return _all([self._operator(column, field, key, each, negated) for key, each in value.items()], negated)
        if isinstance(value, list | tuple | set | frozenset):
            return self._in(column, field, value, negated)
        return self._in(column, field, [value], negated)

    def _operator(
        self, column: sa.ColumnElement[Any], field: str, name: object, value: object, negated: bool
    ) -> _Condition:
        match name:
            case "$eq":
                return self._in(column, field, [value], negated)
            case "$ne":
                return self._in(column, field, [value], not negated)
            case "$in" | "$nin":
                return self._in(column, field, value, negated != (name == "$nin"))
            case "$exists":
                return _is_null(column, negated != _truth(field, value))
            case "$like" | "$ilike":
                positive = patterns.like(column, field, value, ignore_case=name == "$ilike", sqlite=self._sqlite)
                return _unless_null(column, positive, negated)
            case "$and" | "$or" | "$not":
                return self._logical(str(name), value, negated, lambda part, no: self._column(column, field, part, no))
            case str() if name in _COMPARISONS:
                return _unless_null(column, self._compared(column, field, name, value), negated)
        raise unknown(f"The filter of {field} has no operator", name, _OPERATORS)

    def _logical(
        self, name: str, value: object, negated: bool, part: Callable[[object, bool], _Condition]
    ) -> _Condition:
        if name == "$not":
            return part(value, not negated)
        if not isinstance(value, list | tuple):
            raise QueryError(f"{name} has {shown(value)}. Write a list of filters.")
        return _all([part(each, negated) for each in value], negated != (name == "$or"))

    def _in(self, column: sa.ColumnElement[Any], field: str, values: object, negated: bool) -> _Condition:
        if not isinstance(values, list | tuple | set | frozenset):
            raise QueryError(f"{field} shall be in {shown(values)}. Write a list.")
        fit = [fitting(column, each, field) for each in values if each is not None]
        parts = [_unless_null(column, self._one_of(column, fit), negated)] if fit else []
        if len(fit) < len(values):
            parts.append(_is_null(column, negated))
        return _all(parts, not negated)

    def _one_of(self, column: sa.ColumnElement[Any], fit: list[Any]) -> _Condition:
        if self._sqlite and isinstance(column.type, Instant):
            texts = [text for instant in fit for text in spellings(instant)]
            return is_one_of(sa.type_coerce(column, sa.String()), texts, self._schema.connection.dialect)
        return is_one_of(column, fit, self._schema.connection.dialect)

    def _compared(self, column: sa.ColumnElement[Any], field: str, name: str, value: object) -> _Condition:
        fits: Any = fitting(column, value, field)
        if self._sqlite and isinstance(column.type, Instant):
            # Text: whatever spells this instant lies between the first and the last of these.
            fits = spellings(fits)[0 if name in ("$gte", "$lt") else -1]
            column = sa.type_coerce(column, sa.String())
        condition: _Condition = _COMPARISONS[name](column, bound(column, fits))
        return condition

    @contextmanager
    def _one_deeper(self) -> Iterator[None]:
        """Refuse filters so deep that neither Python nor the database would read them."""
        if self._depth == _DEEPEST:
            raise QueryError(f"The filters are nested more than {_DEEPEST} deep.")
        self._depth += 1
        yield
        self._depth -= 1


def _all(parts: list[_Condition], negated: bool) -> _Condition:
    """Join conditions that must all hold; of the negated ones, one that holds is enough."""
    return sa.or_(sa.false(), *parts) if negated else sa.and_(sa.true(), *parts)


def _unless_null(column: sa.ColumnElement[Any], positive: _Condition, negated: bool) -> _Condition:
    """Let a comparison be false for NULL, and its negation true."""
    return sa.or_(sa.not_(positive), column.is_(sa.null())) if negated else positive


def _is_null(column: sa.ColumnElement[Any], negated: bool) -> _Condition:
    null: _Condition = column.is_(sa.null())
    if isinstance(column.type, sa.JSON):
        # Who writes None to such a column through SQLAlchemy writes JSON's null; both come back as None.
        null = sa.or_(null, sa.cast(column, sa.Text) == "null")
    return sa.not_(null) if negated else null


def _truth(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise QueryError(f"$exists of {field} is {shown(value)}. Write True or False.")
    return value
