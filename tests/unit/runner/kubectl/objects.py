"""Objects as an API server of Kubernetes 1.36 gives them, less what nothing here reads."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tally.kubectl import observed
from tally.kubectl.observed import ScheduledJob

Json = dict[str, Any]

NOON = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)  # a Monday; half a minute after a scheduled time


def body(name: str = "sync-products", *, status: Json | None = None, generation: int = 1, **spec: Any) -> Json:  # noqa: ANN401
    """Write a ScheduledJob that runs every minute unless it says otherwise."""
    return {
        "apiVersion": "tally.dev/v1",
        "kind": "ScheduledJob",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-of-{name}",
            "creationTimestamp": "2026-03-01T12:00:00Z",
            "generation": generation,
            "resourceVersion": "7",
            "managedFields": [{"manager": "kubectl"}],
        },
        "spec": {
            "name": name,
            "schedule": "* * * * *",
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "suspend": False,
            **spec,
        },
        "status": {"observedGeneration": generation, "phase": "Scheduled", "executions": 0, **(status or {})},
    }


def scheduled_job(name: str = "sync-products", **fields: Any) -> ScheduledJob:  # noqa: ANN401
    """Read such a ScheduledJob."""
    return observed.scheduled_job(body(name, **fields))


def conditions(*true: str, reason: str = "Scheduled", message: str = "The CronJob is as it should be.") -> list[Json]:
    """Write the three conditions, of which some are true."""
    return [
        {
            "type": type_,
            "status": "True" if type_ in true else "False",
            "reason": reason,
            "message": message,
            "lastTransitionTime": "2026-03-01T12:00:01Z",
            "observedGeneration": 1,
        }
        for type_ in ("Ready", "Stalled", "Complete")
    ]


def recent(*outcomes: str) -> list[Json]:
    """Write the memory of executions, one a minute, the last one at noon."""
    first = NOON.replace(second=0) - timedelta(minutes=len(outcomes) - 1)
    slots = [first + timedelta(minutes=index) for index in range(len(outcomes))]
    return [
        {"scheduledTime": written(slot), "outcome": outcome, **({} if outcome == "running" else {"durationSeconds": 4})}
        for slot, outcome in zip(slots, outcomes, strict=True)
    ]


def job(
    slot: datetime | None,
    outcome: str = "succeeded",
    *,
    name: str = "",
    message: str = "",
    late: int = 1,
    of: str = "sync-products",
) -> Json:
    """Write a Job that took four seconds.

    Args:
        slot: The scheduled time that it is for; None for one made by hand.
        outcome: How it ended, or `running`.
        name: Its name, where it is not the CronJob controller's.
        message: Why it failed.
        late: How many seconds after its slot it was made.
        of: The job's name.
    """
    created = (slot or NOON - timedelta(seconds=20)) + timedelta(seconds=late)
    ended = created + timedelta(seconds=4)
    status: Json = {"startTime": written(created)}
    if outcome == "succeeded":
        status |= {"completionTime": written(ended), "succeeded": 1, "conditions": [_true("Complete", ended)]}
    elif outcome == "failed":
        failed = {**_true("Failed", ended), "reason": "BackoffLimitExceeded", "message": message}
        status |= {"failed": 1, "conditions": [failed]}
    else:
        status |= {"active": 1}
    slotted = {"batch.kubernetes.io/cronjob-scheduled-timestamp": written(slot)} if slot else {}
    own = name or f"{of}-{int((slot or created).timestamp()) // 60}"
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": own,
            "namespace": "shop",
            "uid": f"uid-of-{own}",
            "creationTimestamp": written(created),
            "labels": {"tally.dev/name": of, "tally.dev/owner": f"uid-of-{of}"},
            "annotations": slotted or {"cronjob.kubernetes.io/instantiate": "manual"},
        },
        "spec": {"template": {"spec": {"containers": [{"name": "job"}]}}},
        "status": status,
    }


def pod(of: Json, *, state: Json | None = None, conditions: list[Json] | None = None, attempt: int = 1) -> Json:
    """Write a pod of a Job.

    Args:
        of: The Job.
        state: Of the job's container; None before there is one.
        conditions: Of the pod.
        attempt: Which pod of its Job it is.
    """
    made = datetime.fromisoformat(of["metadata"]["creationTimestamp"]) + timedelta(seconds=attempt)
    name = of["metadata"]["name"]
    statuses = [{"name": "sidecar", "state": {"running": {}}}, {"name": "job", "state": state}] if state else []
    return {
        "metadata": {
            "name": f"{name}-pod{attempt}",
            "namespace": "shop",
            "creationTimestamp": written(made),
            "labels": {**of["metadata"]["labels"], "batch.kubernetes.io/job-name": name},
        },
        "status": {"phase": "Pending", "containerStatuses": statuses, "conditions": conditions or []},
    }


def terminated(exit_code: int, message: str = "") -> Json:
    """Write the state of a container that has ended."""
    return {"terminated": {"exitCode": exit_code, "reason": "Completed", "message": message}}


def written(moment: datetime) -> str:
    """Write an instant as the API server does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _true(type_: str, since: datetime) -> Json:
    return {"type": type_, "status": "True", "lastTransitionTime": written(since)}
