"""What the buttons do, as the commands of the same names do it, and in the same words."""

import json

from tally.errors import InputError
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
    if given is not None:
        try:
            json.loads(given)
        except (ValueError, RecursionError) as error:
            raise InputError(f'The input is no JSON: {error}. Write for example {{"since": "2026-01-01"}}.') from error
    body = cluster.create(JOBS, scheduled_job.namespace, by_hand.manual_job(cluster, scheduled_job, given))
    return words.triggered(runs.run(body), scheduled_job)
