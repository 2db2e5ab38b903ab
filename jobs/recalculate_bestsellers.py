"""Recalculate what has sold best in the last month, and say how much was counted and how long it took."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from tally import Container, Execution, JobConfig

from jobs._shop.bestsellers import replace_bestsellers

config = JobConfig(name="recalculate-bestsellers", schedule="0 9 * * 1")


async def run(container: Container, execution: Execution) -> dict[str, int]:
    """Count anew from the completed carts: what a failed run has missed, the next one makes good."""
    logger = container.resolve("logger")
    query = container.resolve("query")
    started = time.monotonic()
    now = execution.slot or datetime.now(UTC)

    carts = await query.graph(
        entity="cart",
        fields=["items.product_id", "items.quantity"],
        filters={"completed_at": {"$gt": now - timedelta(days=30), "$lte": now}},
    )
    sold: Counter[str] = Counter()
    for cart in carts.data:
        for item in cart["items"]:
            sold[item["product_id"]] += item["quantity"]
    await replace_bestsellers(container.resolve("database"), sold)

    milliseconds = round((time.monotonic() - started) * 1000)
    logger.info("Counted %d carts in %d ms", len(carts.data), milliseconds)
    return {"processed": len(carts.data), "bestsellers": len(sold), "milliseconds": milliseconds}
