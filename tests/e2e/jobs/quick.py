"""Ends at once, with a result."""

import croniter  # noqa: F401 (the image has installed it)
from tally import Container, Execution, JobConfig

config = JobConfig(name="quick", schedule="* * * * *")


async def run(container: Container, execution: Execution) -> dict[str, object]:
    """Say what came in."""
    container.resolve("logger").info("quick has run", extra={"input": execution.input})
    return {"input": execution.input, "limit": execution.limit}
