"""`query.graph`: what a job asks for, from the connection to the result."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tally.errors import QueryError
from tally.query import pages, patterns
from tally.query.filters import Filters
from tally.query.problems import shown
from tally.query.reading import Reading, Row, assembled
from tally.query.schema import Catalog, Schema

if TYPE_CHECKING:
    import aiosqlite


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What is said about a result's rows.

    Args:
        skip: How many were left out at the beginning.
        take: How many there are at most; None for all.
        count: How many there are without `skip` and `take`; None where the query had no `skip`.
    """

    skip: int
    take: int | None
    count: int | None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a query found.

    Args:
        data: The rows, each a plain dict.
        metadata: What is said about them.
    """

    data: list[Row]
    metadata: Metadata


class Query:
    """The built-in service `query`: reads the database.

    Args:
        engine: The database's.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._catalog = Catalog()

    async def graph(
        self,
        *,
        entity: str,
        fields: Sequence[str] = ("*",),
        filters: Mapping[str, Any] | None = None,
        pagination: Mapping[str, Any] | None = None,
    ) -> Result:
        r"""Read an entity's rows, with rows that they are related to.

            carts = await query.graph(
                entity="cart",
                fields=["id", "customer.email", "items.product.title"],
                filters={"completed_at": None, "updated_at": {"$lte": yesterday}, "customer.email": {"$ne": None}},
                pagination={"skip": 0, "take": 50, "order": {"updated_at": "DESC"}},
            )
            carts.data[0]           # {"id": 7, "customer": {"email": "a@example.com"}, "items": [{"product": ...}]}
            carts.metadata.count    # of all carts that the filters let through

        All of a call reads the same state of a PostgreSQL database. Values are described in `tally.query.values`, the
        names of relations in `tally.query.relations`.

        Args:
            entity: The name of a table or view, as the database spells it.
            fields: Columns, `*` for all of them, and the same of related rows behind a dot: `customer.email`,
                `items.*`. A relation to one gives a dict, or None; a relation to many gives a list. What is not asked
                for is not given.
            filters: What must hold of a row, all of it; a row has NULL where `None` stands.

                - `{"status": "paid"}`, `{"status": None}`, `{"status": ["paid", "sent"]}` (a list is `$in`; an empty
                  one matches nothing, and None in it matches NULL)
                - `$eq`, `$ne`, `$in`, `$nin`, `$gt`, `$gte`, `$lt`, `$lte`, `$exists` (True: is not NULL)
                - `$like`, `$ilike` (ignores case): `%` is any text, `_` one character, `\` before either means itself
                - `$and`, `$or` with a list, `$not`; before a field or after it
                - `{"items.product.title": "Tea"}` or `{"items": {"quantity": 2, "product": {"title": "Tea"}}}`: there
                  is at least one such related row; what must hold for the same row stands in the same dict.
                  `{"items": None}`: there is none.

                NULL is a value like any other: `$ne`, `$nin` and `$not` hold for it. It is neither less nor greater
                than anything. How text sorts and compares, is the database's collation.
            pagination: `skip` and `take`, a number of rows of the entity itself, and `order`, `{"title": "ASC"}` or
                `"DESC"`; NULL is the greatest. Rows that are equal there, and all rows without it, are in the order of
                their primary key.

        Returns:
            The rows; with `skip`, their number without `skip` and `take`.

        Raises:
            QueryError: Something that was asked for cannot be; the message lists what can. Or the database refuses it.
            ServiceError: The database cannot be reached, or the SQLite file is not there.
        """
        try:
            async with self._connected() as connection:
                return await connection.run_sync(self._read, entity, fields, filters, pagination)
        except StatementError as error:
            said = " ".join(str(error.orig).split())
            raise QueryError(f"The database refuses to read {shown(entity)}: {said}") from error

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        async with self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                raw = cast("aiosqlite.Connection", (await connection.get_raw_connection()).driver_connection)
                await raw.create_function(patterns.FOLD, 1, patterns.fold_value, deterministic=True)
            else:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    def _read(
        self, connection: sa.Connection, entity: str, fields: Sequence[str], filters: object, pagination: object
    ) -> Result:
        reading = Reading(Schema(connection, self._catalog))
        level = reading.plan(entity, fields)
        condition = Filters(reading.schema).rows(level.table, entity, {} if filters is None else filters)
        page = pages.read(pagination, level.table)
        rows = reading.rows(level, condition, page)
        loaded = reading.related(level, rows)
        return Result(
            data=[assembled(loaded, row) for row in rows],
            metadata=Metadata(
                skip=page.skip or 0,
                take=page.take,
                count=None if page.skip is None else reading.count(level.table, condition),
            ),
        )
