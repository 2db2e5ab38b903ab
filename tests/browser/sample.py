"""A shop's ScheduledJobs at any instant, as an API server gives them: for pictures, and for tests to create."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.runner.kubectl.objects import conditions

Json = dict[str, Any]


def written(moment: datetime) -> str:
    """Write an instant as the API server does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def recent(now: datetime, every: timedelta, outcomes: str, seconds: Sequence[int] = (4,)) -> list[Json]:
    """Write the memory of executions, the newest at most one period ago.

    Args:
        now: The present time, aware.
        every: Between two.
        outcomes: A letter each, oldest first: s, f, r, u.
        seconds: How long they took, again and again.
    """
    words = {"s": "succeeded", "f": "failed", "r": "running", "u": "unknown"}
    newest = datetime.fromtimestamp(now.timestamp() // every.total_seconds() * every.total_seconds(), UTC)
    return [
        {
            "scheduledTime": written(newest - every * (len(outcomes) - 1 - index)),
            "outcome": words[letter],
            **({} if letter == "r" else {"durationSeconds": seconds[index % len(seconds)]}),
        }
        for index, letter in enumerate(outcomes)
    ]


def body(name: str, schedule: str, memory: Sequence[Json] = (), *, spec: Json | None = None, **status: Any) -> Json:  # noqa: ANN401
    """Write a ScheduledJob that has kept its schedule.

    Args:
        name: Its name.
        schedule: Its schedule.
        memory: Of executions.
        spec: More of its spec.
        status: More of its status.
    """
    counts = {outcome: sum(each["outcome"] == outcome for each in memory) for outcome in ("succeeded", "failed")}
    last: Json = {}
    if memory:
        newest = memory[-1]
        last = {"lastScheduleTime": newest["scheduledTime"], "executions": len(memory)}
        newest = {key: newest[key] for key in ("scheduledTime", "outcome")}
        last["lastExecution"] = {"job": f"{name}-1", **newest}
    phase = "Running" if memory and memory[-1]["outcome"] == "running" else "Scheduled"
    return {
        "apiVersion": "tally.dev/v1",
        "kind": "ScheduledJob",
        "metadata": {"name": name},
        "spec": {"name": name, "schedule": schedule, **(spec or {})},
        "status": {
            "observedGeneration": 1,
            "phase": phase,
            "conditions": conditions("Ready"),
            "recentExecutions": list(memory),
            "executions": 0,
            **counts,
            **last,
            **status,
        },
    }


def shop(now: datetime) -> list[Json]:
    """Write the ScheduledJobs of a shop."""
    ten_minutes, hour, day = timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)
    syncing = recent(now, hour, "sssssfsssr", (141, 138, 144, 172, 139, 32, 147, 153, 145))
    done = "It has run as often as it should."
    return [
        body(
            "sync-products",
            "0 * * * *",
            syncing,
            spec={"input": {"since": "2026-01-01"}},
            executions=1284,
            succeeded=1279,
            failed=4,
        ),
        body("send-receipts", "*/30 * * * *", recent(now, hour / 2, "ssssssssss", (2, 3, 2)), executions=1440),
        body("refresh-stock", "0 */2 * * 1-6", recent(now, 2 * hour, "ssssfssuss", (9, 8, 11)), executions=412),
        body(
            "nightly-report",
            "30 2 * * *",
            recent(now, day, "sssssssss", (340, 352)),
            spec={"timeZone": "Europe/Berlin"},
        ),
        body("limited-test", "*/10 * * * *", recent(now, ten_minutes, "ss"), spec={"numberOfExecutions": 3}),
        body(
            "import-history",
            "0 * * * *",
            recent(now - 3 * hour, hour, "sfs", (610, 95, 655)),
            spec={"numberOfExecutions": 3},
            phase="Completed",
            completionTime=written(now - 3 * hour),
            conditions=conditions("Ready", "Complete", reason="LimitReached", message=done),
        ),
        body(
            "price-feed",
            "*/20 6-22 * * *",
            recent(now - 5 * hour, 2 * ten_minutes, "ssfff", (18, 17, 3)),
            spec={"suspend": True},
            phase="Suspended",
            conditions=conditions("Ready", reason="Suspended", message="spec.suspend is true."),
        ),
        body("clean-carts", "0 * * * *", recent(now, hour, "ssssssssss", (28, 31, 25))),
        body(
            "leap-day",
            "0 9 31 2 *",
            phase="Invalid",
            conditions=conditions("Stalled", reason="NeverFires", message="31 February never comes."),
        ),
    ]


def kept(body: Json, now: datetime) -> Json:
    """Add what an API server adds to an object of the shop."""
    name = body["metadata"]["name"]
    metadata: Json = {
        "name": name,
        "namespace": "shop",
        "uid": f"uid-of-{name}",
        "generation": 1,
        "resourceVersion": "7",
    }
    return {**body, "metadata": {**metadata, "creationTimestamp": written(now - timedelta(days=30))}}


def runs(body: Json, late: Sequence[int], results: Sequence[Json], message: str) -> tuple[list[Json], list[Json]]:
    """Write the Jobs of the last executions of a kept ScheduledJob, and their pods.

    Args:
        body: The ScheduledJob.
        late: How many seconds after its slot each began, again and again.
        results: What they returned, again and again.
        message: Why those failed that did.
    """
    jobs, pods = [], []
    for index, each in enumerate(body["status"]["recentExecutions"]):
        slot = datetime.fromisoformat(each["scheduledTime"])
        began = slot + timedelta(seconds=late[index % len(late)])
        job, pod = _run(body, slot, began, each)
        said = {"outcome": each["outcome"], "result": results[index % len(results)]}
        if each["outcome"] == "failed":
            said = {"outcome": "failed", "message": message}
        if each["outcome"] != "running":
            ended = {"exitCode": int(each["outcome"] == "failed"), "message": json.dumps(said)}
            pod["status"] = {"containerStatuses": [{"name": "job", "state": {"terminated": ended}}]}
        jobs.append(job)
        pods.append(pod)
    return jobs, pods


def _run(body: Json, slot: datetime, began: datetime, execution: Json) -> tuple[Json, Json]:
    of = body["metadata"]["name"]
    name = f"{of}-{int(slot.timestamp()) // 60}"
    metadata: Json = {
        "name": name,
        "namespace": "shop",
        "creationTimestamp": written(began),
        "labels": {"tally.dev/name": of, "tally.dev/owner": body["metadata"]["uid"]},
        "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": execution["scheduledTime"]},
    }
    status: Json = {"startTime": written(began)}
    if execution["outcome"] != "running":
        ended = written(began + timedelta(seconds=execution["durationSeconds"]))
        kind = "Failed" if execution["outcome"] == "failed" else "Complete"
        status["conditions"] = [{"type": kind, "status": "True", "lastTransitionTime": ended}]
    pod = {
        "metadata": {**metadata, "labels": {**metadata["labels"], "batch.kubernetes.io/job-name": name}},
        "status": {"containerStatuses": [{"name": "job", "state": {"running": {"startedAt": written(began)}}}]},
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {}, "status": status}, pod
