"""One namespace of the cluster as a scene of a test uses it: apply, look, edit by hand."""

import json
import time
from datetime import UTC, datetime
from typing import Any

from tests.e2e.kube import SLOT, Kubectl, scheduled_job, slot
from tests.e2e.waiting import eventually
from tests.integration.apiserver import ApiServer, Json

FAR = "0 0 1 1 *"  # does not fire while a test runs


class Shop:
    """A namespace.

    Args:
        server: The API server.
        kubectl: A person's tool, for what a person does.
    """

    def __init__(self, server: ApiServer, kubectl: Kubectl) -> None:
        self.server = server
        self.kubectl = kubectl
        self.namespace = kubectl.namespace

    def apply(self, name: str, /, **spec: object) -> None:
        """Apply a ScheduledJob; it runs every minute unless it says otherwise."""
        body = scheduled_job(name)
        self.kubectl.apply({**body, "spec": {**body["spec"], **spec}})

    def edit(self, name: str, /, **spec: object) -> None:
        """Change fields of a ScheduledJob's spec."""
        self.server.merge(self.path("scheduledjobs", name), {"spec": spec})

    def edit_cronjob(self, name: str, patch: Json) -> Json:
        """Change a CronJob by hand, and give it as it then is."""
        return self.server.merge(self.path("cronjobs", name), patch)

    def path(self, kind: str, name: str = "") -> str:
        """Give the path of a collection, or of one of its objects."""
        group = {"scheduledjobs": "/apis/tally.dev/v1", "pods": "/api/v1", "events": "/apis/events.k8s.io/v1"}
        return f"{group.get(kind, '/apis/batch/v1')}/namespaces/{self.namespace}/{kind}{name and f'/{name}'}"

    def scheduled_job(self, name: str) -> Json:
        """Read a ScheduledJob."""
        return self.server.get(self.path("scheduledjobs", name)) or {}

    def status(self, name: str) -> Json:
        """Read a ScheduledJob's status; empty until the operator has written it."""
        status: Json = self.scheduled_job(name).get("status", {})
        return status

    def condition(self, name: str, type_: str = "Ready") -> Json:
        """Read a condition; empty until the operator has written it."""
        conditions = self.status(name).get("conditions", ())
        return next((each for each in conditions if each["type"] == type_), {})

    def cronjob(self, name: str) -> Json | None:
        """Read a CronJob; None where there is none."""
        return self.server.get(self.path("cronjobs", name))

    def jobs(self, name: str = "") -> list[Json]:
        """Read the Jobs that a schedule has made, oldest slot first; those of all schedules without a name."""
        selector = {"labelSelector": f"tally.dev/name={name}"} if name else {}
        found = self.server.items(self.path("jobs"), **selector)
        return sorted((job for job in found if SLOT in job["metadata"].get("annotations", {})), key=slot)

    def slots(self, name: str) -> list[datetime]:
        """Read the scheduled times of the Jobs that are there."""
        return [datetime.fromisoformat(slot(job)).astimezone(UTC) for job in self.jobs(name)]

    def notes(self, reason: str) -> list[str]:
        """Read the texts of the events with a reason."""
        return [str(event.get("note")) for event in self.server.items(self.path("events")) if event["reason"] == reason]

    def wait_for_note(self, reason: str, note: str) -> None:
        """Wait until an event says something: they are posted beside the work."""
        eventually(lambda: note in self.notes(reason), 10, f"an event {reason} says: {note}")

    def wait_for_reason(self, name: str, reason: str, seconds: float = 20) -> Json:
        """Wait until the condition Ready has a reason for the newest spec, and give the condition."""

        def has_it() -> bool:
            found = self.scheduled_job(name)
            ready = self.condition(name)
            return bool(
                ready.get("reason") == reason and ready["observedGeneration"] == found["metadata"]["generation"]
            )

        eventually(has_it, seconds, f"{self.namespace}/{name} is {reason}, but {self.condition(name)}")
        return self.condition(name)

    def wait_for_executions(self, name: str, number: int, seconds: float) -> None:
        """Wait until so many executions are counted."""
        eventually(
            lambda: self.status(name).get("executions", 0) >= number,
            seconds,
            f"{self.namespace}/{name} was executed {number} times",
        )

    def wait_until_complete(self, name: str, seconds: float) -> Json:
        """Wait until the limit is reached and the last run has ended; give the status."""

        def ended() -> bool:
            status = self.status(name)
            return status.get("phase") == "Completed" and status["lastExecution"]["outcome"] != "running"

        eventually(ended, seconds, f"{self.namespace}/{name} is Completed and its last run has ended")
        return self.status(name)


def wait_for_second(first: int, last: int) -> datetime:
    """Wait until the clock stands between two seconds of a minute, and give the time then."""
    while not first <= datetime.now(UTC).second <= last:
        time.sleep(0.2)
    return datetime.now(UTC)


def to_json(value: Any) -> str:  # noqa: ANN401 (JSON)
    """Write an object so that two can be compared byte by byte."""
    return json.dumps(value, sort_keys=True)
