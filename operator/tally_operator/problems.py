"""Why a ScheduledJob is Invalid, as a condition's reason and message; whoever finds out, it is said in one way."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a ScheduledJob cannot be as its user asked.

    Args:
        reason: A condition's reason, such as `InvalidSchedule`.
        message: For a person: what is wrong, and what to write instead.
    """

    reason: str
    message: str


def cronjob_conflict(name: str) -> Problem:
    """Say that the CronJob's name is taken by one that is not ours.

    Args:
        name: The CronJob's name, which is `spec.name`.
    """
    message = (
        f"The CronJob {name!r} is there already and is not of this ScheduledJob; it is left as it is. "
        "Delete it, or use another spec.name."
    )
    return Problem(reason="CronJobConflict", message=message)
