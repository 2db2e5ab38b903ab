"""Raises each time."""

from tally import Container, JobConfig

config = JobConfig(name="failing", schedule="* * * * *")


async def run(container: Container) -> None:
    """Raise."""
    container.resolve("logger").info("about to fail")
    raise RuntimeError("the third-party service is down")
