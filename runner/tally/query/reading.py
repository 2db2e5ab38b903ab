"""Reads rows and what they are related to: one SELECT for each level of relations, never one for each row."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tally.errors import QueryError
from tally.query import pages
from tally.query.lists import is_one_of
from tally.query.problems import shown
from tally.query.relations import Relation
from tally.query.schema import Schema

_DEEPEST = 20
_TUPLES = 1_000  # so many values of a foreign key of several columns go in one statement
Row = dict[str, Any]
_Key = tuple[Any, ...]


@dataclass(frozen=True)
class Level:
    """The fields that are wanted of one table's rows."""

    table: sa.Table
    fields: dict[str, None] = field(default_factory=dict)  # a set in the order of writing
    relations: dict[str, "tuple[Relation, Level]"] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """One level's rows, and for each relation what there is for each key."""

    level: Level
    related: "dict[str, tuple[dict[_Key, list[Row]], Loaded]]"


class Reading:
    """One call of `graph`, on one connection."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def plan(self, entity: str, fields: object) -> Level:
        """Sort the paths into a tree of levels."""
        if isinstance(fields, str) or not isinstance(fields, Sequence) or not fields:
            raise QueryError(f"fields is {shown(fields)}. Write a list, such as ['id', 'title'], or ['*'].")
        root = Level(self.schema.table(entity))
        for path in fields:
            if not isinstance(path, str):
                raise QueryError(f"fields has {shown(path)}. Write the name of a field, such as 'id'.")
            self._add(root, path)
        return root

    def _add(self, level: Level, path: str) -> None:
        rest = path
        for _depth in range(_DEEPEST):
            if rest == "*":
                level.fields.update(dict.fromkeys(column.name for column in level.table.columns))
                return
            if rest in level.table.columns:
                level.fields[rest] = None
                return
            name, dot, rest = rest.partition(".")
            level = self._follow(level, name, path, is_last=not dot)
        raise QueryError(f"fields has {shown(path)}, which is more than {_DEEPEST} relations long.")

    def _follow(self, level: Level, name: str, path: str, *, is_last: bool) -> Level:
        if name not in level.relations:
            relation = self.schema.relation(level.table.name, name)
            if relation is None:
                raise self.schema.no_such_name(level.table, level.table.name, name)
            if is_last:
                raise QueryError(f"fields has {shown(path)}, which is a relation. Write {path}.* or one of its fields.")
            level.relations[name] = relation, Level(self.schema.table(relation.target))
        return level.relations[name][1]

    def rows(self, level: Level, condition: sa.ColumnElement[bool], page: pages.Page) -> list[Row]:
        """Read the rows of the entity itself."""
        statement = _select(level, ()).where(condition).order_by(*page.order)
        return self._fetched(statement.limit(page.take).offset(page.skip or None))

    def count(self, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
        """Count the rows of the entity, all pages."""
        counted = sa.select(sa.func.count()).select_from(table).where(condition)
        return self.schema.connection.execute(counted).scalar_one()

    def related(self, level: Level, rows: list[Row]) -> Loaded:
        """Read what the rows are related to, level by level."""
        loaded = Loaded(level, {})
        for name, (relation, other) in level.relations.items():
            keys = dict.fromkeys(_key(row, relation.near) for row in rows)
            there = self._leading_to([key for key in keys if None not in key], relation, other)
            groups: dict[_Key, list[Row]] = {}
            for row in there:
                groups.setdefault(_key(row, relation.far), []).append(row)
            loaded.related[name] = groups, self.related(other, there)
        return loaded

    def _leading_to(self, keys: list[_Key], relation: Relation, other: Level) -> list[Row]:
        statement = _select(other, relation.far).order_by(*pages.tie_break(other.table))
        columns = [other.table.columns[name] for name in relation.far]
        if not keys:
            return []
        if len(columns) == 1:
            [column], values = columns, [value for (value,) in keys]
            return self._fetched(statement.where(is_one_of(column, values, self.schema.connection.dialect)))
        chunks = [keys[start : start + _TUPLES] for start in range(0, len(keys), _TUPLES)]
        return [row for chunk in chunks for row in self._fetched(statement.where(sa.tuple_(*columns).in_(chunk)))]

    def _fetched(self, statement: sa.Select[Any]) -> list[Row]:
        names = [column.name for column in statement.selected_columns]
        return [dict(zip(names, row, strict=True)) for row in self.schema.connection.execute(statement)]


def _select(level: Level, keys: Sequence[str]) -> sa.Select[Any]:
    near = [name for relation, _other in level.relations.values() for name in relation.near]
    names = dict.fromkeys([*level.fields, *near, *keys])
    return sa.select(*(level.table.columns[name] for name in names))


def _key(row: Row, columns: tuple[str, ...]) -> _Key:
    return tuple(row[name] for name in columns)


def assembled(loaded: Loaded, row: Row) -> Row:
    """Make a row as it was asked for; nothing in it is shared with another."""
    made = {name: row[name] for name in loaded.level.fields}
    for name, (groups, others) in loaded.related.items():
        relation = loaded.level.relations[name][0]
        found = [assembled(others, each) for each in groups.get(_key(row, relation.near), [])]
        made[name] = found if relation.many else next(iter(found), None)
    return made
