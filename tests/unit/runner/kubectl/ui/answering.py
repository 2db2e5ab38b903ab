"""A cluster that answers from memory, and remembers what it was asked."""

import queue
from collections.abc import Iterator
from datetime import UTC, datetime

from tally.kubectl.cluster import Cluster
from tally.kubectl.errors import ClusterError, NotFoundError
from tally.kubectl.resources import JOBS, SCHEDULED_JOBS, Json, Resource
from tally.kubectl.ui.following import Closed


class Answering(Cluster):
    """Such a cluster.

    Args:
        bodies: Its ScheduledJobs.
        jobs: Its Jobs.
        pods: Theirs.
    """

    def __init__(self, bodies: list[Json], jobs: list[Json] | None = None, pods: list[Json] | None = None) -> None:
        self.context = "home"
        self.namespace = "shop"
        self.asked: list[tuple[str, str]] = []
        self.written: list[Json] = []
        self.logs: list[bytes] = []
        self._objects = {SCHEDULED_JOBS: bodies, JOBS: jobs or []}
        self._pods = pods or []
        self._events: queue.SimpleQueue[tuple[str, Json] | Exception] = queue.SimpleQueue()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def happens(self, event: tuple[str, Json] | Exception) -> None:
        """Let whoever watches see an event, or an error."""
        self._events.put(event)

    def close(self) -> None:
        """End the watch."""
        self._events.put(Closed())

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        self.asked.append(("get", resource.plural))
        for each in self._objects.get(resource, []):
            if (each["metadata"]["namespace"], each["metadata"]["name"]) == (namespace, name):
                return each
        raise NotFoundError(f"There is no {name}.")

    def list(self, resource: Resource, namespace: str | None, **query: str) -> tuple[list[Json], str]:
        self.asked.append(("list", resource.plural))
        del namespace, query
        return self._objects.get(resource, self._pods), "7"

    def watch(
        self, resource: Resource, namespace: str | None, version: str, **query: str
    ) -> Iterator[tuple[str, Json]]:
        self.asked.append(("watch", resource.plural))
        del namespace, version, query
        while True:
            event = self._events.get()
            if isinstance(event, Exception):
                raise event
            yield event

    def create(self, resource: Resource, namespace: str, body: Json) -> Json:
        self.asked.append(("create", resource.plural))
        self.written.append(body)
        made = {"name": f"{body['metadata']['generateName']}abcde", "namespace": namespace}
        return {**body, "metadata": {**body["metadata"], **made, "creationTimestamp": "2026-03-02T12:00:00Z"}}

    def patch(self, resource: Resource, namespace: str, name: str, body: Json) -> Json:
        self.asked.append(("patch", resource.plural))
        self.written.append(body)
        before = self.get(resource, namespace, name)
        if body["spec"]["suspend"] and name == "forbidden":
            raise ClusterError("You may not patch <it>.")
        return {**before, "spec": {**before["spec"], **body["spec"]}}

    def log(self, pods: Resource, namespace: str, pod: str, **query: str) -> Iterator[bytes]:
        self.asked.append(("get", pods.plural))
        del namespace, pod, query
        yield from self.logs
