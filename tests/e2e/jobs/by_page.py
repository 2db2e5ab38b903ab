"""Says that it begins, and some seconds later that it is over, for somebody who watches."""

import asyncio

from tally import Container, Execution, JobConfig

config = JobConfig(name="by-page", schedule="0 0 29 2 *")


async def run(container: Container, execution: Execution) -> dict[str, object]:
    """Wait for as many seconds as the input says."""
    logger = container.resolve("logger")
    logger.info("it begins")
    await asyncio.sleep(execution.input["seconds"])
    logger.info("it is over")
    return {"waited": execution.input["seconds"]}
