"""Delete carts with their items, batch by batch; when one fails or is stopped, the earlier ones are put back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select
from tally import Container, step, workflow

from jobs._shop.schema import cart, cart_item

_BATCH = 500  # carts in one transaction: other customers wait for its locks


@dataclass(frozen=True, kw_only=True)
class ExpiredCarts:
    """Which carts to delete.

    Args:
        cart_ids: Their ids.
        idle_since: They were last changed then or before; one that was changed or completed meanwhile is left alone.
    """

    cart_ids: Sequence[str]
    idle_since: datetime


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """The rows of one batch, as they were."""

    carts: Sequence[Row[Any]]
    items: Sequence[Row[Any]]


@workflow
async def delete_carts_workflow(container: Container, expired: ExpiredCarts) -> int:
    """Delete the carts; gives how many were deleted."""
    count = 0
    for start in range(0, len(expired.cart_ids), _BATCH):
        deleted = await delete_batch(container, expired.cart_ids[start : start + _BATCH], expired.idle_since)
        count += len(deleted.carts)
    return count


async def restore(container: Container, deleted: Deleted | None) -> None:
    """Put a batch back; one that failed is still there, as a transaction leaves nothing half done."""
    if deleted is None:
        return
    async with container.resolve("database").begin() as connection:
        for table, rows in ((cart, deleted.carts), (cart_item, deleted.items)):
            if rows:
                await connection.execute(insert(table), [dict(row._mapping) for row in rows])


@step(compensate=restore)
async def delete_batch(container: Container, cart_ids: Sequence[str], idle_since: datetime) -> Deleted:
    """Delete one batch, and give what was there."""
    expired = cart.c.id.in_(cart_ids), cart.c.updated_at <= idle_since, cart.c.completed_at.is_(None)
    async with container.resolve("database").begin() as connection:
        carts = (await connection.execute(select(cart).where(*expired).with_for_update())).all()
        theirs = cart_item.c.cart_id.in_([each.id for each in carts])
        items = (await connection.execute(select(cart_item).where(theirs))).all()
        await connection.execute(delete(cart_item).where(theirs))
        await connection.execute(delete(cart).where(cart.c.id.in_([each.id for each in carts])))
    return Deleted(carts=carts, items=items)
