"""The table of bestsellers, replaced as a whole: readers see the old one or the new one, never half of each."""

from collections.abc import Mapping

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from jobs._shop.schema import bestseller


async def replace_bestsellers(database: AsyncEngine, sold: Mapping[str, int]) -> None:
    """Replace the table.

    Args:
        database: Where it is.
        sold: How many of each product, by its id.
    """
    rows = [{"product_id": product_id, "sold": count} for product_id, count in sold.items()]
    async with database.begin() as connection:
        await connection.execute(delete(bestseller))
        if rows:
            await connection.execute(insert(bestseller), rows)
