"""What only SQLite has: columns that are text, or anything, whatever they are called."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tally.database import open_database
from tally.errors import QueryError
from tally.query import Query

MOMENT = datetime(2026, 3, 29, 1, 30, 0, 500000, tzinfo=UTC)


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An empty database."""
    path = tmp_path / "empty.db"
    path.touch()
    engine = open_database({"DATABASE_URL": f"sqlite:///{path}"})
    yield engine
    await engine.dispose()


@pytest.fixture
async def texts(sqlite: AsyncEngine) -> Query:
    """A table whose instants SQL wrote: one instant as any program may write it, and its neighbours."""
    async with sqlite.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME)")
        for text in (
            "2026-03-29 01:30:00.499999",
            "2026-03-29 01:30:00.5",
            "2026-03-29 01:30:00.500",
            "2026-03-29 01:30:00.500000",
            "2026-03-29 01:30:00.500001",
            "2026-03-29 01:30:00",  # as CURRENT_TIMESTAMP does
            "2026-03-29 01:30:00.000000",
            "2026-03-29 01:30:01",
        ):
            await connection.exec_driver_sql("INSERT INTO t (at) VALUES (?)", (text,))
    return Query(sqlite)


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        (MOMENT, [2, 3, 4]),
        ({"$ne": MOMENT}, [1, 5, 6, 7, 8]),
        ({"$gt": MOMENT}, [5, 8]),
        ({"$gte": MOMENT}, [2, 3, 4, 5, 8]),
        ({"$lt": MOMENT}, [1, 6, 7]),
        ({"$lte": MOMENT}, [1, 2, 3, 4, 6, 7]),
        (MOMENT.replace(microsecond=0), [6, 7]),
        ({"$gt": MOMENT.replace(microsecond=0)}, [1, 2, 3, 4, 5, 8]),
        ({"$lte": MOMENT.replace(microsecond=0)}, [6, 7]),
        ({"$gte": MOMENT.replace(microsecond=0)}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"$lt": MOMENT.replace(microsecond=0)}, []),
        ({"$lt": MOMENT + timedelta(seconds=0.5)}, [1, 2, 3, 4, 5, 6, 7]),
        ([MOMENT, MOMENT + timedelta(seconds=0.5)], [2, 3, 4, 8]),
    ],
)
async def test_an_instant_is_spelt_in_more_than_one_way(texts: Query, condition: object, ids: list[int]) -> None:
    found = await texts.graph(entity="t", fields=["id"], filters={"at": condition})
    assert [row["id"] for row in found.data] == ids


async def test_a_column_may_hold_what_is_no_instant(sqlite: AsyncEngine) -> None:
    async with sqlite.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE t (at DATETIME)")
        await connection.exec_driver_sql("INSERT INTO t VALUES ('yesterday')")
    with pytest.raises(QueryError, match="holds 'yesterday', which is none"):
        await Query(sqlite).graph(entity="t")


async def test_a_type_that_sqlite_does_not_know_holds_text_as_well(sqlite: AsyncEngine) -> None:
    async with sqlite.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE shop (id STRING PRIMARY KEY)")
        await connection.exec_driver_sql("CREATE TABLE sale (id UUID PRIMARY KEY, shop_id STRING REFERENCES shop)")
        await connection.exec_driver_sql("INSERT INTO shop VALUES ('bern'), (7.5)")
        await connection.exec_driver_sql("INSERT INTO sale VALUES ('x', 'bern'), ('y', 7.5)")
    found = await Query(sqlite).graph(entity="sale", fields=["id", "shop.id"])
    assert found.data == [{"id": "x", "shop": {"id": "bern"}}, {"id": "y", "shop": {"id": Decimal("7.5")}}]


async def test_a_column_needs_no_type(sqlite: AsyncEngine) -> None:
    async with sqlite.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE t (a, b NUMERIC, c CHAR(32))")
        await connection.exec_driver_sql("INSERT INTO t VALUES (1, 2.50, '00000000000000000000000000000007')")
        await connection.exec_driver_sql("INSERT INTO t VALUES ('x', 3, 'no UUID')")
    query = Query(sqlite)
    assert (await query.graph(entity="t", filters={"a": 1})).data == [{"a": 1, "b": Decimal("2.5"), "c": UUID(int=7)}]
    assert (await query.graph(entity="t", filters={"a": "x"})).data == [{"a": "x", "b": Decimal(3), "c": "no UUID"}]
    assert (await query.graph(entity="t", filters={"c": UUID(int=7)}, fields=["a"])).data == [{"a": 1}]
