"""Values: what was written with SQLAlchemy's types comes back the same from both databases, and so does other SQL's."""

from datetime import UTC
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from tally.query import Query

from tests.database import shop


async def test_each_type_comes_back_as_it_was_written(query: Query) -> None:
    found = await query.graph(entity="product")
    for row, written in zip(found.data, shop.ROWS[shop.product], strict=True):
        created = written["created_at"]
        expected = written | {"created_at": created and created.replace(tzinfo=UTC)}
        assert row == expected
        assert {name: type(value) for name, value in row.items()} == {
            name: type(value) for name, value in expected.items()
        }


async def test_instants_come_back_in_utc(query: Query) -> None:
    [tea] = (await query.graph(entity="product", filters={"title": "Tea"})).data
    assert tea["updated_at"].tzinfo is UTC
    assert tea["created_at"].tzinfo is UTC


async def test_a_decimal_keeps_its_digits(query: Query) -> None:
    found = await query.graph(entity="product", fields=["price"])
    assert [str(row["price"]) for row in found.data] == ["19.90", "7.00", "None"]


async def test_null_in_json_is_null(fresh: AsyncEngine) -> None:
    metadata = sa.MetaData()
    kind = sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")
    table = sa.Table(
        "t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.JSON), sa.Column("b", kind)
    )
    rows: list[dict[str, Any]] = [
        {"id": 1, "a": None, "b": None},  # SQLAlchemy writes JSON's null
        {"id": 2, "a": sa.null(), "b": sa.null()},
        {"id": 3, "a": "null", "b": {"null": None}},
    ]
    async with fresh.begin() as connection:
        await connection.run_sync(metadata.create_all)
        for row in rows:
            await connection.execute(table.insert().values(**row))
    query = Query(fresh)
    for field in ("a", "b"):
        found = await query.graph(entity="t", fields=["id", field], filters={field: None})
        assert found.data == [{"id": 1, field: None}, {"id": 2, field: None}]
        assert len((await query.graph(entity="t", filters={field: {"$exists": True}})).data) == 1


@pytest.mark.parametrize("pattern", ["ärger%", "ÄRGER%", "%ÉTÉ", "%IN der str%", "_rger%", "stra_e %", "\u0130%"])
async def test_letters_have_a_case_beyond_ascii_and_none_becomes_two(fresh: AsyncEngine, pattern: str) -> None:
    texts = ["Ärger in der Strasse", "un été", "Straße 7", "\u0130zmir", "none"]
    async with fresh.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE t (a TEXT)")
        await connection.execute(sa.text("INSERT INTO t VALUES (:a)"), [{"a": text} for text in [*texts, None]])
    query = Query(fresh)
    found = await query.graph(entity="t", filters={"a": {"$ilike": pattern}})
    assert len(found.data) == 1
    others = await query.graph(entity="t", filters={"a": {"$not": {"$ilike": pattern}}})
    assert len(others.data) == len(texts)
