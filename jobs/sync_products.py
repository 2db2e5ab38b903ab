"""Sync the products that have changed since the last sync to the third-party catalogue."""

from datetime import UTC, date, datetime, time

from tally import Container, Execution, JobConfig

from jobs._items import Items
from jobs._shop.memory import last_sync_time, set_last_sync_time

config = JobConfig(name="sync-products", schedule="*/5 * * * *", number_of_executions=3)


async def run(container: Container, execution: Execution) -> dict[str, int]:
    """Go on where the last sync ended; the first one begins on the day `input["since"]`, or with the oldest product."""
    logger = container.resolve("logger")
    query = container.resolve("query")
    catalog = container.resolve("catalog")
    database = container.resolve("database")

    first_day = date.fromisoformat(execution.input.get("since", "1970-01-01"))
    since = await last_sync_time(database, config.name) or datetime.combine(first_day, time.min, UTC)
    until = max(since, execution.slot or datetime.now(UTC))
    products = await query.graph(
        entity="product",
        fields=["id", "title", "price_cents", "active", "updated_at"],
        filters={"updated_at": {"$gte": since, "$lt": until}},
    )
    logger.info("Found %d products changed since %s", len(products.data), since)

    items = Items(logger)
    left = {product["id"]: product["updated_at"] for product in products.data}
    for product in products.data:
        with items.each(f"product {product['id']}"):
            await catalog.upsert(product)
            del left[product["id"]]
            items.processed += 1
    # The next sync begins with what has failed; whatever is put there twice does no harm.
    await set_last_sync_time(database, config.name, min(left.values(), default=until))
    return items.result()
