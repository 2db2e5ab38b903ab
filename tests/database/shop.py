"""The tables of a shop and its rows: every kind of column, and every kind of foreign key."""

# ruff: noqa: DTZ001 (what a column without a zone stores)

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey

METADATA = sa.MetaData()

customer = sa.Table(
    "customer",
    METADATA,
    Column("id", sa.Integer, primary_key=True),
    Column("email", sa.String(200)),
    Column("name", sa.Text),
)
address = sa.Table(
    "address",
    METADATA,
    Column("id", sa.Integer, primary_key=True),
    Column("city", sa.Text),
    Column("country", sa.Text),
)
product = sa.Table(
    "product",
    METADATA,
    Column("id", sa.Uuid, primary_key=True),
    Column("title", sa.Text, nullable=False),
    Column("price", sa.Numeric(10, 2)),
    Column("weight", sa.Double),
    Column("active", sa.Boolean),
    Column("tags", sa.JSON(none_as_null=True)),
    Column("image", sa.LargeBinary),
    Column("released", sa.Date),
    Column("opens", sa.Time),
    Column("created_at", sa.DateTime),
    Column("updated_at", sa.DateTime(timezone=True)),
)
cart = sa.Table(
    "cart",
    METADATA,
    Column("id", sa.Integer, primary_key=True),
    Column("customer_id", ForeignKey("customer.id")),
    Column("email", sa.Text),
    Column("completed_at", sa.DateTime(timezone=True)),
)
cart_item = sa.Table(
    "cart_item",
    METADATA,
    Column("id", sa.Integer, primary_key=True),
    Column("cart_id", ForeignKey("cart.id"), nullable=False),
    Column("product_id", ForeignKey("product.id")),
    Column("quantity", sa.Integer),
)
# A reserved word, two keys to one table, and a key to itself.
order = sa.Table(
    "order",
    METADATA,
    Column("id", sa.Integer, primary_key=True),
    Column("customer_id", ForeignKey("customer.id")),
    Column("billing_address_id", ForeignKey("address.id")),
    Column("shipping_address_id", ForeignKey("address.id")),
    Column("replaces_id", ForeignKey("order.id")),
    Column("group", sa.Text),
)
# Mixed case, and a key of two columns.
line = sa.Table(
    "OrderLine",
    METADATA,
    Column("orderId", ForeignKey("order.id"), primary_key=True),
    Column("number", sa.Integer, primary_key=True),
    Column("Title", sa.Text),
)
note = sa.Table(
    "note",
    METADATA,
    Column("id", sa.Integer, primary_key=True),
    Column("line_order", sa.Integer),
    Column("line_number", sa.Integer),
    Column("text", sa.Text),
    sa.ForeignKeyConstraint(["line_order", "line_number"], ["OrderLine.orderId", "OrderLine.number"]),
)
unrelated = sa.Table("unrelated", METADATA, Column("id", sa.Integer, primary_key=True))

TEA, MUG, POT = (UUID(int=number) for number in (1, 2, 3))
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def _naive(hour: int, minute: int = 0, microsecond: int = 0) -> datetime:
    return datetime(2026, 1, 1, hour, minute, 0, microsecond)


ROWS: dict[sa.Table, list[dict[str, Any]]] = {
    customer: [
        {"id": 1, "email": "ann@example.com", "name": "Ann"},
        {"id": 2, "email": None, "name": "Bob"},
        {"id": 3, "email": "cleo@example.com", "name": "Cleo"},
    ],
    address: [
        {"id": 1, "city": "Bern", "country": "CH"},
        {"id": 2, "city": "Graz", "country": "AT"},
    ],
    product: [
        {
            "id": TEA,
            "title": "Tea",
            "price": Decimal("19.90"),
            "weight": 0.1,
            "active": True,
            "tags": {"kind": "leaf", "n": [1, None]},
            "image": b"\x00\xff",
            "released": date(2026, 1, 31),
            "opens": time(9, 30),
            "created_at": _naive(12),
            "updated_at": _naive(12).replace(tzinfo=UTC),
        },
        {
            "id": MUG,
            "title": "Mug",
            "price": Decimal("7.00"),
            "weight": 0.25,
            "active": False,
            "tags": None,
            "image": None,
            "released": None,
            "opens": None,
            "created_at": _naive(12, 30, 500000),
            "updated_at": _naive(12, 30, 500000).replace(tzinfo=UTC),
        },
        {
            "id": POT,
            "title": "pot_100%",
            "price": None,
            "weight": None,
            "active": None,
            "tags": [],
            "image": b"",
            "released": date(2025, 12, 31),
            "opens": time(0),
            "created_at": None,
            "updated_at": None,
        },
    ],
    cart: [
        {"id": 1, "customer_id": 1, "email": "ann@example.com", "completed_at": None},
        {"id": 2, "customer_id": 2, "email": None, "completed_at": None},
        {"id": 3, "customer_id": None, "email": "x@example.com", "completed_at": NEW_YEAR},
        {"id": 4, "customer_id": 1, "email": None, "completed_at": NEW_YEAR},
    ],
    cart_item: [
        {"id": 1, "cart_id": 1, "product_id": TEA, "quantity": 2},
        {"id": 2, "cart_id": 1, "product_id": MUG, "quantity": 1},
        {"id": 3, "cart_id": 2, "product_id": TEA, "quantity": None},
        {"id": 4, "cart_id": 4, "product_id": None, "quantity": 5},
    ],
    order: [
        {
            "id": 1,
            "customer_id": 1,
            "billing_address_id": 1,
            "shipping_address_id": 2,
            "replaces_id": None,
            "group": "a",
        },
        {"id": 2, "customer_id": 1, "billing_address_id": 1, "shipping_address_id": 1, "replaces_id": 1, "group": None},
    ],
    line: [
        {"orderId": 1, "number": 1, "Title": "first"},
        {"orderId": 1, "number": 2, "Title": "second"},
        {"orderId": 2, "number": 1, "Title": "third"},
    ],
    note: [
        {"id": 1, "line_order": 1, "line_number": 2, "text": "wrap it"},
        {"id": 2, "line_order": 1, "line_number": 2, "text": "a gift"},
        {"id": 3, "line_order": 2, "line_number": None, "text": "nowhere"},
    ],
}
