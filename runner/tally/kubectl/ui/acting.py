"""What the buttons do, as the commands of the same names do it, and in the same words."""

from tally.kubectl import observed, runs, words
from tally.kubectl.cluster import Cluster
from tally.kubectl.commands import trigger as by_hand
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.resources import JOBS, SCHEDULED_JOBS


def switch(cluster: Cluster, scheduled_job: ScheduledJob, *, suspend: bool) -> str:
    """Suspend or resume a ScheduledJob.

    Returns:
        What has come of it.

    Raises:
        ClusterError: It is refused.
    """
    after = scheduled_job
    if scheduled_job.suspended != suspend:
        patch = {"spec": {"suspend": suspend}}
        body = cluster.patch(SCHEDULED_JOBS, scheduled_job.namespace, scheduled_job.name, patch)
        after = observed.scheduled_job(body)
    return (words.suspended if suspend else words.resumed)(scheduled_job, after, cluster.now())


def trigger(cluster: Cluster, scheduled_job: ScheduledJob, given: str | None) -> str:
    """Start a run by hand.

    Args:
        cluster: Where.
        scheduled_job: Whose run.
        given: Its input as JSON; None leaves the ScheduledJob's own.

    Returns:
        What has come of it.

    Raises:
        InputError: The input is no JSON.
        ClusterError: It is refused.
    """
    checked = None if given is None else by_hand._checked(given)
    body = cluster.create(JOBS, scheduled_job.namespace, by_hand._body(cluster, scheduled_job, checked))
    return words.triggered(runs.run(body), scheduled_job)
