"""The one watch of all tabs: what there is is listed, then watched, for ever, also after the API server was away."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tally.kubectl.cluster import Cluster
from tally.kubectl.errors import ClusterError
from tally.kubectl.following import Chosen
from tally.kubectl.resources import SCHEDULED_JOBS, Json

_AGAIN_SECONDS = 2.0  # after an error


@dataclass(frozen=True)
class Listed:
    """All that there is."""

    bodies: list[Json]


@dataclass(frozen=True)
class Changed:
    """One that is new or has changed."""

    body: Json


@dataclass(frozen=True)
class Deleted:
    """One that there is no more."""

    body: Json


@dataclass(frozen=True)
class Lost:
    """Why nothing is known any more until the next list."""

    error: ClusterError


Event = Listed | Changed | Deleted | Lost


def follow(cluster: Cluster, chosen: Chosen, tell: Callable[[Event], None]) -> None:
    """Follow in a thread that ends with the process.

    Args:
        cluster: Where.
        chosen: Which ScheduledJobs.
        tell: Is told of each event, in that thread; an error of its own ends the thread.
    """

    def endlessly() -> None:
        while True:
            try:
                _once(cluster, chosen, tell)
            except ClusterError as error:
                tell(Lost(error))
                time.sleep(_AGAIN_SECONDS)

    threading.Thread(target=_until_closed, args=(endlessly,), name="watch", daemon=True).start()


def _once(cluster: Cluster, chosen: Chosen, tell: Callable[[Event], None]) -> None:
    bodies, version = cluster.list(SCHEDULED_JOBS, chosen.namespace, **chosen.query)
    tell(Listed(bodies))
    for kind, body in cluster.watch(SCHEDULED_JOBS, chosen.namespace, version, **chosen.query):
        tell(Deleted(body) if kind == "DELETED" else Changed(body))


def _until_closed(endlessly: Callable[[], None]) -> None:
    try:
        endlessly()
    except Closed:
        return


class Closed(Exception):  # noqa: N818 (it is no error)
    """Nobody listens any more."""
