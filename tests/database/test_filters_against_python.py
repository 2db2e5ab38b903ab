"""Any tree of conditions lets through the rows that plain Python lets through, on both databases."""

# ruff: noqa: ANN401 (values of any type)

import operator
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tally.database import open_database
from tally.query import Query, lists

Row = dict[str, Any]
NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
INSTANTS = [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(milliseconds=500), NOON - timedelta(days=400)]
# For each column, what rows hold and filters ask for.
VALUES: dict[str, list[Any]] = {
    "whole": [-1, 0, 1, 2, 3_000_000_000],
    "number": [Decimal("-1.50"), Decimal(0), Decimal("0.10"), Decimal("19.90")],
    "ratio": [-1.5, 0.0, 0.1, 1 / 3, 1e300],
    "flag": [False, True],
    "word": ["", "a", "A", "ab", "a%b", "a_b", "a\\b", "a*b", "[a]", "é", "É", "x' OR '1'='1"],
    "day": [date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 29)],
    "moment": INSTANTS,
    "naive": INSTANTS,
    "code": [UUID(int=1), UUID(int=2**127), UUID(int=3)],
}
PIECES = ["a", "A", "b", "é", "É", "%", "_", "\\%", "\\_", "\\\\", "\\a", "*", "[", "]", "?"]
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}
METADATA = sa.MetaData()
TYPES: dict[str, Any] = {
    "whole": sa.BigInteger,
    "number": sa.Numeric(10, 2),
    "ratio": sa.Double,
    "flag": sa.Boolean,
    "word": sa.Text,
    "day": sa.Date,
    "moment": sa.DateTime(timezone=True),
    "naive": sa.DateTime,
    "code": sa.Uuid,
}
owner = sa.Table(
    "owner",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("word", sa.Text),
    sa.Column("chief_id", sa.ForeignKey("owner.id")),
)
thing = sa.Table(
    "thing",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("owner_id", sa.ForeignKey("owner.id")),
    *(sa.Column(name, kind) for name, kind in TYPES.items()),
)
part = sa.Table(
    "thing_part",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("thing_id", sa.ForeignKey("thing.id")),
    sa.Column("whole", sa.BigInteger),
    sa.Column("word", sa.Text),
)


def pick(values: list[Any], number: int) -> Any:
    """Choose, by a number, one of the values or NULL."""
    return [None, *values][number % (len(values) + 1)]


OWNERS: list[Row] = [
    {"id": n, "word": pick(["a", "A", "é"], n), "chief_id": [None, 1, 2, None][n - 1]} for n in range(1, 5)
]
THINGS: list[Row] = [
    {"id": n, "owner_id": pick([1, 2, 3], n)}
    | {name: pick(values, n * step // 2) for step, (name, values) in enumerate(VALUES.items(), start=1)}
    for n in range(1, 41)
]
PARTS: list[Row] = [
    {"id": n, "thing_id": thing_id, "whole": pick([0, 1, 2], n), "word": pick(["a", "b", "é"], n // 2)}
    for n, (thing_id, _) in enumerate(product([None, 1, 2, 3, 5, 8, 13, 21, 34], range(3)), start=1)
]
ROWS: dict[str, list[Row]] = {"owner": OWNERS, "thing": THINGS, "thing_part": PARTS}
RELATED: dict[tuple[str, str], tuple[str, str, str]] = {
    ("thing", "owner"): ("owner", "owner_id", "id"),
    ("thing", "parts"): ("thing_part", "id", "thing_id"),
    ("thing_part", "thing"): ("thing", "thing_id", "id"),
    ("owner", "things"): ("thing", "id", "owner_id"),
    ("owner", "chief"): ("owner", "chief_id", "id"),
    ("owner", "owners"): ("owner", "id", "chief_id"),
}


def holds(filters: Any, entity: str, row: Row) -> bool:
    """Say whether a row is as the filters say, by Python alone."""
    return all(entry_holds(key, value, entity, row) for key, value in filters.items())


def entry_holds(key: str, value: Any, entity: str, row: Row) -> bool:
    if key == "$not":
        return not holds(value, entity, row)
    if key == "$and":
        return all(holds(each, entity, row) for each in value)
    if key == "$or":
        return any(holds(each, entity, row) for each in value)
    name, dot, rest = key.partition(".")
    if (entity, name) not in RELATED:
        return condition_holds(value, row[name])
    other, near, far = RELATED[entity, name]
    related = [each for each in ROWS[other] if row[near] is not None and each[far] == row[near]]
    wanted = {rest: value} if dot else value
    if wanted is None:
        return not related
    exists = wanted.get("$exists")
    others = {name: each for name, each in wanted.items() if name != "$exists"}
    there = bool(related) is exists if exists is not None else True
    return there and (any(holds(others, other, each) for each in related) if others or exists is None else True)


def condition_holds(condition: Any, value: Any) -> bool:
    if isinstance(condition, dict):
        return all(operator_holds(name, operand, value) for name, operand in condition.items())
    return value in condition if isinstance(condition, list) else bool(value == condition)


def operator_holds(name: str, operand: Any, value: Any) -> bool:
    match name:
        case "$eq" | "$in":
            return condition_holds(operand, value)
        case "$ne" | "$nin" | "$not":
            return not condition_holds(operand, value)
        case "$exists":
            return operand is (value is not None)
        case "$and":
            return all(condition_holds(each, value) for each in operand)
        case "$or":
            return any(condition_holds(each, value) for each in operand)
        case "$like" | "$ilike":
            return value is not None and bool(re.fullmatch(expression(operand), value, flags_of(name)))
    return value is not None and bool(COMPARISONS[name](value, operand))


def flags_of(name: str) -> re.RegexFlag:
    return re.DOTALL | (re.IGNORECASE if name == "$ilike" else re.NOFLAG)


def expression(pattern: str) -> str:
    made = {"%": ".*", "_": "."}
    found = re.findall(r"\\.|.", pattern, re.DOTALL)
    return "".join(made.get(each) or re.escape(each[-1]) for each in found)


def in_some_zone(value: Any) -> st.SearchStrategy[Any]:
    """Ask for an instant in the time zone of anybody."""
    if not isinstance(value, datetime):
        return st.just(value)
    hours = st.sampled_from([0, 5.75, -9.5])
    return hours.map(lambda each: value.astimezone(timezone(timedelta(hours=each))))


def conditions(values: list[Any]) -> st.SearchStrategy[Any]:
    known = st.sampled_from(values).flatmap(in_some_zone)
    maybe = st.one_of(known, st.none())
    several = st.lists(maybe, max_size=5)
    operators: dict[str, st.SearchStrategy[Any]] = {
        "$eq": maybe,
        "$ne": maybe,
        "$in": several,
        "$nin": several,
        "$exists": st.booleans(),
        **dict.fromkeys(COMPARISONS, known),
    }
    if isinstance(values[0], str):
        operators |= dict.fromkeys(("$like", "$ilike"), st.lists(st.sampled_from(PIECES), max_size=4).map("".join))
    single = st.one_of(*(st.fixed_dictionaries({name: given}) for name, given in operators.items()))
    pair = st.builds(lambda one, other: one | other, single, single)
    plain = st.one_of(maybe, several, single, pair)
    return st.one_of(
        plain,
        st.fixed_dictionaries({"$not": plain}),
        st.fixed_dictionaries({"$or": st.lists(plain, max_size=3)}),
        st.fixed_dictionaries({"$and": st.lists(plain, max_size=3)}),
    )


COLUMNS: dict[str, dict[str, list[Any]]] = {
    "thing": VALUES,
    "owner": {"word": ["a", "A", "é"], "chief_id": [1, 2]},
    "thing_part": {"whole": [0, 1, 2], "word": ["a", "b", "é"]},
}
LEAVES = {
    entity: st.sampled_from(sorted(columns)).flatmap(
        lambda name, columns=columns: st.fixed_dictionaries({name: conditions(columns[name])})  # type: ignore[misc]
    )
    for entity, columns in COLUMNS.items()
}


def filters_of(entity: str, depth: int) -> st.SearchStrategy[Any]:
    """Make trees of conditions on an entity; its relations lead to trees of their own."""
    if depth == 0:
        return LEAVES[entity]
    inner = st.deferred(lambda: filters_of(entity, depth - 1))
    ways: list[st.SearchStrategy[Any]] = [
        LEAVES[entity],
        st.fixed_dictionaries({"$not": inner}),
        st.fixed_dictionaries({"$and": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"$or": st.lists(inner, max_size=3)}),
        st.builds(lambda one, other: one | other, inner, inner),
    ]
    for (start, name), (other, _near, _far) in RELATED.items():
        if start == entity:
            there = st.deferred(lambda other=other: filters_of(other, depth - 1))  # type: ignore[misc]
            exists = st.booleans().map(lambda each: {"$exists": each})
            both = st.builds(lambda one, more: one | more, exists, there)
            ways.append(st.one_of(there, exists, both, st.none()).map(lambda each, name=name: {name: each}))  # type: ignore[misc]
            ways.append(LEAVES[other].map(lambda leaf, name=name: {f"{name}.{key}": leaf[key] for key in leaf}))  # type: ignore[misc]
    return st.one_of(*ways)


@pytest.fixture(scope="module")
async def things(fresh_url: Callable[[], str]) -> AsyncIterator[Query]:
    engine = open_database({"DATABASE_URL": fresh_url()})
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        for table, rows in ((owner, OWNERS), (part, []), (thing, THINGS), (part, PARTS)):
            for row in rows:
                naive = {"naive": row["naive"] and row["naive"].replace(tzinfo=None)} if "naive" in row else {}
                await connection.execute(table.insert().values(row | naive))
        if engine.dialect.name == "sqlite":  # half of the instants as CURRENT_TIMESTAMP would write them
            short = "UPDATE thing SET {0} = substr({0}, 1, 19) WHERE {0} LIKE '%.000000' AND id % 2"
            for column in ("moment", "naive"):
                await connection.exec_driver_sql(short.format(column))
    yield Query(engine)
    await engine.dispose()


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(filters=filters_of("thing", 3), long=st.sampled_from([1, 100]))
async def test_a_filter_lets_through_what_python_lets_through(things: Query, filters: Row, long: int) -> None:
    expected = [row["id"] for row in THINGS if holds(filters, "thing", row)]
    event("all rows" if len(expected) == len(THINGS) else "some rows" if expected else "no rows")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "LONG", long)
        found = await things.graph(entity="thing", fields=["id"], filters=filters, pagination={"skip": 0})
        others = await things.graph(entity="thing", fields=["id"], filters={"$not": filters})
    assert [row["id"] for row in found.data] == expected
    assert found.metadata.count == len(expected)
    assert [row["id"] for row in others.data] == [row["id"] for row in THINGS if row["id"] not in expected]
