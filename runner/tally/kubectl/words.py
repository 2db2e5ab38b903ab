"""What `suspend`, `resume` and `trigger` say of what they have done, and what will come of it."""

from datetime import datetime

from tally.instants import away, local
from tally.kubectl.firings import firings
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.plain import safe
from tally.kubectl.runs import Run


def suspended(before: ScheduledJob, after: ScheduledJob, now: datetime) -> str:  # noqa: ARG001 (as `resumed`)
    """Say that a ScheduledJob rests."""
    name = _titled(after)
    if before.suspended:
        return f"{name} is suspended already"
    going_on = "; the run that goes on is not stopped" if before.phase == "Running" else ""
    return f"{name} suspended{going_on}"


def resumed(before: ScheduledJob, after: ScheduledJob, now: datetime) -> str:
    """Say that a ScheduledJob goes on, and when it runs next.

    Args:
        before: As it was.
        after: As it is.
        now: The present time, aware.
    """
    done = "resumed" if before.suspended else "is not suspended"
    return f"{_titled(after)} {done}; {_next(after, now)}"


def triggered(run: Run, scheduled_job: ScheduledJob) -> str:
    """Say that a run was started by hand."""
    return f"job.batch/{run.job} created: a run of {safe(scheduled_job.name)} by hand, which does not count"


def _next(scheduled_job: ScheduledJob, now: datetime) -> str:
    if scheduled_job.complete:
        return f"it is complete ({scheduled_job.tally}), and does not run again"
    first = next(firings(scheduled_job, now), None)
    return "it has no next run" if first is None else f"next run {local(first)}, {away(first - now)}"


def _titled(scheduled_job: ScheduledJob) -> str:
    return f"scheduledjob.tally.dev/{scheduled_job.name}"
