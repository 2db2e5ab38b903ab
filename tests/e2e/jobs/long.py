"""Takes longer than a minute, so that the next scheduled time comes while it runs."""

import asyncio

from tally import Container, JobConfig

config = JobConfig(name="long", schedule="* * * * *")


async def run(container: Container) -> None:
    """Wait for 80 seconds."""
    await asyncio.sleep(80)
    container.resolve("logger").info("long has run")
