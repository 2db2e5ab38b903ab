"""ScheduledJobs as they change: a list, then watches of it for ever, each of which ends after some minutes."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from tally.kubectl import reading, resources
from tally.kubectl.cluster import Cluster
from tally.kubectl.errors import ClusterError
from tally.kubectl.resources import SCHEDULED_JOBS, Json


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which ScheduledJobs are followed.

    Args:
        namespace: Where; None is everywhere.
        name: One of them; None is all.
        selector: Of labels; None is all.
    """

    namespace: str | None
    name: str | None = None
    selector: str | None = None

    @property
    def query(self) -> dict[str, str]:
        """How the API server is told."""
        if self.name:
            return {"fieldSelector": f"metadata.name={resources.name_of(self.name)}"}
        return {"labelSelector": self.selector} if self.selector else {}


def listed(cluster: Cluster, chosen: Chosen) -> tuple[list[Json], str]:
    """List them.

    Returns:
        The objects, and the resource version from which to watch.

    Raises:
        NotFoundError: One was named, and there is none of this name.
        ClusterError: They cannot be read.
    """
    if chosen.name:
        body = reading.one(cluster, chosen.name).body
        return [body], body["metadata"]["resourceVersion"]
    return cluster.list(SCHEDULED_JOBS, chosen.namespace, **chosen.query)


class Followed:
    """What there is, kept up to date by `changes`.

    Args:
        cluster: Where.
        chosen: Which ones.
        bodies: As they were listed.
        version: From which to watch.
    """

    def __init__(self, cluster: Cluster, chosen: Chosen, bodies: list[Json], version: str) -> None:
        self._cluster = cluster
        self._chosen = chosen
        self._version = version
        self._known = {_uid(body): body for body in bodies}

    @property
    def bodies(self) -> list[Json]:
        """All that there are, in the order of kubectl."""
        return sorted(self._known.values(), key=lambda body: (body["metadata"]["namespace"], body["metadata"]["name"]))

    def changes(self) -> Iterator[Json]:
        """Follow for ever; what is deleted is only left out of `bodies`.

        Yields:
            Each ScheduledJob that is new or has changed.

        Raises:
            ClusterError: They can no longer be read.
        """
        while True:
            watch = self._cluster.watch(SCHEDULED_JOBS, self._chosen.namespace, self._version, **self._chosen.query)
            for kind, body in watch:
                self._version = body["metadata"]["resourceVersion"]
                if kind == "DELETED":
                    self._known.pop(_uid(body), None)
                else:
                    self._known[_uid(body)] = body
                    yield body
            yield from self._listed_anew()

    def _listed_anew(self) -> list[Json]:
        bodies, self._version = listed(self._cluster, self._chosen)
        before, self._known = self._known, {_uid(body): body for body in bodies}
        return [body for body in bodies if _version(before.get(_uid(body))) != _version(body)]


def in_background(followed: Followed) -> "queue.SimpleQueue[Json | ClusterError]":
    """Follow in a thread that ends with the process.

    Returns:
        Where each change arrives, and the error that ended it.
    """
    arrived: queue.SimpleQueue[Json | ClusterError] = queue.SimpleQueue()

    def follow() -> None:
        try:
            for body in followed.changes():
                arrived.put(body)
        except ClusterError as error:
            arrived.put(error)

    threading.Thread(target=follow, daemon=True).start()
    return arrived


def _uid(body: Json) -> str:
    return str(body["metadata"]["uid"])


def _version(body: Json | None) -> str | None:
    return None if body is None else str(body["metadata"]["resourceVersion"])
