"""Being there while a run goes on: from its Job's making, over pods that are being made or tried again, to its end."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from tally import names
from tally.kubectl import reading
from tally.kubectl.cluster import Cluster
from tally.kubectl.errors import NotFoundError
from tally.kubectl.reasons import why_stuck
from tally.kubectl.resources import JOBS, POD_LABEL_JOB, PODS, Json
from tally.kubectl.runs import Run, has_begun, run, with_ending

_LOOK_SECONDS = 1.0


def attend(
    cluster: Cluster,
    namespace: str,
    job: str,
    *,
    say: Callable[[str], None],
    write: Callable[[bytes], None] | None,
    query: Mapping[str, str] = MappingProxyType({}),
) -> Run:
    """Wait until a run has ended.

    Args:
        cluster: Where.
        namespace: Of the Job.
        job: The Job's name.
        say: Is told what keeps the run from beginning, each thing once.
        write: Gets the logs of its pods, as they come; None for none.
        query: What of the logs, such as tailLines.

    Returns:
        The run, with what its pod left.

    Raises:
        NotFoundError: The Job was deleted.
        ClusterError: It cannot be read.
    """
    shown: set[str] = set()
    tell = _once(say)
    while True:
        now_is, pods = _look(cluster, namespace, job)
        for pod in pods:
            name = pod["metadata"]["name"]
            if write is not None and name not in shown and has_begun(pod):
                shown.add(name)
                asked = {**query, "container": names.JOB_CONTAINER, "follow": "true"}
                for piece in cluster.log(PODS, namespace, name, **asked):
                    write(piece)
        if now_is.outcome != "running":
            return with_ending(now_is, pods)
        tell(waits_for(cluster, namespace, now_is, pods))
        time.sleep(_LOOK_SECONDS)


def until_begun(cluster: Cluster, namespace: str, job: str, *, say: Callable[[str], None]) -> list[Json]:
    """Wait until a pod of a run has begun, or the run has ended without one; else as `attend`.

    Returns:
        Its pods that have begun, oldest first.
    """
    tell = _once(say)
    while True:
        now_is, pods = _look(cluster, namespace, job)
        begun = [pod for pod in pods if has_begun(pod)]
        if begun or now_is.outcome != "running":
            return begun
        tell(waits_for(cluster, namespace, now_is, pods))
        time.sleep(_LOOK_SECONDS)


def waits_for(cluster: Cluster, namespace: str, now_is: Run, pods: Sequence[Json]) -> str | None:
    """Say what a run waits for that goes on; None when it runs."""
    if any(has_begun(pod) for pod in pods):
        return None
    events = [] if pods else reading.events_of(cluster, namespace, now_is.job)
    return why_stuck(now_is, pods, events) or f"The pod of {now_is.job} is being made."


def _once(say: Callable[[str], None]) -> Callable[[str | None], None]:
    """Say each thing once: Kubernetes tries again and again, and its reasons take turns."""
    said: set[str | None] = {None}

    def tell(why: str | None) -> None:
        if why is not None and why not in said:
            say(why)
        said.add(why)

    return tell


def _look(cluster: Cluster, namespace: str, job: str) -> tuple[Run, list[Json]]:
    """Read the Job, then its pods: a Job that has ended makes no more of them."""
    try:
        body = cluster.get(JOBS, namespace, job)
    except NotFoundError as error:
        raise NotFoundError(f"The Job {job} was deleted, and its end is not known.") from error
    pods, _ = cluster.list(PODS, namespace, labelSelector=f"{POD_LABEL_JOB}={job}")
    return run(body), sorted(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))
