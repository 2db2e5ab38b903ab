"""An operator among objects that are there: a restart, idleness, a changed spec, and memory while they come and go."""

import asyncio
import time
from dataclasses import dataclass

from benchmarks import objects
from benchmarks.bench import Bench, Told
from benchmarks.client import MERGE, Json
from benchmarks.watching import Goal, watched


@dataclass(frozen=True)
class Restarted:
    """A restart with all in order.

    Args:
        listing: Seconds of the LISTs that it needs, by the benchmark's own client.
        ready: Seconds from its start until it was ready.
        cpu: Seconds of CPU until it had come to rest.
        writes: What it wrote.
    """

    listing: float
    ready: float
    cpu: float
    writes: list[str]


async def restarted(bench: Bench) -> Restarted:
    """Start the operator anew among objects that are all in order."""
    bench.subject.stop()
    begin = time.perf_counter()
    await asyncio.gather(
        bench.client.list(objects.scheduled_jobs()),
        bench.client.list(objects.cronjobs(), objects.OWNED),
        bench.client.list(objects.jobs(), objects.OWNED),
    )
    listing = time.perf_counter() - begin
    mark = bench.stage.audit_size()
    ready = await bench.subject.start()
    await bench.subject.rest()
    written = [each for each in bench.stage.audited(mark) if each.writes and not each.rests]
    return Restarted(listing, ready, bench.subject.cpu(), [f"{each.verb} {each.resource}" for each in written])


@dataclass(frozen=True)
class Idle:
    """An operator that has nothing to do.

    Args:
        seconds: For how long it was looked at.
        requests: What it asked for beyond its watches and its Lease.
        cpu: What it used of one core, as a share.
    """

    seconds: float
    requests: list[str]
    cpu: float


async def idle(bench: Bench, seconds: float) -> Idle:
    """Leave it alone, and count what it asks for."""
    cpu, mark = bench.subject.cpu(), bench.stage.audit_size()
    await asyncio.sleep(seconds)
    asked = [each for each in bench.stage.audited(mark) if not each.rests]
    used = (bench.subject.cpu() - cpu) / seconds
    return Idle(seconds, [f"{each.verb} {each.resource}" for each in asked], used)


async def changed(bench: Bench, namespace: str, number: int, told: Told) -> list[float]:
    """Change one schedule after another.

    Returns:
        Seconds from the sending of each change until its CronJob had it, sorted.
    """
    latencies = []
    for index in range(number):
        name, schedule = f"s{index:05}", f"{index % 60} 5 1 2 *"
        done = Goal(1)

        def take(
            _: str, body: Json, moment: float, name: str = name, schedule: str = schedule, done: Goal = done
        ) -> None:
            if body["metadata"]["name"] == name and body["spec"]["schedule"] == schedule:
                done.reach(name, moment)

        async with watched(bench.client, objects.cronjobs(namespace), take):
            sent = time.time()
            path = f"{objects.scheduled_jobs(namespace)}/{name}"
            await bench.client.request("PATCH", path, {"spec": {"schedule": schedule}}, MERGE)
            await done.wait(60)
        latencies.append(done.at[name] - sent)
        told(index + 1)
    return sorted(latencies)


async def churn(bench: Bench, minutes: float, told: Told) -> list[float]:
    """Make, change and delete ScheduledJobs without a pause.

    Returns:
        The operator's memory in MiB, every ten seconds, from a minute after the begin on.
    """
    namespace, samples, number = await bench.namespace("churn"), [], 0
    path = objects.scheduled_jobs(namespace)
    begin = sampled = time.monotonic()
    while (now := time.monotonic()) - begin < minutes * 60:
        name = f"s{number:07}"
        await bench.client.request("POST", path, objects.scheduled_job(name))
        if number >= 100:
            changed, dropped = f"{path}/s{number - 50:07}", f"{path}/s{number - 100:07}"
            await bench.client.request("PATCH", changed, {"spec": {"schedule": f"{number % 60} 5 1 2 *"}}, MERGE)
            await bench.client.request("DELETE", dropped)
        number += 1
        if now - begin > 60 and now - sampled > 10:
            sampled = now
            samples.append(bench.subject.memory())
        told(number)
        await asyncio.sleep(0.05)
    return samples
