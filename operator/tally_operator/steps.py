"""What the planner can ask for: one step is one write. The shell carries them out in the given order."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tally_operator.model import Status


@dataclass(frozen=True, kw_only=True)
class WriteStatus:
    """Write the status, if the ScheduledJob is still as it was seen."""

    status: Status


@dataclass(frozen=True, kw_only=True)
class CreateCronJob:
    """Make the CronJob; one that is already there is never touched."""

    body: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class ForgetPassed:
    """Let the CronJob's controller take all slots up to an instant for done, so that none of them starts late.

    Args:
        version: Only if the CronJob is still as it was seen.
    """

    cronjob: str
    uid: str
    version: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class ApplyCronJob:
    """Put the CronJob right.

    Args:
        version: Only if the CronJob is still as it was seen, or as `ForgetPassed` has left it: an operator that was
            held up must not put back a fence that another one has moved.
        removal: A merge patch for what others have added.
    """

    uid: str
    version: str
    body: dict[str, Any] = field(hash=False)
    removal: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class AdoptJob:
    """Make the ScheduledJob the owner of a Job, so that the Job outlives its CronJob."""

    job: str
    uid: str


@dataclass(frozen=True, kw_only=True)
class DeleteCronJob:
    """Delete the CronJob and leave its Jobs."""

    cronjob: str
    uid: str


@dataclass(frozen=True, kw_only=True)
class DeleteJob:
    """Delete a Job and its pods."""

    job: str
    uid: str
    why: Literal["history", "surplus"]


@dataclass(frozen=True, kw_only=True)
class Emit:
    """Tell people, by an event on the ScheduledJob."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


Step = WriteStatus | CreateCronJob | ForgetPassed | ApplyCronJob | AdoptJob | DeleteCronJob | DeleteJob | Emit


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do now, and when to look again though nothing happens; None is not at all."""

    steps: tuple[Step, ...] = ()
    look_again_at: datetime | None = None
