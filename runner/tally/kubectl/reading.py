"""What the commands ask the API server for, each thing in one way: the ScheduledJobs, and what belongs to one."""

import difflib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from tally import names
from tally.kubectl import observed, resources
from tally.kubectl.cluster import Cluster
from tally.kubectl.errors import ClusterError, ForbiddenError, NotFoundError
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.resources import EVENTS, JOBS, PODS, SCHEDULED_JOBS, Json
from tally.kubectl.runs import Run, job_of, runs


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What belongs to one ScheduledJob.

    Args:
        runs: Newest first.
        pods: Those of all runs.
        events: Those of Jobs that go on without a pod.
    """

    runs: Sequence[Run]
    pods: Sequence[Json]
    events: Sequence[Json]


def one(cluster: Cluster, reference: str) -> ScheduledJob:
    """Read a ScheduledJob of the namespace where the commands look.

    Args:
        cluster: Where.
        reference: Its name, or `sj/NAME`.

    Raises:
        NotFoundError: There is none; the message names the nearest.
        ClusterError: It cannot be read.
    """
    name = resources.name_of(reference)
    try:
        return observed.scheduled_job(cluster.get(SCHEDULED_JOBS, cluster.namespace, name))
    except NotFoundError as error:
        raise NotFoundError(
            f"There is no ScheduledJob {name!r} in the namespace {cluster.namespace!r}. {_instead(cluster, name)}"
        ) from error


def several(cluster: Cluster, namespace: str | None, selector: str | None) -> tuple[list[Json], str]:
    """List ScheduledJobs, as the API server has them.

    Args:
        cluster: Where.
        namespace: None is all.
        selector: Of labels; None is all.

    Returns:
        The objects, and the resource version from which to watch.

    Raises:
        ClusterError: They cannot be read.
    """
    return cluster.list(SCHEDULED_JOBS, namespace, **({"labelSelector": selector} if selector else {}))


def chosen(
    cluster: Cluster, references: Sequence[str], *, namespace: str | None, selector: str | None, everyone: bool
) -> list[ScheduledJob]:
    """Read the ScheduledJobs that a command is to work on.

    Args:
        cluster: Where.
        references: Names; they exclude a selector and `everyone`.
        namespace: Of those that are not named; None is all namespaces.
        selector: Of labels.
        everyone: Whether it may be all.

    Raises:
        ClusterError: None was chosen, or they cannot be read.
    """
    if bool(references) + bool(selector) + everyone != 1:
        raise ClusterError("Say which ScheduledJobs: give names, or a selector (-l), or --all, and only one of these.")
    if references:
        return [one(cluster, each) for each in references]
    return [observed.scheduled_job(body) for body in several(cluster, namespace, selector)[0]]


def surroundings(cluster: Cluster, scheduled_job: ScheduledJob) -> Surroundings:
    """Read the Jobs and pods of a ScheduledJob; where the person may not read pods, there are none.

    Raises:
        ClusterError: The Jobs cannot be read.
    """
    selector = f"{names.LABEL_OWNER}={scheduled_job.uid}"
    jobs, _ = cluster.list(JOBS, scheduled_job.namespace, labelSelector=selector)
    pods: list[Json] = []
    with suppress(ForbiddenError):
        pods, _ = cluster.list(PODS, scheduled_job.namespace, labelSelector=selector)
    found = runs(scheduled_job, jobs, pods)
    events: list[Json] = []
    for run in found:
        if run.present and run.outcome == "running" and not any(job_of(pod) == run.job for pod in pods):
            events += events_of(cluster, scheduled_job.namespace, run.job)
    return Surroundings(runs=found, pods=pods, events=events)


def waiting_pods(cluster: Cluster, namespace: str | None) -> list[Json]:
    """List the pods of runs that have not begun; none where the person may not read pods."""
    with suppress(ForbiddenError):
        return cluster.list(PODS, namespace, labelSelector=names.LABEL_OWNER, fieldSelector="status.phase=Pending")[0]
    return []


def events_of(cluster: Cluster, namespace: str, job: str) -> list[Json]:
    """List the events of a Job; none where the person may not read them."""
    with suppress(ForbiddenError):
        return cluster.list(EVENTS, namespace, fieldSelector=f"involvedObject.kind=Job,involvedObject.name={job}")[0]
    return []


def _instead(cluster: Cluster, name: str) -> str:
    try:
        known = [str(each["metadata"]["name"]) for each in several(cluster, cluster.namespace, None)[0]]
    except ClusterError:
        return "Choose another namespace by -n."
    if not known:
        return "There is none in it at all: kubectl tally status -A shows those of all namespaces."
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Do you mean {close[0]!r}?" if close else f"There are: {', '.join(sorted(known)[:10])}."
