"""Remind customers by mail of the carts that they have left for a day."""

from datetime import UTC, datetime, timedelta

from tally import Container, Execution, JobConfig

from jobs._items import Items
from jobs._workflows.send_abandoned_cart_email import send_abandoned_cart_email_workflow

config = JobConfig(name="send-abandoned-cart-emails", schedule="0 */6 * * *")


async def run(container: Container, execution: Execution) -> dict[str, int]:
    """Find the carts, and send a mail for each; none is sent twice, whatever happens."""
    logger = container.resolve("logger")
    query = container.resolve("query")
    a_day_ago = (execution.slot or datetime.now(UTC)) - timedelta(hours=24)

    carts = await query.graph(
        entity="cart",
        fields=["id", "email", "updated_at", "items.quantity", "items.product.title"],
        filters={
            "updated_at": {"$lte": a_day_ago},
            "completed_at": None,
            "email": {"$ne": None},
        },
    )
    logger.info("Found %d abandoned carts", len(carts.data))

    items = Items(logger)
    for cart in carts.data:
        with items.each(f"cart {cart['id']}"):
            sent = await send_abandoned_cart_email_workflow(container).run(input=cart)
            items.processed += sent.result  # False counts as none: this mail was sent before
    return items.result()
