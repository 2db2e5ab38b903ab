"""Run every minute, three times, and never again: how to try a job before it gets its real schedule."""

from tally import Container, Execution, JobConfig

config = JobConfig(
    name="limited-test",
    schedule="* * * * *",  # the next minute, not now
    number_of_executions=3,
)


async def run(container: Container, execution: Execution) -> dict[str, object]:
    """Say which scheduled time this run is for."""
    logger = container.resolve("logger")
    slot = execution.slot.strftime("%H:%M") if execution.slot else "no scheduled time"
    logger.info("Running for %s, one of %s runs", slot, execution.limit)
    return {"slot": slot}
