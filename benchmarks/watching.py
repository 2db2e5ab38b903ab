"""What the API server tells while something is measured: who was seen when."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from benchmarks.client import Client, Json

Take = Callable[[str, Json, float], None]


class Stuck(Exception):  # noqa: N818 (it says what is the case)
    """What was waited for has not come."""


class Goal:
    """Something that is to happen to a number of objects.

    Args:
        number: How many.
        told: Told how many it has happened to.
    """

    def __init__(self, number: int, told: Callable[[int], None] = lambda _: None) -> None:
        self._number = number
        self._told = told
        self._reached = asyncio.Event()
        self.at: dict[str, float] = {}

    def reach(self, name: str, moment: float) -> None:
        """Take in that it has happened to one; only the first time counts."""
        if name not in self.at:
            self.at[name] = moment
            self._told(len(self.at))
            if len(self.at) >= self._number:
                self._reached.set()

    async def wait(self, seconds: float) -> None:
        """Wait until it has happened to all.

        Raises:
            Stuck: It has not.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._reached.wait()
        except TimeoutError:
            raise Stuck(f"after {seconds:.0f} s only {len(self.at)} of {self._number}") from None


@asynccontextmanager
async def watched(client: Client, path: str, take: Take, selector: str = "") -> AsyncIterator[None]:
    """Follow a collection from now on.

    Args:
        client: The way to the API server.
        path: The collection.
        take: Takes an event's type, its object, and when it came, by `time.time`.
        selector: By label.
    """
    start = await client.request("GET", f"{path}?limit=1")
    version = start["metadata"]["resourceVersion"]

    async def follow() -> None:
        last = version
        while True:  # the API server ends the watches of a young CRD
            async for type_, body in client.watch(path, last, selector):
                take(type_, body, time.time())
                last = body["metadata"]["resourceVersion"]

    task = asyncio.create_task(follow())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
