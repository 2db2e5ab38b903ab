"""Pages: a part of the entity's own rows in an order that is the same each time, and how many there are in all."""

# ruff: noqa: ANN401 (what nobody should write)

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from tally.errors import QueryError
from tally.query import Query


@pytest.mark.parametrize(
    ("pagination", "ids", "count"),
    [
        (None, [1, 2, 3, 4], None),
        ({}, [1, 2, 3, 4], None),
        ({"take": 2}, [1, 2], None),
        ({"skip": 0, "take": 2}, [1, 2], 4),
        ({"skip": 3, "take": 2}, [4], 4),
        ({"skip": 1}, [2, 3, 4], 4),
        ({"skip": 9}, [], 4),
        ({"skip": 0, "take": 0}, [], 4),
        ({"skip": None, "take": None, "order": None}, [1, 2, 3, 4], None),
        ({"order": {"id": "DESC"}}, [4, 3, 2, 1], None),
        ({"order": {"email": "ASC"}}, [1, 3, 2, 4], None),
        ({"order": {"email": "desc"}}, [2, 4, 3, 1], None),
        ({"order": {"completed_at": "DESC", "id": "DESC"}}, [2, 1, 4, 3], None),
        ({"order": {"completed_at": "ASC", "email": "DESC"}, "take": 3}, [4, 3, 2], None),
    ],
)
async def test_pages(query: Query, pagination: dict[str, Any], ids: list[int], count: int | None) -> None:
    found = await query.graph(entity="cart", fields=["id"], pagination=pagination)
    assert [row["id"] for row in found.data] == ids
    assert found.metadata.count == count
    assert found.metadata.skip == ((pagination or {}).get("skip") or 0)
    assert found.metadata.take == (pagination or {}).get("take")


async def test_a_page_limits_the_entity_and_not_what_it_is_related_to(query: Query) -> None:
    found = await query.graph(entity="cart", fields=["items.id"], pagination={"skip": 0, "take": 1})
    assert found.data == [{"items": [{"id": 1}, {"id": 2}]}]


async def test_the_count_is_of_what_the_filters_let_through(query: Query) -> None:
    filters = {"items.product.title": "Tea"}
    found = await query.graph(entity="cart", fields=["id"], filters=filters, pagination={"skip": 1, "take": 1})
    assert (found.data, found.metadata.count) == ([{"id": 2}], 2)


async def test_pages_cover_each_row_once_where_all_are_equal(fresh: AsyncEngine) -> None:
    metadata = sa.MetaData()
    keyed = sa.Table("keyed", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("same", sa.Integer))
    bare = sa.Table(
        "bare", metadata, sa.Column("data", sa.JSON), sa.Column("n", sa.Integer), sa.Column("same", sa.Integer)
    )
    async with fresh.begin() as connection:
        await connection.run_sync(metadata.create_all)
        # Not in the order of their numbers, and updated since: PostgreSQL puts an updated row last.
        numbers = [(7 * each) % 50 for each in range(50)]
        await connection.execute(keyed.insert(), [{"id": each, "same": 1} for each in numbers])
        await connection.execute(bare.insert(), [{"n": each, "same": 1, "data": {}} for each in numbers])
        await connection.execute(keyed.update().where(keyed.c.id < 9).values(same=2))
        await connection.execute(keyed.update().values(same=3))
    query = Query(fresh)
    for entity, field in (("keyed", "id"), ("bare", "n")):
        seen = []
        for skip in range(0, 50, 10):
            page = {"skip": skip, "take": 10, "order": {"same": "ASC"}}
            found = await query.graph(entity=entity, fields=[field], pagination=page)
            seen += [row[field] for row in found.data]
        assert seen == list(range(50))


@pytest.mark.parametrize(
    ("pagination", "said"),
    [
        ([0, 50], r"pagination is \[0, 50\]\. Write a dict"),
        ({"limit": 5}, r"pagination has no 'limit'.*Known: order, skip, take"),
        ({"tak": 5}, "Did you mean 'take'"),
        ({"take": -1}, r"take=-1\. It must be a whole number, 0 or more"),
        ({"take": True}, "take=True"),
        ({"take": "5"}, "take='5'"),
        ({"take": 2**63}, "take=9223372036854775808"),
        ({"skip": 1.0}, r"skip=1\.0"),
        ({"order": "id"}, r"order='id'\. Write a dict"),
        ({"order": {"emial": "ASC"}}, r"'cart' cannot be ordered by 'emial'\. Did you mean 'email'"),
        ({"order": {"customer.email": "ASC"}}, r"cannot be ordered by 'customer\.email'"),
        ({"order": {"email": "UP"}}, r"orders 'email' by 'UP'\. Write 'ASC' or 'DESC'"),
        ({"order": {"email": 1}}, "orders 'email' by 1"),
        ({"order": {"email": "ASC; DROP TABLE cart"}}, "Write 'ASC' or 'DESC'"),
    ],
)
async def test_a_page_that_cannot_be_is_said(query: Query, pagination: Any, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        await query.graph(entity="cart", pagination=pagination)


async def test_what_has_no_order_cannot_be_ordered_by(query: Query) -> None:
    with pytest.raises(QueryError, match="'product' cannot be ordered by 'tags'"):
        await query.graph(entity="product", pagination={"order": {"tags": "ASC"}})
