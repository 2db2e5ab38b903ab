"""Send the newsletter to everybody who has subscribed to it, every Sunday at midnight."""

from datetime import UTC, datetime

from tally import Container, Execution, JobConfig

from jobs._workflows.send_newsletter import Issue, send_newsletter_workflow

config = JobConfig(
    name="send-weekly-newsletter",
    schedule="0 0 * * 0",
    retries=2,  # the next Sunday is far; nobody gets the same issue twice
)


async def run(container: Container, execution: Execution) -> dict[str, int]:
    """Send the issue of this Sunday; another try sends it to those who have not had it."""
    logger = container.resolve("logger")
    query = container.resolve("query")
    sunday = execution.slot or datetime.now(UTC)

    customers = await query.graph(entity="customer", fields=["id", "email"], filters={"newsletter_subscribed": True})
    products = await query.graph(
        entity="product",
        fields=["title"],
        filters={"active": True, "updated_at": {"$lte": sunday}},
        pagination={"order": {"updated_at": "DESC"}, "take": 3},
    )
    logger.info("Found %d subscribers", len(customers.data))

    titles = [product["title"] for product in products.data]
    issue = Issue(day=sunday.date(), titles=titles, customers=customers.data)
    return (await send_newsletter_workflow(container).run(input=issue)).result
