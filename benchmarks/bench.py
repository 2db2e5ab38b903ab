"""What every measurement works with: the control plane, a client, and the operator that is looked at."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks import objects
from benchmarks.client import Client, at_once
from benchmarks.processes import Running
from benchmarks.stage import Stage

Told = Callable[[int], None]
Ask = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Bench:
    """What every measurement works with.

    Args:
        stage: The control plane.
        client: The benchmark's own way to it.
        subject: The operator.
    """

    stage: Stage
    client: Client
    subject: Running

    async def namespace(self, name: str) -> str:
        """Make a namespace."""
        await self.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    async def clear(self, namespace: str) -> None:
        """Delete what a measurement has left; the garbage collector takes the rest."""
        left, _ = await self.client.list(objects.scheduled_jobs(namespace))
        paths = [f"{objects.scheduled_jobs(namespace)}/{body['metadata']['name']}" for body in left]
        await at_once([partial(self.client.request, "DELETE", path) for path in paths], lambda _: None)
        for path in (objects.cronjobs(namespace), objects.jobs(namespace)):
            while (await self.client.request("GET", f"{path}?limit=1"))["items"]:  # noqa: ASYNC110 (it has to be asked)
                await asyncio.sleep(0.5)


async def sent_at_once(client: Client, namespace: str, number: int, **spec: Any) -> dict[str, float]:  # noqa: ANN401 (JSON)
    """Make ScheduledJobs at once, and give when each was sent."""
    sent: dict[str, float] = {}

    def request(name: str) -> Ask:
        async def send() -> None:
            sent[name] = time.time()
            await client.request("POST", objects.scheduled_jobs(namespace), objects.scheduled_job(name, **spec))

        return send

    await at_once((request(f"s{index:05}") for index in range(number)), lambda _: None)
    return sent
