"""How new ScheduledJobs become CronJobs, beside the floor of what the API server itself takes for the same writes."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from benchmarks import objects
from benchmarks.bench import Ask, Bench, Told, sent_at_once
from benchmarks.client import APPLY, MERGE, Client, Json, at_once
from benchmarks.watching import Goal, watched

_PATIENCE = 900.0  # seconds


@dataclass(frozen=True)
class Floor:
    """What the API server itself takes for the writes of new ScheduledJobs.

    Args:
        creation: Seconds in which their user wrote them.
        operator: Seconds for the operator's two writes each.
    """

    creation: float
    operator: float


async def floor(bench: Bench, namespace: str, number: int, told: Told) -> Floor:
    """Send what comes of new ScheduledJobs by hand; the operator must be down."""
    async with _settling(bench.client, namespace, number) as settled:
        made, creation = await _created(bench.client, namespace, number, told)
        writes = [objects.writes_of(body) for body in made]
        begin = time.perf_counter()
        await at_once((_applied(bench.client, namespace, cronjob) for cronjob, _ in writes), told)
        names = [body["metadata"]["name"] for body in made]
        patches = zip(names, (patch for _, patch in writes), strict=True)
        await at_once((_patched(bench.client, namespace, name, patch) for name, patch in patches), told)
        seconds = time.perf_counter() - begin
        await settled.wait(_PATIENCE)
    return Floor(creation, seconds)


@dataclass(frozen=True)
class Applied:
    """How new ScheduledJobs became CronJobs.

    Args:
        seconds: From the first one's being sent until all was there and written.
        cpu: Seconds of CPU that the operator used for it.
        latencies: Seconds from each one's being sent until it was settled.
        writes: What the operator wrote, by verb and resource.
    """

    seconds: float
    cpu: float
    latencies: list[float]
    writes: dict[str, int]


async def applied(bench: Bench, namespace: str, number: int, told: Told) -> Applied:
    """Apply ScheduledJobs at once, and wait until each has its CronJob and its status."""
    cpu, mark, begin = bench.subject.cpu(), bench.stage.audit_size(), time.time()
    async with _settling(bench.client, namespace, number, told) as settled:
        begin = time.time()
        sent = await sent_at_once(bench.client, namespace, number)
        await settled.wait(_PATIENCE)
    latencies = [moment - sent[name] for name, moment in settled.at.items()]
    written = (each for each in bench.stage.audited(mark) if each.writes and each.namespace == namespace)
    writes = Counter(f"{each.verb} {each.resource}" for each in written)
    used = bench.subject.cpu() - cpu
    return Applied(max(settled.at.values()) - begin, used, sorted(latencies), dict(writes))


@asynccontextmanager
async def _settling(client: Client, namespace: str, number: int, told: Told = lambda _: None) -> AsyncIterator[Goal]:
    """Watch until ScheduledJobs have both their CronJob and their status."""
    goal = Goal(number, told)
    halves: set[str] = set()

    def take_half(name: str, moment: float) -> None:
        # Both must be there: whichever comes second settles it.
        if name in halves:
            goal.reach(name, moment)
        halves.add(name)

    def take_cronjob(type_: str, body: Json, moment: float) -> None:
        if type_ == "ADDED":
            take_half(body["metadata"]["name"], moment)

    told_settled: set[str] = set()

    def take(_: str, body: Json, moment: float) -> None:
        name = body["metadata"]["name"]
        if name not in told_settled and objects.is_settled(body):
            told_settled.add(name)
            take_half(name, moment)

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(watched(client, objects.cronjobs(namespace), take_cronjob))
        await stack.enter_async_context(watched(client, objects.scheduled_jobs(namespace), take))
        yield goal


async def _created(client: Client, namespace: str, number: int, told: Told) -> tuple[list[Json], float]:
    made: list[Json] = []

    def request(name: str) -> Ask:
        async def send() -> None:
            body = objects.scheduled_job(name)
            made.append(await client.request("POST", objects.scheduled_jobs(namespace), body))

        return send

    begin = time.perf_counter()
    await at_once((request(f"s{index:05}") for index in range(number)), told)
    return made, time.perf_counter() - begin


def _applied(client: Client, namespace: str, cronjob: Json) -> Ask:
    path = f"{objects.cronjobs(namespace)}/{cronjob['metadata']['name']}?fieldManager=tally&force=true"
    return partial(client.request, "PATCH", path, cronjob, APPLY)


def _patched(client: Client, namespace: str, name: str, patch: Json) -> Ask:
    path = f"{objects.scheduled_jobs(namespace)}/{name}/status?fieldManager=tally"
    return partial(client.request, "PATCH", path, patch, MERGE)
