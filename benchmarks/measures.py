"""What is measured, one function for each question: all watch the API server, none takes the operator's word."""

import asyncio
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks import objects
from benchmarks.client import APPLY, MERGE, Client, Json, at_once
from benchmarks.processes import Running
from benchmarks.stage import Stage
from benchmarks.watching import Goal, watched

Told = Callable[[int], None]
Ask = Callable[[], Awaitable[object]]
_PATIENCE = 900.0  # seconds


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
        sent = await _sent(bench.client, namespace, number)
        await settled.wait(_PATIENCE)
    latencies = [moment - sent[name] for name, moment in settled.at.items()]
    written = (each for each in bench.stage.audited(mark) if each.writes and each.namespace == namespace)
    writes = Counter(f"{each.verb} {each.resource}" for each in written)
    used = bench.subject.cpu() - cpu
    return Applied(max(settled.at.values()) - begin, used, sorted(latencies), dict(writes))


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


@dataclass(frozen=True)
class Limits:
    """Limits that were all reached in the same minute.

    Args:
        latencies: Seconds from the last Job's creation until its CronJob was gone, sorted.
        asked: The same until its deletion had been asked for: the rest is the garbage collector's.
        overruns: Jobs beyond the limit.
        requests: What the operator asked for, by verb and resource.
    """

    latencies: list[float]
    asked: list[float]
    overruns: int
    requests: dict[str, int]


async def limits(bench: Bench, namespace: str, number: int, executions: int, told: Told) -> Limits:
    """Let limits be reached in the same minute."""
    made: dict[str, list[float]] = {}
    gone, asked, mark = Goal(number, told), Goal(number), bench.stage.audit_size()

    def take_job(type_: str, body: Json, moment: float) -> None:
        if type_ == "ADDED":
            made.setdefault(body["metadata"]["labels"]["tally.dev/name"], []).append(moment)

    def take_cronjob(type_: str, body: Json, moment: float) -> None:
        if type_ == "DELETED" or "deletionTimestamp" in body["metadata"]:
            asked.reach(body["metadata"]["name"], moment)
        if type_ == "DELETED":
            gone.reach(body["metadata"]["name"], moment)

    await _until_second(5)
    async with (
        watched(bench.client, objects.jobs(namespace), take_job, objects.OWNED),
        watched(bench.client, objects.cronjobs(namespace), take_cronjob),
    ):
        await _sent(
            bench.client,
            namespace,
            number,
            schedule=objects.MINUTELY,
            numberOfExecutions=executions,
            concurrencyPolicy="Allow",
        )
        await gone.wait(60 * executions + 120)
        await _until_second(20)  # past another scheduled time: what came now would be one too many
    last = {name: sorted(moments)[executions - 1] for name, moments in made.items()}
    latencies, until_asked = (sorted(moment - last[name] for name, moment in goal.at.items()) for goal in (gone, asked))
    overruns = sum(max(0, len(each) - executions) for each in made.values())
    requests = (each for each in bench.stage.audited(mark) if each.namespace == namespace)
    return Limits(latencies, until_asked, overruns, dict(Counter(f"{each.verb} {each.resource}" for each in requests)))


@dataclass(frozen=True)
class Lateness:
    """How late Jobs came, in seconds after their scheduled time, by that.

    Args:
        ours: Those of ScheduledJobs.
        native: Those of native CronJobs beside them.
    """

    ours: dict[float, list[float]]
    native: dict[float, list[float]]

    def added(self) -> tuple[float, float]:
        """Give by how much ours were later, and what of that is chance: twice the standard error of the minutes' mean.

        The controller takes all that is due in an order that a whole minute has in common, so a minute is one sample.
        """
        pairs = [(self.ours[slot], self.native[slot]) for slot in self.ours]
        differences = [statistics.median(ours) - statistics.median(native) for ours, native in pairs]
        return statistics.mean(differences), 2 * statistics.stdev(differences) / len(differences) ** 0.5


async def lateness(bench: Bench, namespace: str, number: int, minutes: int, told: Told) -> Lateness:
    """Run ScheduledJobs and as many native CronJobs on the same minutes."""
    seen = Lateness(defaultdict(list), defaultdict(list))
    done = Goal(2 * number * minutes, told)

    def take(type_: str, body: Json, moment: float) -> None:
        if type_ == "ADDED":
            slot = datetime.fromisoformat(body["metadata"]["annotations"][objects.SLOT]).timestamp()
            mine = objects.OWNED in body["metadata"].get("labels", {})
            (seen.ours if mine else seen.native)[slot].append(moment - slot)
            done.reach(body["metadata"]["name"], moment)

    await _until_second(5)
    async with watched(bench.client, objects.jobs(namespace), take):
        creations = []
        for index in range(number):
            body = objects.scheduled_job(
                f"s{index:05}", objects.MINUTELY, concurrencyPolicy="Allow", numberOfExecutions=99
            )
            creations += [
                _posted(bench.client, objects.scheduled_jobs(namespace), body),
                _posted(bench.client, objects.cronjobs(namespace), objects.native(f"n{index:05}")),
            ]
        await at_once(creations, lambda _: None)
        await done.wait(60 * minutes + 120)
    await bench.client.request("DELETE", f"{objects.cronjobs(namespace)}?propagationPolicy=Background")
    return seen


@dataclass(frozen=True)
class Executions:
    """What executions cost in the long run.

    Args:
        executions: How many ended, and had an older Job pruned for them.
        writes: What the operator wrote for them, by verb and resource.
    """

    executions: int
    writes: dict[str, int]


async def executions(bench: Bench, namespace: str, number: int, minutes: int, told: Told) -> Executions:
    """Run ScheduledJobs without a limit that keep one Job each; pods are ended by hand.

    The first execution is left out: it has no older Job to prune.
    """
    ended = Goal(number * (minutes + 1), told)
    pods: set[asyncio.Task[Json]] = set()

    def take_pod(type_: str, body: Json, _: float) -> None:
        if type_ == "ADDED":
            path = f"{objects.pods(namespace)}/{body['metadata']['name']}/status"
            pods.add(asyncio.create_task(bench.client.request("PATCH", path, _ending(), MERGE)))

    def take(_: str, body: Json, moment: float) -> None:
        for each in (body.get("status") or {}).get("recentExecutions", ()):
            if each["outcome"] == "succeeded":
                ended.reach(f"{body['metadata']['name']} {each['scheduledTime']}", moment)

    async with (
        watched(bench.client, objects.pods(namespace), take_pod),
        watched(bench.client, objects.scheduled_jobs(namespace), take),
    ):
        await _until_second(5)
        wanted: dict[str, Any] = {
            "schedule": objects.MINUTELY,
            "numberOfExecutions": None,
            "successfulJobsHistoryLimit": 1,
        }
        await _sent(bench.client, namespace, number, **wanted)
        await _until_second(50)
        await _until_second(50)
        mark = bench.stage.audit_size()
        await ended.wait(60 * minutes + 120)
        await _until_second(50)
    asked = [each for each in bench.stage.audited(mark) if each.writes and each.namespace == namespace]
    return Executions(number * minutes, dict(Counter(f"{each.verb} {each.resource}" for each in asked)))


def _ending() -> Json:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    words = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now, "message": "{}"}
    container = {"name": "job", "image": "x", "imageID": "x", "ready": False, "restartCount": 0}
    return {"status": {"phase": "Succeeded", "containerStatuses": [{**container, "state": {"terminated": words}}]}}


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


async def _sent(client: Client, namespace: str, number: int, **spec: Any) -> dict[str, float]:  # noqa: ANN401 (JSON)
    """Make ScheduledJobs at once, and give when each was sent."""
    sent: dict[str, float] = {}

    def request(name: str) -> Ask:
        async def send() -> None:
            sent[name] = time.time()
            await client.request("POST", objects.scheduled_jobs(namespace), objects.scheduled_job(name, **spec))

        return send

    await at_once((request(f"s{index:05}") for index in range(number)), lambda _: None)
    return sent


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


def _posted(client: Client, path: str, body: Json) -> Ask:
    return partial(client.request, "POST", path, body)


def _applied(client: Client, namespace: str, cronjob: Json) -> Ask:
    path = f"{objects.cronjobs(namespace)}/{cronjob['metadata']['name']}?fieldManager=tally&force=true"
    return partial(client.request, "PATCH", path, cronjob, APPLY)


def _patched(client: Client, namespace: str, name: str, patch: Json) -> Ask:
    path = f"{objects.scheduled_jobs(namespace)}/{name}/status?fieldManager=tally"
    return partial(client.request, "PATCH", path, patch, MERGE)


async def _until_second(second: float) -> None:
    """Wait for a second of a minute, at least one second away."""
    away = (second - time.time() % 60) % 60
    await asyncio.sleep(away if away > 1 else away + 60)


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
