"""Lists longer than a statement may have values, in filters and between levels of relations."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from tally.database import open_database
from tally.query import Query, lists

from tests.database import shop
from tests.database.conftest import statements

MANY = 66_000  # SQLite's limit is 32,766, PostgreSQL's 65,535


@pytest.fixture(scope="module")
async def crowd(fresh_url: Callable[[], str]) -> AsyncIterator[AsyncEngine]:
    """As many rows, of which the first hundred have a child."""
    engine = open_database({"DATABASE_URL": fresh_url()})
    numbers = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {})"
    async with engine.begin() as connection:
        for statement in (
            "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT)",
            "CREATE TABLE part (id INTEGER PRIMARY KEY, thing_id INTEGER REFERENCES thing)",
            f"INSERT INTO thing {numbers.format(MANY)} SELECT n, 'name ' || n FROM numbers",
            f"INSERT INTO part {numbers.format(100)} SELECT n, n FROM numbers",
        ):
            await connection.exec_driver_sql(statement)
    yield engine
    await engine.dispose()


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"id": [*range(10, MANY + 10)]}, MANY - 9),
        ({"id": {"$nin": [*range(10, MANY + 10)]}}, 9),
        ({"id": {"$in": [*range(10, MANY + 10), None]}}, MANY - 9),
        ({"name": [f"name {n}" for n in range(10, MANY + 10)]}, MANY - 9),
        ({"parts.id": [*range(10, MANY + 10)]}, 91),
        ({"$not": {"parts.id": [*range(10, MANY + 10)]}}, MANY - 91),
    ],
    ids=["in", "not in", "in, and null", "text", "related", "not related"],
)
async def test_a_list_may_be_longer_than_a_statement(crowd: AsyncEngine, filters: dict[str, Any], count: int) -> None:
    found = await Query(crowd).graph(entity="thing", fields=["id"], filters=filters, pagination={"skip": 0, "take": 1})
    assert found.metadata.count == count


async def test_more_rows_than_values_in_a_statement_take_one_statement_a_level(crowd: AsyncEngine) -> None:
    query = Query(crowd)
    await query.graph(entity="thing", fields=["parts.thing.id"], pagination={"take": 1})
    with statements(crowd) as seen:
        found = await query.graph(entity="thing", fields=["id", "parts.thing.id"])
    assert len(seen) == 3
    assert len(found.data) == MANY
    assert [row["parts"] for row in found.data[:101]] == [*([{"thing": {"id": n}}] for n in range(1, 101)), []]


@pytest.mark.parametrize("column", [column for column in shop.product.columns if column.name != "tags"], ids=str)
async def test_a_long_list_finds_what_a_short_one_finds(
    query: Query, monkeypatch: pytest.MonkeyPatch, column: sa.Column[object]
) -> None:
    values = [row[column.name] for row in shop.ROWS[shop.product]]
    values = [value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in values]
    others: list[object] = [UUID(int=9)] if column.name == "id" else []
    filters: dict[str, Any] = {column.name: {"$in": [*values[:1], *values[2:], *others]}}
    short = await query.graph(entity="product", fields=["title"], filters=filters)
    monkeypatch.setattr(lists, "LONG", 1)
    long = await query.graph(entity="product", fields=["title"], filters=filters)
    assert [row["title"] for row in long.data] == [row["title"] for row in short.data] == ["Tea", "pot_100%"]


async def test_floats_and_instants_keep_their_last_digit_in_a_long_list(
    fresh: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "LONG", 1)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [{"id": n, "x": 1 / (n + 1), "at": start + timedelta(microseconds=n)} for n in range(2000)]
    metadata = sa.MetaData()
    columns = [sa.Column("x", sa.Double), sa.Column("at", sa.DateTime(timezone=True))]
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    async with fresh.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(table.insert(), rows)
    for name in ("x", "at"):
        filters = {name: [row[name] for row in rows[::2]]}
        found = await Query(fresh).graph(entity="t", fields=["id"], filters=filters)
        assert [row["id"] for row in found.data] == list(range(0, 2000, 2))


@pytest.mark.parametrize(("field", "others"), [("weight", [float("inf")] * 200), ("image", [b"x"] * 200)])
async def test_what_json_cannot_say_may_be_in_a_long_list(query: Query, field: str, others: list[object]) -> None:
    value = next(row[field] for row in shop.ROWS[shop.product] if row["id"] == shop.TEA)
    found = await query.graph(entity="product", fields=["title"], filters={field: [value, *others]})
    assert found.data == [{"title": "Tea"}]
