"""Which run `logs` is about: the newest, the newest failed one, or the one for a scheduled time."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from tally.errors import InputError
from tally.instants import local
from tally.kubectl.errors import NotFoundError
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.runs import Run


def chosen(scheduled_job: ScheduledJob, runs: Sequence[Run], slot: datetime | None, *, last_failed: bool) -> Run:
    """Choose a run whose Job is there.

    Args:
        scheduled_job: Whose runs they are.
        runs: Newest first.
        slot: The scheduled time; None for any.
        last_failed: Whether it must have failed.

    Raises:
        NotFoundError: There is none, or its Job has gone; the message says which there are.
    """
    wanted = [run for run in runs if slot is None or run.slot == slot]
    wanted = [run for run in wanted if run.outcome == "failed" or not last_failed]
    present = [run for run in wanted if run.present]
    # A newer one whose Job has gone must not pass unseen for an older one.
    if present and present[0] is wanted[0]:
        return present[0]
    if wanted:
        raise NotFoundError(_gone(scheduled_job, wanted[0]))
    if not runs:
        raise NotFoundError(f"{scheduled_job.name} has not run yet.")
    raise NotFoundError(
        f"No run of {scheduled_job.name} has failed, as far as is known."
        if slot is None
        else f"{scheduled_job.name} has no run for that time. See which there are: kubectl tally history "
        f"{scheduled_job.name} -n {scheduled_job.namespace}"
    )


def slot_of(text: str, zone: tzinfo) -> datetime:
    """Read a scheduled time.

    Args:
        text: ISO 8601; without an offset it is by the clock of the zone.
        zone: Of the job.

    Raises:
        InputError: It is no time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"--slot {text!r} is no time. Write one as history shows it, such as 2026-11-25T09:00, in the job's zone, "
            "or 2026-11-25T08:00Z."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _gone(scheduled_job: ScheduledJob, run: Run) -> str:
    which = f"for {local(run.slot)}" if run.slot else run.job
    why = f" It {run.outcome}{f': {run.message}' if run.message else ''}."
    return (
        f"The run {which} has no Job any more, and so no logs.{why} How many are kept: spec.successfulJobsHistoryLimit "
        f"and spec.failedJobsHistoryLimit of {scheduled_job.name}."
    )
