"""Filters, a case a line: which rows of the shop they let through, and what is said of those that cannot be."""

# ruff: noqa: ANN401 (what nobody should write)

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tally.errors import QueryError
from tally.query import Query

from tests.database.shop import MUG, NEW_YEAR, POT, TEA

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_IN_NEPAL = datetime(2026, 1, 1, 17, 45, tzinfo=timezone(timedelta(hours=5, minutes=45)))
HALF_PAST = datetime(2026, 1, 1, 12, 30, 0, 500000, tzinfo=UTC)


def nots(count: int, inner: object) -> Any:
    """Wrap something in so many negations."""
    for _ in range(count):
        inner = {"$not": inner}
    return inner


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, [1, 2, 3, 4]),
        ({"id": 2}, [2]),
        ({"id": [2, 3]}, [2, 3]),
        ({"id": (2, 3)}, [2, 3]),
        ({"id": {2, 3}}, [2, 3]),
        ({"id": []}, []),
        ({"id": {"$nin": []}}, [1, 2, 3, 4]),
        ({"id": {"$gt": 1, "$lte": 3}}, [2, 3]),
        ({"id": 10**12}, []),
        ({"id": {"$lt": 10**12}}, [1, 2, 3, 4]),
        ({"email": None}, [2, 4]),
        ({"email": {"$eq": None}}, [2, 4]),
        ({"email": {"$ne": None}}, [1, 3]),
        ({"email": {"$exists": True}}, [1, 3]),
        ({"email": {"$exists": False}}, [2, 4]),
        ({"email": ["x@example.com", None]}, [2, 3, 4]),
        ({"email": {"$nin": ["x@example.com", None]}}, [1]),
        ({"email": {"$ne": "x@example.com"}}, [1, 2, 4]),
        ({"email": {"$nin": ["x@example.com"]}}, [1, 2, 4]),
        ({"email": {"$not": {"$like": "x%"}}}, [1, 2, 4]),
        ({"$not": {"email": "x@example.com"}}, [1, 2, 4]),
        ({"$not": {"$not": {"email": "x@example.com"}}}, [3]),
        ({"email": {"$not": None}}, [1, 3]),
        ({"$or": [{"id": 1}, {"email": None}]}, [1, 2, 4]),
        ({"$and": [{"id": {"$lt": 4}}, {"email": None}]}, [2]),
        ({"$or": []}, []),
        ({"$and": []}, [1, 2, 3, 4]),
        ({"$not": {}}, []),
        (nots(19, {"id": 1}), [2, 3, 4]),
        ({"id": nots(18, 1)}, [1]),
        ({"id": {"$or": [{"$lt": 2}, 4]}}, [1, 4]),
        ({"completed_at": None, "email": {"$ne": None}}, [1]),
        ({"completed_at": {"$lte": NEW_YEAR}}, [3, 4]),
    ],
)
async def test_filters_on_columns(query: Query, filters: dict[str, Any], ids: list[int]) -> None:
    found = await query.graph(entity="cart", fields=["id"], filters=filters, pagination={"skip": 0})
    assert [row["id"] for row in found.data] == ids
    assert found.metadata.count == len(ids)


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"customer.email": "ann@example.com"}, [1, 4]),
        ({"customer": {"email": "ann@example.com", "name": "Ann"}}, [1, 4]),
        # No customer is not a customer without an address.
        ({"customer.email": None}, [2]),
        ({"customer": None}, [3]),
        ({"customer": {"$exists": False}}, [3]),
        ({"customer": {"$exists": True, "name": "Bob"}}, [2]),
        ({"customer": {"$exists": False, "name": "Bob"}}, []),
        ({"items": None}, [3]),
        ({"items": {"$exists": True}}, [1, 2, 4]),
        ({"items": {}}, [1, 2, 4]),
        ({"items.product.title": "Tea"}, [1, 2]),
        ({"items.product.title": {"$ne": "Tea"}}, [1]),
        ({"$not": {"items.product.title": "Tea"}}, [3, 4]),
        ({"items": {"$not": {"product.title": "Tea"}}}, [1, 4]),
        # Two conditions on one item, and on any two.
        ({"items": {"quantity": 2, "product": {"title": "Mug"}}}, []),
        ({"items.quantity": 2, "items.product.title": "Mug"}, [1]),
        ({"items": {"$or": [{"quantity": 5}, {"product.title": "Mug"}]}}, [1, 4]),
        ({"$not": {"items": {"$exists": True, "quantity": 5}}}, [1, 2, 3]),
        ({"cart_items.cart.customer.carts.id": 4}, [1, 4]),
    ],
)
async def test_filters_through_relations(query: Query, filters: dict[str, Any], ids: list[int]) -> None:
    found = await query.graph(entity="cart", fields=["id"], filters=filters)
    assert [row["id"] for row in found.data] == ids


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"id": MUG}, [MUG]),
        ({"id": str(MUG)}, [MUG]),
        ({"id": {"$gt": TEA}}, [MUG, POT]),
        ({"price": Decimal("19.90")}, [TEA]),
        ({"price": 19.9}, [TEA]),
        ({"price": {"$lt": 8}}, [MUG]),
        ({"weight": 0.1}, [TEA]),
        ({"weight": {"$gte": Decimal("0.25")}}, [MUG]),
        ({"weight": {"$lt": float("inf")}}, [TEA, MUG]),
        ({"active": True}, [TEA]),
        ({"active": {"$ne": True}}, [MUG, POT]),
        ({"released": date(2026, 1, 31)}, [TEA]),
        ({"released": {"$lt": date(2026, 1, 1)}}, [POT]),
        ({"opens": time(9, 30)}, [TEA]),
        ({"image": b"\x00\xff"}, [TEA]),
        ({"image": [b"", b"x"]}, [POT]),
        ({"tags": None}, [MUG]),
        ({"tags": {"$exists": True}}, [TEA, POT]),
        ({"tags": {"$ne": None}}, [TEA, POT]),
    ],
)
async def test_filters_on_columns_of_each_type(query: Query, filters: dict[str, Any], ids: list[UUID]) -> None:
    found = await query.graph(entity="product", fields=["id"], filters=filters)
    assert [row["id"] for row in found.data] == ids


@pytest.mark.parametrize("column", ["created_at", "updated_at"])
@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        (NOON, [TEA]),
        (NOON_IN_NEPAL, [TEA]),
        ([NOON_IN_NEPAL, HALF_PAST], [TEA, MUG]),
        ({"$ne": NOON_IN_NEPAL}, [MUG, POT]),
        ({"$gte": NOON_IN_NEPAL}, [TEA, MUG]),
        ({"$gt": NOON_IN_NEPAL}, [MUG]),
        ({"$lte": NOON_IN_NEPAL}, [TEA]),
        ({"$lt": NOON_IN_NEPAL}, []),
        ({"$lt": HALF_PAST}, [TEA]),
        ({"$gt": HALF_PAST - timedelta(microseconds=1)}, [MUG]),
    ],
)
async def test_instants_compare_in_any_zone(query: Query, column: str, condition: object, ids: list[UUID]) -> None:
    found = await query.graph(entity="product", fields=["id"], filters={column: condition})
    assert [row["id"] for row in found.data] == ids


@pytest.mark.parametrize(
    ("condition", "titles"),
    [
        ({"$like": "T%"}, ["Tea"]),
        ({"$like": "t%"}, []),
        ({"$ilike": "t%"}, ["Tea"]),
        ({"$ilike": "%U%"}, ["Mug"]),
        ({"$like": "M_g"}, ["Mug"]),
        ({"$like": "M__g"}, []),
        ({"$like": r"pot\_100\%"}, ["pot_100%"]),
        ({"$like": r"%\%"}, ["pot_100%"]),
        ({"$like": r"\T\e\a"}, ["Tea"]),
        ({"$like": "Te*"}, []),
        ({"$like": "[T]ea"}, []),
        ({"$like": ""}, []),
        ({"$like": "%"}, ["Tea", "Mug", "pot_100%"]),
    ],
)
async def test_patterns(query: Query, condition: dict[str, str], titles: list[str]) -> None:
    found = await query.graph(entity="product", fields=["title"], filters={"title": condition})
    assert [row["title"] for row in found.data] == titles


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"emial": "x"}, r"'cart' has no field 'emial'\. Did you mean 'email'\?"),
        ({"items.quantty": 1}, r"'cart_item' has no field 'quantty'\. Did you mean 'quantity'\?"),
        (
            {"email": {"$lik": "x"}},
            r"cart\.email has no operator '\$lik'\. Did you mean '\$like'\? Known: \$and, \$eq, ",
        ),
        ({"email": {"like": "x"}}, r"no operator 'like'\. Did you mean '\$like'\?"),
        ({"email": {}}, r"cart\.email is an empty dict\. Write an operator: \$eq, "),
        ({"$nor": []}, r"the operator '\$nor'.*Known: \$and, \$not, \$or"),
        ({"$gt": 1}, r"where a field would stand, the operator '\$gt'"),
        ({"$and": {"id": 1}}, r"\$and has \{'id': 1\}\. Write a list of filters"),
        ({"$or": [1]}, r"'cart' are 1\. Write a dict"),
        ({"$not": None}, r"'cart' are None\. Write a dict"),
        ({1: 1}, "have the key 1"),
        ([], r"'cart' are \[\]\. Write a dict"),
        ({"items": 7}, r"'cart_item' are 7\. Write a dict"),
        ({"id": "1"}, r"cart\.id takes a whole number of at most 64 bits, not '1' \(str\)"),
        ({"id": True}, r"not True \(bool\)"),
        ({"id": 1.5}, r"not 1\.5 \(float\)"),
        ({"id": 2**63}, "at most 64 bits"),
        ({"id": {"$gt": None}}, r"not None \(NoneType\)"),
        ({"id": {"$in": 1}}, r"cart\.id shall be in 1\. Write a list"),
        ({"id": {"$in": "12"}}, "shall be in '12'"),
        ({"id": [[1]]}, r"not \[1\] \(list\)"),
        ({"id": {"$exists": 1}}, r"\$exists of cart\.id is 1\. Write True or False"),
        ({"items": {"$exists": None}}, r"\$exists of cart_item is None"),
        ({"id": {"$like": "1%"}}, r"cart\.id is no text, and a pattern fits nothing else"),
        ({"items.product.id": {"$ilike": "1%"}}, r"product\.id is no text"),
        ({"email": {"$like": 1}}, r"cart\.email takes text.*not 1 \(int\)"),
        ({"email": {"$like": "50\\"}}, "half an escape"),
        ({"email": {"$like": "\\\\\\"}}, "half an escape"),
        ({"email": 5}, r"cart\.email takes text without the character NUL, not 5 \(int\)"),
        ({"email": b"x"}, r"\(bytes\)"),
        ({"completed_at": datetime(2026, 1, 1)}, r"takes an instant with its time zone, such as datetime\.now\(UTC\)"),  # noqa: DTZ001
        ({"completed_at": "2026-01-01"}, "takes an instant with its time zone"),
        ({"completed_at": date(2026, 1, 1)}, "takes an instant with its time zone"),
        ({"items.product.released": NOON}, r"product\.released takes a day"),
        ({"items.product.price": "7"}, "takes a number"),
        ({"items.product.price": float("nan")}, "takes a number"),
        ({"items.product.weight": float("nan")}, "takes a number"),
        ({"items.product.weight": True}, "takes a number"),
        ({"items.product.active": 1}, "takes True or False"),
        ({"items.product.id": "no"}, "takes a UUID"),
        ({"items.product.tags": {"$eq": []}}, "holds JSON, which a filter cannot compare"),
        ({"items.product.tags": {"$gt": 1}}, "holds JSON, which a filter cannot compare"),
        ({"items.product.tags": {"kind": "leaf"}}, "no operator 'kind'"),
        (nots(20, {"id": 1}), "nested more than 20 deep"),
        ({"id": nots(20, 1)}, "nested more than 20 deep"),
        ({"id": nots(10_000, 1)}, "nested more than 20 deep"),
    ],
)
async def test_a_filter_that_cannot_be_is_said(query: Query, filters: Any, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        await query.graph(entity="cart", filters=filters)
