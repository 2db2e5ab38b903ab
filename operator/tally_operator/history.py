"""Which finished Jobs go: the user's history limits, applied by us, as the CronJob's own know nothing of our count."""

from collections.abc import Iterable

from tally_operator.model import Spec
from tally_operator.observed import Job


def superfluous(jobs: Iterable[Job], spec: Spec) -> list[Job]:
    """List the finished Jobs beyond the limits, oldest first; manual runs are kept and dropped like the others.

    Args:
        jobs: All counted and manual Jobs.
        spec: Holds both limits.
    """
    newest_first = sorted(jobs, key=lambda job: (job.created, job.name), reverse=True)
    succeeded = [job for job in newest_first if job.outcome == "succeeded"]
    failed = [job for job in newest_first if job.outcome == "failed"]
    dropped = succeeded[spec.successful_jobs_history_limit :] + failed[spec.failed_jobs_history_limit :]
    return sorted((job for job in dropped if not job.deleting), key=lambda job: (job.created, job.name))
