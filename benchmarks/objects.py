"""What the benchmarks write into the API server, and where."""

from datetime import UTC, datetime
from typing import Any

from tally_operator import names, observed, planner
from tally_operator.observed import Observed
from tally_operator.render import Defaults
from tally_operator.steps import CreateCronJob, WriteStatus

from benchmarks.client import Json

YEARLY = "30 4 1 2 *"
MINUTELY = "* * * * *"
IMAGE = "runner.example/jobs:1"
OWNED = names.LABEL_OWNER
SLOT = names.SLOT


def scheduled_jobs(namespace: str = "") -> str:
    """Give the path of a namespace's ScheduledJobs, or of all."""
    return f"/apis/{names.API_VERSION}{_in(namespace)}/{names.PLURAL}"


def cronjobs(namespace: str = "") -> str:
    """Give the path of a namespace's CronJobs, or of all."""
    return f"/apis/batch/v1{_in(namespace)}/cronjobs"


def jobs(namespace: str = "") -> str:
    """Give the path of a namespace's Jobs, or of all."""
    return f"/apis/batch/v1{_in(namespace)}/jobs"


def pods(namespace: str = "") -> str:
    """Give the path of a namespace's pods, or of all."""
    return f"/api/v1{_in(namespace)}/pods"


def _in(namespace: str) -> str:
    return f"/namespaces/{namespace}" if namespace else ""


def scheduled_job(name: str, schedule: str = YEARLY, **spec: Any) -> Json:  # noqa: ANN401 (JSON)
    """Write a ScheduledJob of an ordinary size."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": name},
        "spec": {
            "name": name,
            "schedule": schedule,
            "numberOfExecutions": 3,
            "timeoutSeconds": 600,
            "input": {"since": "2026-01-01"},
            **spec,
        },
    }


def native(name: str) -> Json:
    """Write the native CronJob that somebody without Tally would write for the same pod, every minute."""
    asked = scheduled_job(name, MINUTELY, concurrencyPolicy="Allow")
    made = {"uid": "none", "resourceVersion": "1", "namespace": "none", "creationTimestamp": "2026-01-01T00:00:00Z"}
    cronjob, _ = writes_of({**asked, "metadata": {**asked["metadata"], **made}})
    job = cronjob["spec"]["jobTemplate"]["spec"]
    metadata = {"labels": {"app.kubernetes.io/name": name}}
    pod = {"metadata": metadata, "spec": job["template"]["spec"]}
    kept = {key: cronjob["spec"][key] for key in ("schedule", "timeZone", "concurrencyPolicy")}
    spec = {**kept, "jobTemplate": {"metadata": metadata, "spec": {**job, "template": pod}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec}


def is_settled(body: Json) -> bool:
    """Tell whether the operator has written the status for what the ScheduledJob asks now."""
    status = body.get("status") or {}
    return bool(status.get("observedGeneration") == body["metadata"]["generation"] and status.get("cronJob"))


def writes_of(body: Json) -> tuple[Json, Json]:
    """Give the two writes that a new ScheduledJob takes, exactly as the operator sends them.

    Args:
        body: The ScheduledJob as the API server answers it.

    Returns:
        The CronJob to apply, and the patch of the status.
    """
    now = datetime.now(UTC)
    seen = Observed(scheduled_job=observed.scheduled_job(body), watching_since=now)
    plan = planner.plan(seen, Defaults(runner_image=IMAGE), now)
    cronjob = next(step.body for step in plan.steps if isinstance(step, CreateCronJob))
    status = next(step.status for step in plan.steps if isinstance(step, WriteStatus))
    metadata = {"uid": seen.scheduled_job.uid, "resourceVersion": seen.scheduled_job.resource_version}
    applied = {**cronjob, "metadata": {**cronjob["metadata"], "resourceVersion": "1"}}
    changed = {name: value for name, value in status.to_json().items() if value is not None}
    return applied, {"metadata": metadata, "status": changed}
