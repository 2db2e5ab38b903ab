"""Hostile names and values: an error or just data, never SQL. The tables still stand after each."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from tally.errors import QueryError
from tally.query import Query

from tests.database import shop

TEXTS = [
    "'; DROP TABLE customer; --",
    '"; DROP TABLE customer; --',
    "x' OR '1'='1",
    "x') OR 1=1 --",
    "\\",
    "\\'; DROP TABLE customer; --",
    "%s %(id)s %% ? :id $1 {0} {id}",
    "*/ DROP TABLE customer /*",
    "__class__",
    "customer.__class__.__init__",
    "id AS x, (SELECT 1)",
    "id\n--",
    "",
    " ",
    "$where",
    "ünï\u202ecode \U0001f980",
    "\x01\x1f\x7f",
    "NaN",
    "x" * 1_000_000,
]
UNSTORABLE = ["\0", "a\0b", "\ud800"]


@pytest.fixture(autouse=True)
async def _tables_still_stand(database: AsyncEngine) -> AsyncIterator[None]:
    yield
    async with database.connect() as connection:
        for table, rows in shop.ROWS.items():
            count = await connection.scalar(sa.select(sa.func.count()).select_from(table))
            assert count == len(rows)


@pytest.mark.parametrize("text", [*TEXTS, *UNSTORABLE], ids=lambda text: ascii(text[:30]))
async def test_a_name_is_never_sql(query: Query, text: str) -> None:
    asked: list[dict[str, Any]] = [
        {"entity": text},
        {"entity": "customer", "fields": [text]},
        {"entity": "customer", "fields": [f"orders.{text}"]},
        {"entity": "customer", "fields": [f"{text}.id"]},
        {"entity": "customer", "filters": {text: 1}},
        {"entity": "customer", "filters": {"orders": {text: 1}}},
        {"entity": "customer", "filters": {f"{text}.id": 1}},
        {"entity": "customer", "filters": {"email": {text: 1}}},
        {"entity": "customer", "filters": {"email": {f"${text}": 1}}},
        {"entity": "customer", "pagination": {text: 1}},
        {"entity": "customer", "pagination": {"order": {text: "ASC"}}},
        {"entity": "customer", "pagination": {"order": {"email": text}}},
        {"entity": "customer", "pagination": {"take": text}},
    ]
    for arguments in asked:
        with pytest.raises(QueryError) as caught:
            await query.graph(**arguments)
        assert len(str(caught.value)) < 2_000


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text[:30]))
async def test_a_value_is_just_data(query: Query, text: str) -> None:
    for filters, count in (
        ({"email": text}, 0),
        ({"email": {"$ne": text}}, 3),
        ({"email": [text]}, 0),
        ({"email": [f"{text}{n}" for n in range(3 if len(text) > 1000 else 200)]}, 0),
        ({"orders.group": text}, 0),
        ({"$not": {"orders": {"group": text}}}, 3),
    ):
        assert len((await query.graph(entity="customer", filters=filters)).data) == count


@pytest.mark.parametrize("text", [text for text in TEXTS if len(text) < 1000], ids=lambda text: ascii(text[:30]))
async def test_a_pattern_is_just_data(query: Query, text: str) -> None:
    for name in ("$like", "$ilike"):
        try:
            found = await query.graph(entity="customer", filters={"email": {name: text}})
        except QueryError as error:
            assert "half an escape" in str(error)  # noqa: PT017
        else:
            assert found.data == []


@pytest.mark.parametrize("text", UNSTORABLE, ids=ascii)
async def test_what_no_text_can_hold_is_refused(query: Query, text: str) -> None:
    for condition in (text, [text], {"$ne": text}, {"$gt": text}, {"$like": text}, [f"{text}{n}" for n in range(200)]):
        with pytest.raises(QueryError, match=r"customer\.email takes text without the character NUL"):
            await query.graph(entity="customer", filters={"email": condition})


async def test_a_pattern_that_is_too_long_for_sqlite_is_refused(query: Query, database: AsyncEngine) -> None:
    asked = query.graph(entity="customer", filters={"email": {"$like": "x" * 1_000_000}})
    if database.dialect.name == "sqlite":
        with pytest.raises(QueryError, match="refuses to read 'customer': LIKE or GLOB pattern too complex"):
            await asked
    else:
        assert (await asked).data == []


class Sly(str):
    """Text that is another when it is formatted."""

    __slots__ = ()

    def __str__(self) -> str:
        return "x' OR '1'='1"

    def __format__(self, spec: str) -> str:
        return str(self)


async def test_an_object_that_pretends_to_be_text_is_just_data(query: Query) -> None:
    assert (await query.graph(entity="customer", filters={"email": Sly("nobody")})).data == []


NAMES = [
    'we"ird',
    "per%cent",
    "per%%(cent)s",
    "a.b",
    "select",
    "__class__",
    "c:d",
    "c::text",
    "Mixed Case",
    "it's",
    "`tick`",
    "[b]",
    "(x)",
    "ünï",
    "$1",
    "?",
    "back\\slash",
]


async def test_any_name_that_a_database_allows_can_be_used(fresh: AsyncEngine) -> None:
    metadata = sa.MetaData()
    for name in NAMES:
        columns = [sa.Column(each, sa.Text) for each in NAMES]
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    row = {name: name for name in NAMES}
    async with fresh.begin() as connection:
        await connection.run_sync(metadata.create_all)
        for name in NAMES:
            await connection.execute(metadata.tables[name].insert(), {"id": 1} | row)
    query = Query(fresh)
    for name in NAMES:
        page = {"skip": 0, "order": {name: "DESC"}}
        filters = {name: {"$in": [name, "other"]}}
        found = await query.graph(entity=name, fields=NAMES, filters=filters, pagination=page)
        assert (found.data, found.metadata.count) == ([row], 1)


async def test_any_name_can_be_a_relation(fresh: AsyncEngine) -> None:
    names = [name for name in NAMES if '"' not in name]  # SQLAlchemy warns of such a foreign key in SQLite
    metadata = sa.MetaData()
    for name in names:
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column(name, sa.Text))
    keys = [sa.Column(f"{name}_id", sa.Integer, sa.ForeignKey(metadata.tables[name].c.id)) for name in names]
    child = sa.Table("child", metadata, sa.Column("id", sa.Integer, primary_key=True), *keys)
    async with fresh.begin() as connection:
        await connection.run_sync(metadata.create_all)
        for name in names:
            await connection.execute(metadata.tables[name].insert(), {"id": 1, name: "x"})
        await connection.execute(child.insert(), {"id": 2} | {f"{name}_id": 1 for name in names})
    query = Query(fresh)
    for name in names:
        parents = await query.graph(entity=name, fields=["childs.id", "child.id"])
        assert parents.data == [{"childs": [{"id": 2}], "child": [{"id": 2}]}]
        if "." not in name:  # a dot separates the names of a path
            path = f"{name}.{name}"
            children = await query.graph(entity="child", fields=[path], filters={path: {"$like": "x%"}})
            assert children.data == [{name: {name: "x"}}]


async def test_a_message_is_short_whatever_was_written(query: Query) -> None:
    for filters in ({"email": [["x"] * 10_000]}, {"$and": {"x" * 10_000: 1}}, {"id": {"$exists": "x" * 10_000}}):
        with pytest.raises(QueryError) as caught:
            await query.graph(entity="customer", filters=filters)
        assert len(str(caught.value)) < 200
