"""Delete the carts that were never completed and that nobody has touched for a month."""

from datetime import UTC, datetime, timedelta

from tally import Container, Execution, JobConfig

from jobs._workflows.delete_carts import ExpiredCarts, delete_carts_workflow

config = JobConfig(
    name="cleanup-expired-carts",
    schedule="30 2 * * *",
    input={"idle_days": 30},  # send-abandoned-cart-emails needs them for a while
)


async def run(container: Container, execution: Execution) -> dict[str, int]:
    """Find the expired carts, and delete them with their items: all, or none."""
    logger = container.resolve("logger")
    query = container.resolve("query")
    idle_since = (execution.slot or datetime.now(UTC)) - timedelta(days=execution.input["idle_days"])

    carts = await query.graph(
        entity="cart",
        fields=["id"],
        filters={"updated_at": {"$lte": idle_since}, "completed_at": None},
    )
    logger.info("Found %d expired carts", len(carts.data))

    expired = ExpiredCarts(cart_ids=[cart["id"] for cart in carts.data], idle_since=idle_since)
    deleted = await delete_carts_workflow(container).run(input=expired)
    return {"processed": deleted.result}
