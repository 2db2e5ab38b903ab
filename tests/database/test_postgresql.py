"""What only PostgreSQL has: more types, schemas, and a state of the database that a whole call reads."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tally.database import open_database
from tally.errors import QueryError
from tally.query import Query
from tally.query.reading import Level, Loaded, Reading, Row

from tests.postgres import Postgres


@pytest.fixture
async def postgresql(postgres_server: Postgres) -> AsyncIterator[AsyncEngine]:
    """An empty database."""
    engine = open_database({"DATABASE_URL": postgres_server.create("only_postgresql")})
    yield engine
    await engine.dispose()


@pytest.fixture
async def typed(postgresql: AsyncEngine) -> Query:
    """A table with types of PostgreSQL's own."""
    async with postgresql.begin() as connection:
        for statement in (
            "CREATE TYPE mood AS ENUM ('sad', 'glad')",
            "CREATE DOMAIN amount AS numeric(8, 2) CHECK (VALUE >= 0)",
            "CREATE TABLE t (id smallint PRIMARY KEY, mood mood, amount amount, list int[], lasts interval,"
            " code char(32), at inet)",
            f"INSERT INTO t VALUES (1, 'glad', 2.5, '{{1,2}}', '90 minutes', '{'a' * 32}', '127.0.0.1')",
            "INSERT INTO t VALUES (2, 'sad')",
        ):
            await connection.exec_driver_sql(statement)
    return Query(postgresql)


async def test_types_of_its_own_come_back(typed: Query) -> None:
    [glad, _] = (await typed.graph(entity="t", fields=["mood", "amount", "list", "lasts", "code"])).data
    assert glad == {
        "mood": "glad",
        "amount": Decimal("2.50"),
        "list": [1, 2],
        "lasts": timedelta(minutes=90),
        "code": "a" * 32,
    }


@pytest.mark.parametrize(
    "filters",
    [
        {"mood": "glad"},
        {"mood": ["glad"] * 1001},
        {"mood": {"$ilike": "GL%"}},
        {"amount": 2.5},
        {"lasts": {"$gt": timedelta(hours=1)}},
        {"list": {"$exists": True}},
        {"at": {"$ne": None}},
        {"id": {"$lt": 2}},
        {"id": {"$nin": [2, 70_000]}},
    ],
)
async def test_types_of_its_own_are_filtered(typed: Query, filters: dict[str, Any]) -> None:
    assert (await typed.graph(entity="t", fields=["id"], filters=filters)).data == [{"id": 1}]


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"list": {"$eq": 1}}, "t.list holds ARRAY, which a filter cannot compare"),
        ({"at": "127.0.0.1"}, "t.at holds INET, which a filter cannot compare"),
        ({"mood": "bad"}, "The database refuses to read 't': invalid input value for enum mood: \"bad\""),
    ],
)
async def test_types_of_its_own_have_limits(typed: Query, filters: dict[str, Any], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        await typed.graph(entity="t", filters=filters)


async def test_only_the_default_schema_is_searched(postgresql: AsyncEngine) -> None:
    async with postgresql.begin() as connection:
        for statement in (
            "CREATE SCHEMA other",
            "CREATE TABLE other.hidden (id int PRIMARY KEY)",
            "CREATE TABLE t (id int PRIMARY KEY, hidden_id int REFERENCES other.hidden)",
            "CREATE TABLE other.t (id text PRIMARY KEY, t_id int REFERENCES public.t)",
            "INSERT INTO t VALUES (1)",
        ):
            await connection.exec_driver_sql(statement)
    query = Query(postgresql)
    assert (await query.graph(entity="t")).data == [{"id": 1, "hidden_id": None}]
    for entity, field in (("hidden", "id"), ("other.hidden", "id"), ("t", "hidden.id"), ("t", "ts.id")):
        with pytest.raises(QueryError, match=r"Known: (hidden_id, id|t)\."):
            await query.graph(entity=entity, fields=[field])


async def test_a_call_reads_one_state_of_the_database(postgresql: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    async with postgresql.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE cart (id int PRIMARY KEY)")
        await connection.exec_driver_sql("CREATE TABLE item (id int PRIMARY KEY, cart_id int REFERENCES cart)")
        await connection.exec_driver_sql("INSERT INTO cart VALUES (1); INSERT INTO item VALUES (1, 1)")
    query = Query(postgresql)
    read = Reading.related

    def deleted_meanwhile(self: Reading, level: Level, rows: list[Row]) -> Loaded:
        with psycopg.connect(url) as other:
            other.execute("DELETE FROM item")
            other.execute("DELETE FROM cart")
        return read(self, level, rows)

    url = postgresql.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setattr(Reading, "related", deleted_meanwhile)
    found = await query.graph(entity="cart", fields=["id", "items.id"], pagination={"skip": 0})
    assert (found.data, found.metadata.count) == ([{"id": 1, "items": [{"id": 1}]}], 1)


async def test_a_query_cannot_write(postgresql: AsyncEngine) -> None:
    async with postgresql.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE made (id int)")
        await connection.exec_driver_sql(
            "CREATE FUNCTION make() RETURNS int LANGUAGE sql AS 'INSERT INTO made VALUES (1) RETURNING id'"
        )
        await connection.exec_driver_sql("CREATE VIEW sly AS SELECT make() AS id")
    with pytest.raises(QueryError, match="cannot execute INSERT in a read-only transaction"):
        await Query(postgresql).graph(entity="sly")
    async with postgresql.begin() as connection:  # what a query sets, it gives back
        await connection.exec_driver_sql("INSERT INTO made VALUES (2)")
