"""Sync all active products to the third-party catalogue, at midnight."""

from tally import Container, JobConfig

from jobs._items import Items

config = JobConfig(name="sync-products-daily", schedule="0 0 * * *")


async def run(container: Container) -> dict[str, int]:
    """Put every active product there, whatever sync-products has missed."""
    logger = container.resolve("logger")
    products = await container.resolve("product").list_products(active=True)
    catalog = container.resolve("catalog")

    logger.info("Syncing %d active products", len(products))
    items = Items(logger)
    for product in products:
        with items.each(f"product {product['id']}"):
            await catalog.upsert(product)
            items.processed += 1
    return items.result()
