"""What is in the database: its tables and foreign keys, each read when a query first needs it, once a run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from tally.errors import QueryError
from tally.query import relations
from tally.query.problems import shown, unknown
from tally.query.relations import ForeignKey, Relation
from tally.query.values import adapted


@dataclass
class Catalog:
    """What has been read so far."""

    names: frozenset[str] | None = None
    tables: dict[str, sa.Table] = field(default_factory=dict)
    outgoing: dict[str, list[ForeignKey]] = field(default_factory=dict)
    all_keys: list[ForeignKey] | None = None


class Schema:
    """The database through one connection; PostgreSQL's default schema only.

    Args:
        connection: Reads what is not known yet.
        catalog: What is.
    """

    def __init__(self, connection: sa.Connection, catalog: Catalog) -> None:
        self.connection = connection
        self._catalog = catalog

    def table(self, name: object) -> sa.Table:
        """Give a table or view with its columns and primary key, and nothing else of what it has.

        Args:
            name: Its name, exactly as the database spells it.

        Raises:
            QueryError: There is none; the message lists those that are.
        """
        if not isinstance(name, str) or name not in self._names:
            raise unknown("There is no entity", name, self._names)
        known = self._catalog.tables
        if name not in known:
            known[name] = self._read(name)
        return known[name]

    def relation(self, table: str, name: str) -> Relation | None:
        """Tell which relation of a table is called so, if any.

        Raises:
            QueryError: It could be several.
        """
        return relations.find(table, name, self._outgoing(table), lambda: self._incoming(table))

    def no_such_name(self, table: sa.FromClause, entity: str, name: str) -> QueryError:
        """Make the error for a name that is neither a column nor a relation of an entity."""
        related = relations.listed(entity, self._outgoing(entity), self._incoming(entity))
        known = [*(column.name for column in table.columns), *(f"{each}.*" for each in related)]
        return unknown(f"The entity {shown(entity)} has no field", name, known)

    @property
    def _names(self) -> frozenset[str]:
        if self._catalog.names is None:
            schema = self._inspector.default_schema_name
            names = {*self._inspector.get_table_names(schema), *self._inspector.get_view_names(schema)}
            if self.connection.dialect.name == "postgresql":
                names.update(self._inspector.get_materialized_view_names(schema))
            self._catalog.names = frozenset(names)
        return self._catalog.names

    @cached_property
    def _inspector(self) -> sa.Inspector:
        return sa.inspect(self.connection)

    def _read(self, name: str) -> sa.Table:
        keys = self._inspector.get_pk_constraint(name)["constrained_columns"]
        columns: list[sa.Column[Any]] = [
            sa.Column(
                each["name"],
                adapted(each["type"], self.connection.dialect),
                nullable=each["nullable"],
                primary_key=each["name"] in keys,
            )
            for each in self._inspector.get_columns(name)
        ]
        return sa.Table(name, sa.MetaData(), *columns)

    def _outgoing(self, table: str) -> Sequence[ForeignKey]:
        known = self._catalog.outgoing
        if table not in known:
            found = self._inspector.get_foreign_keys(table)
            known[table] = [key for each in found if (key := self._key(table, each)) is not None]
        return known[table]

    def _incoming(self, table: str) -> Sequence[ForeignKey]:
        if self._catalog.all_keys is None:
            self._catalog.all_keys = [
                key
                for (_schema, source), found in self._inspector.get_multi_foreign_keys().items()
                for each in found
                if (key := self._key(source, each)) is not None
            ]
        return [key for key in self._catalog.all_keys if key.target == table]

    def _key(self, source: str, found: Any) -> ForeignKey | None:  # noqa: ANN401 (SQLAlchemy's typed dictionary)
        """Take over a foreign key; None for one that leads to where no entity is."""
        if found["referred_schema"] is not None or found["referred_table"] not in self._names:
            return None
        return ForeignKey(
            source, tuple(found["constrained_columns"]), found["referred_table"], tuple(found["referred_columns"])
        )
