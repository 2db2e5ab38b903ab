"""Run every minute, three times, and never again: how to try a job before it gets its real schedule."""

from tally import Container, Execution, JobConfig

config = JobConfig(
    name="limited-test",
    schedule="* * * * *",  # the first run comes at the next minute, not now
    number_of_executions=3,
    input={"items": ["tea", "coffee", "sugar"]},  # a ScheduledJob's own input wins
)


async def run(container: Container, execution: Execution) -> dict[str, object]:
    """Say which scheduled time this run is for, and count the items."""
    logger = container.resolve("logger")
    slot = execution.slot.strftime("%H:%M") if execution.slot else "no scheduled time"
    logger.info("Running for %s, one of at most %s runs", slot, execution.limit)
    items = container.resolve("input")["items"]
    for item in items:
        logger.info("Seen: %s", item)
    return {"slot": slot, "processed": len(items)}
