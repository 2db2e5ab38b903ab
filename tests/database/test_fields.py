"""What comes back: columns, and related rows in both directions, by names that follow from the foreign keys."""

# ruff: noqa: ANN401 (what nobody should write)

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tally.errors import QueryError
from tally.query import Query

from tests.database import shop

TEA = {"product": {"title": "Tea"}}


async def test_graph_gives_what_was_asked_for(query: Query) -> None:
    found = await query.graph(entity="cart", fields=["id", "customer.email", "items.product.title"])
    assert found.data == [
        {"id": 1, "customer": {"email": "ann@example.com"}, "items": [TEA, {"product": {"title": "Mug"}}]},
        {"id": 2, "customer": {"email": None}, "items": [TEA]},
        {"id": 3, "customer": None, "items": []},
        {"id": 4, "customer": {"email": "ann@example.com"}, "items": [{"product": None}]},
    ]


async def test_all_columns_are_given_where_no_fields_are_named(query: Query) -> None:
    found = await query.graph(entity="customer")
    assert found.data == shop.ROWS[shop.customer]
    assert found.data == (await query.graph(entity="customer", fields=["*"])).data


async def test_a_star_gives_the_columns_and_no_relations(query: Query) -> None:
    [cart] = (await query.graph(entity="cart", fields=["*", "items.*"], filters={"id": 4})).data
    [item] = cart.pop("items")
    assert cart == shop.ROWS[shop.cart][3]
    assert item == shop.ROWS[shop.cart_item][3]


async def test_columns_that_only_join_are_not_given(query: Query) -> None:
    [cart] = (await query.graph(entity="cart", fields=["customer.name"], filters={"id": 1})).data
    assert cart == {"customer": {"name": "Ann"}}


@pytest.mark.parametrize(
    ("entity", "path", "of_the_first"),
    [
        ("cart", "items.id", {"items": [{"id": 1}, {"id": 2}]}),
        ("cart", "cart_items.id", {"cart_items": [{"id": 1}, {"id": 2}]}),
        ("cart", "cart_item.id", {"cart_item": [{"id": 1}, {"id": 2}]}),
        ("cart", "cart_items_by_cart.id", {"cart_items_by_cart": [{"id": 1}, {"id": 2}]}),
        ("cart", "customer_id.name", {"customer_id": {"name": "Ann"}}),
        ("customer", "carts.id", {"carts": [{"id": 1}, {"id": 4}]}),
        ("customer", "orders.group", {"orders": [{"group": "a"}, {"group": None}]}),
        ("order", "billing_address.city", {"billing_address": {"city": "Bern"}}),
        ("order", "shipping_address.city", {"shipping_address": {"city": "Graz"}}),
        ("address", "orders_by_billing_address.id", {"orders_by_billing_address": [{"id": 1}, {"id": 2}]}),
        ("address", "orders_by_shipping_address.id", {"orders_by_shipping_address": [{"id": 2}]}),
        ("order", "replaces.id", {"replaces": None}),
        ("order", "orders.id", {"orders": [{"id": 2}]}),
        ("order", "orders.replaces.customer.name", {"orders": [{"replaces": {"customer": {"name": "Ann"}}}]}),
        ("order", "OrderLines.Title", {"OrderLines": [{"Title": "first"}, {"Title": "second"}]}),
        ("OrderLine", "order.group", {"order": {"group": "a"}}),
        ("OrderLine", "notes.text", {"notes": []}),
    ],
)
async def test_a_relation_is_called_by_its_key_or_its_table(
    query: Query, entity: str, path: str, of_the_first: dict[str, Any]
) -> None:
    assert (await query.graph(entity=entity, fields=[path])).data[0] == of_the_first


async def test_a_key_of_two_columns_leads_both_ways(query: Query) -> None:
    notes = (await query.graph(entity="note", fields=["id", "OrderLine.Title"])).data
    assert [note["OrderLine"] for note in notes] == [{"Title": "second"}, {"Title": "second"}, None]
    lines = (await query.graph(entity="OrderLine", fields=["notes.id"])).data
    assert lines == [{"notes": []}, {"notes": [{"id": 1}, {"id": 2}]}, {"notes": []}]


async def test_more_keys_of_two_columns_than_one_statement_takes(query: Query, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tally.query.reading._TUPLES", 2)
    lines = (await query.graph(entity="OrderLine", fields=["number", "notes.id"])).data
    assert lines[1] == {"number": 2, "notes": [{"id": 1}, {"id": 2}]}
    assert len(lines) == 3


async def test_rows_share_nothing(query: Query) -> None:
    carts = (await query.graph(entity="cart", fields=["customer.*"], filters={"customer_id": 1})).data
    first, second = (cart["customer"] for cart in carts)
    assert first == second
    assert first is not second


async def test_a_result_cannot_be_changed_by_accident(query: Query) -> None:
    found = await query.graph(entity="cart")
    with pytest.raises(AttributeError):
        found.data = []  # type: ignore[misc]


async def test_a_view_is_an_entity(fresh: AsyncEngine) -> None:
    async with fresh.begin() as connection:
        await connection.exec_driver_sql("CREATE VIEW numbers AS SELECT 2 AS n UNION SELECT 1 AS n")
    assert (await Query(fresh).graph(entity="numbers")).data == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("entity", "fields", "said"),
    [
        ("carts", ["id"], r"no entity 'carts'\. Did you mean 'cart'\? Known: OrderLine, address, cart, cart_item, "),
        (None, ["id"], "no entity None. Known: "),
        ("pg_user", ["*"], "no entity 'pg_user'"),
        ("sqlite_master", ["*"], "no entity 'sqlite_master'"),
        (
            "cart",
            ["emial"],
            r"'cart' has no field 'emial'\. Did you mean 'email'\? Known: completed_at, customer\.\*, ",
        ),
        ("cart", ["itms.id"], r"'cart' has no field 'itms'\. Did you mean 'items\.\*'\?"),
        ("cart", ["items.quantty"], r"'cart_item' has no field 'quantty'\. Did you mean 'quantity'\?"),
        ("cart", ["items"], r"'items', which is a relation\. Write items\.\* or one of its fields"),
        ("cart", ["items.product"], r"'items\.product', which is a relation\. Write items\.product\.\*"),
        ("cart", ["email.x"], "'cart' has no field 'email'"),
        ("cart", ["id."], "'cart' has no field 'id'"),
        ("cart", [".id"], "'cart' has no field ''"),
        ("cart", ["*.id"], r"'cart' has no field '\*'"),
        ("cart", "id", r"fields is 'id'\. Write a list"),
        ("cart", [], r"fields is \[\]\. Write a list"),
        ("cart", None, r"fields is None\. Write a list"),
        ("cart", [7], "fields has 7"),
        (
            "address",
            ["orders.id"],
            "'orders' could mean several relations. Write one of: orders_by_billing_address, or",
        ),
        ("order", ["replaces." * 25 + "id"], "more than 20 relations long"),
    ],
)
async def test_what_is_not_there_is_said(query: Query, entity: Any, fields: Any, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        await query.graph(entity=entity, fields=fields)


async def test_related_rows_are_in_the_order_of_their_keys(fresh: AsyncEngine) -> None:
    async with fresh.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE cart (id INTEGER PRIMARY KEY)")
        await connection.exec_driver_sql(
            "CREATE TABLE item (id VARCHAR(9) PRIMARY KEY, cart_id INTEGER REFERENCES cart)"
        )
        await connection.exec_driver_sql("INSERT INTO cart VALUES (1)")
        await connection.exec_driver_sql("INSERT INTO item VALUES ('c', 1), ('a', 1), ('d', 1), ('b', 1)")
    [cart] = (await Query(fresh).graph(entity="cart", fields=["items.id"])).data
    assert [item["id"] for item in cart["items"]] == ["a", "b", "c", "d"]
