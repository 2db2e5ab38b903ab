"""What comes when many scheduled times fall on the same minute: limits, lateness, and what an execution costs."""

import asyncio
import statistics
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks import objects
from benchmarks.bench import Ask, Bench, Told, sent_at_once
from benchmarks.client import MERGE, Client, Json, at_once
from benchmarks.watching import Goal, watched


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
        await sent_at_once(
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
        await sent_at_once(bench.client, namespace, number, **wanted)
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


def _posted(client: Client, path: str, body: Json) -> Ask:
    return partial(client.request, "POST", path, body)


async def _until_second(second: float) -> None:
    """Wait for a second of a minute, at least one second away."""
    away = (second - time.time() % 60) % 60
    await asyncio.sleep(away if away > 1 else away + 60)
