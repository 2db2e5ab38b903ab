"""The sample data: a small tea shop with something to do for every job, whatever the day is."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from jobs._shop import schema

Row = dict[str, Any]

_PRODUCTS = (  # title, price in cents, active, hours since its last change
    ("Assam", 690, True, 2),
    ("Darjeeling", 890, True, 30),
    ("Sencha", 790, True, 100),
    ("Earl Grey", 590, True, 400),
    ("Rooibos", 450, True, 700),
    ("Iron teapot", 4900, True, 2000),
    ("Paper filters", 250, False, 90),
    ("Oolong, 2019 harvest", 1290, False, 5000),
)
_CUSTOMERS = (  # name, whether the newsletter is wanted
    ("ada", True),
    ("bob", True),
    ("cleo", False),
    ("dan", True),
    ("eve", False),
)
_CARTS: tuple[
    tuple[str | None, str | None, int, bool, dict[str, int]], ...
] = (  # whose, email, hours since its last change, completed, quantity by product
    ("ada", "ada@example.com", 1, False, {"Assam": 1}),
    ("bob", "bob@example.com", 23, False, {"Sencha": 2}),
    ("cleo", "cleo@example.com", 30, False, {"Darjeeling": 1, "Iron teapot": 1}),
    ("dan", "dan@example.com", 50, False, {"Rooibos": 3}),
    (None, "guest@example.com", 200, False, {"Earl Grey": 1}),
    (None, None, 48, False, {"Assam": 2}),
    (None, None, 800, False, {"Sencha": 1}),
    ("eve", "eve@example.com", 1000, False, {"Assam": 1, "Paper filters": 2}),
    (None, None, 3000, False, {}),
    ("ada", "ada@example.com", 26, True, {"Assam": 2, "Sencha": 1}),
    ("bob", "bob@example.com", 300, True, {"Assam": 1}),
    ("dan", "dan@example.com", 2500, True, {"Iron teapot": 1}),
)


def rows(now: datetime) -> dict[Table, list[Row]]:
    """Give the sample data, table by table, in the order in which they refer to each other.

    Args:
        now: The present time, aware; ages count back from it.
    """
    carts, items = _carts(now)
    return {
        schema.product: [
            {
                "id": _product_id(title),
                "title": title,
                "price_cents": price,
                "active": active,
                "updated_at": now - timedelta(hours=age),
            }
            for title, price, active, age in _PRODUCTS
        ],
        schema.customer: [
            {"id": f"customer-{name}", "email": f"{name}@example.com", "newsletter_subscribed": wanted}
            for name, wanted in _CUSTOMERS
        ],
        schema.cart: carts,
        schema.cart_item: items,
    }


async def load(database: AsyncEngine, now: datetime) -> list[tuple[str, int, int]]:
    """Make the tables that are missing, and put in the sample rows that are missing; what is there stays as it is.

    Args:
        database: Where to.
        now: The present time, aware.

    Returns:
        For each table its name, how many sample rows it now has, and how many of them are new.
    """
    done = []
    async with database.begin() as connection:
        await connection.run_sync(schema.metadata.create_all)
        for table, wanted in rows(now).items():
            known = set((await connection.execute(select(table.c.id))).scalars())
            new = [row for row in wanted if row["id"] not in known]
            if new:
                await connection.execute(insert(table), new)
            done.append((table.name, len(wanted), len(new)))
    return done


def _carts(now: datetime) -> tuple[list[Row], list[Row]]:
    carts, items = [], []
    for number, (customer, email, age, completed, quantities) in enumerate(_CARTS, start=1):
        moment = now - timedelta(hours=age)
        cart_id = f"cart-{number:02}"
        carts.append(
            {
                "id": cart_id,
                "customer_id": customer and f"customer-{customer}",
                "email": email,
                "updated_at": moment,
                "completed_at": moment if completed else None,
            }
        )
        for place, (title, quantity) in enumerate(quantities.items(), start=1):
            product_id = _product_id(title)
            item = {"id": f"{cart_id}-{place}", "cart_id": cart_id, "product_id": product_id, "quantity": quantity}
            items.append(item)
    return carts, items


def _product_id(title: str) -> str:
    return title.lower().replace(",", "").replace(" ", "-")
