"""How much a call asks of the database: a statement for each level, and of the schema only what it needs."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tally.query import Query

from tests.database.conftest import statements


@pytest.mark.parametrize(
    ("fields", "pagination", "count"),
    [
        (["*"], None, 1),
        (["id", "email"], {"skip": 0, "take": 2, "order": {"email": "ASC"}}, 2),
        (["id", "customer.email"], None, 2),
        (["items.*"], None, 2),
        (["items.product.title"], None, 3),
        (["customer.*", "items.product.title", "items.product.price", "items.quantity"], {"skip": 0}, 5),
        (["customer.orders.OrderLines.notes.text", "items.id"], None, 6),
    ],
)
async def test_there_is_one_statement_for_each_level_and_one_for_the_count(
    database: AsyncEngine, fields: list[str], pagination: dict[str, object] | None, count: int
) -> None:
    query = Query(database)
    filters = {"items.product.title": {"$ne": "Mug"}}
    await query.graph(entity="cart", fields=fields, filters=filters, pagination=pagination)  # reads the schema too
    with statements(database) as seen:
        await query.graph(entity="cart", fields=fields, filters=filters, pagination=pagination)
    assert len(seen) == count
    assert all(statement.startswith("SELECT") for statement in seen)
    assert not any(" JOIN " in statement for statement in seen)


async def test_a_level_without_rows_takes_no_statement(database: AsyncEngine) -> None:
    query = Query(database)
    paths = ["id", "customer.orders.id", "items.product.id"]
    await query.graph(entity="cart", fields=paths)
    with statements(database) as seen:
        await query.graph(entity="cart", fields=paths, filters={"id": 0})
    assert len(seen) == 1
    with statements(database) as seen:
        await query.graph(entity="cart", fields=["customer.orders.id"], filters={"customer": None})
    assert len(seen) == 1


async def test_only_the_columns_that_are_needed_are_read(database: AsyncEngine) -> None:
    with statements(database) as seen:
        await Query(database).graph(entity="product", fields=["title"])
    assert "price" not in seen[-1]
    assert "title" in seen[-1]


async def test_only_the_tables_that_are_needed_are_looked_at(database: AsyncEngine) -> None:
    query = Query(database)
    with statements(database) as seen:
        await query.graph(entity="cart", fields=["*", "customer.name"], filters={"customer.email": None})
    assert any("customer" in statement for statement in seen)
    asked = [text for text in seen if any(name in text for name in ("product", "OrderLine", "unrelated", "address"))]
    assert asked == []


async def test_the_columns_of_a_table_that_is_not_needed_are_never_read(database: AsyncEngine) -> None:
    """A relation to many is known by another table's foreign keys, and by no more of that table."""
    query = Query(database)
    await query.graph(entity="cart", fields=["items.id"])
    assert set(query._catalog.tables) == {"cart", "cart_item"}


async def test_the_schema_is_read_once_a_run(database: AsyncEngine) -> None:
    query = Query(database)
    with statements(database) as first:
        await query.graph(entity="cart", fields=["items.id"])
    with statements(database) as second:
        await query.graph(entity="cart", fields=["items.id"])
    assert len(first) > len(second) == 2


async def test_calls_may_run_side_by_side(database: AsyncEngine) -> None:
    query = Query(database)
    numbers = [1, 2, 3, 4] * 10
    calls = [query.graph(entity="cart", fields=["id", "items.id"], filters={"id": number}) for number in numbers]
    assert [[row["id"] for row in found.data] for found in await asyncio.gather(*calls)] == [[each] for each in numbers]
