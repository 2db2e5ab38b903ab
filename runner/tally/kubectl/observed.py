"""A ScheduledJob as these commands see it: a frozen value, read from the API server's JSON once."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tally.kubectl.resources import Json


@dataclass(frozen=True, kw_only=True)
class Recent:
    """One of the last ten executions, as the status remembers it.

    Args:
        slot: Its scheduled time, in UTC.
        outcome: `running`, `succeeded`, `failed` or `unknown`.
        seconds: How long it took; None while it is not known.
    """

    slot: datetime
    outcome: str
    seconds: int | None


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A condition of the status."""

    type: str
    status: str
    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class ScheduledJob:
    """A ScheduledJob; all instants are in UTC.

    Args:
        job: `spec.name`, the name of its CronJob.
        limit: `spec.numberOfExecutions`; None is without one.
        seen: The generation that the operator has read last; 0 when it has read none.
        remaining: Executions left; None without a limit.
        next_time: The next scheduled time, as the operator says it.
        last: `status.lastExecution` as it is.
        recent: Oldest first.
        body: All of it.
    """

    namespace: str
    name: str
    uid: str
    created: datetime
    generation: int
    job: str
    schedule: str
    time_zone: str
    limit: int | None
    suspended: bool
    policy: str
    seen: int
    phase: str
    executions: int
    remaining: int | None
    succeeded: int
    failed: int
    missed: int
    last_time: datetime | None
    next_time: datetime | None
    completed: datetime | None
    cronjob: str | None
    last: Json
    recent: tuple[Recent, ...]
    conditions: tuple[Condition, ...]
    body: Json = field(compare=False, repr=False)

    @property
    def tally(self) -> str:
        """The executions of the limit, such as `2/3`."""
        return str(self.executions) if self.limit is None else f"{self.executions}/{self.limit}"

    @property
    def complete(self) -> bool:
        """Whether it will not run again by itself."""
        return self.holds("Complete")

    def holds(self, type_: str) -> bool:
        """Tell whether a condition is true."""
        return any(each.type == type_ and each.status == "True" for each in self.conditions)

    def condition(self, type_: str) -> Condition | None:
        """Give the condition of a type, or None."""
        return next((each for each in self.conditions if each.type == type_), None)


def scheduled_job(body: Json) -> ScheduledJob:
    """Read a ScheduledJob; what its status does not say yet is nothing."""
    metadata, spec, status = body["metadata"], body["spec"], body.get("status") or {}
    limit, executions = spec.get("numberOfExecutions"), status.get("executions", 0)
    return ScheduledJob(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        created=instant(metadata["creationTimestamp"]),
        generation=metadata.get("generation", 1),
        job=spec["name"],
        schedule=spec["schedule"],
        time_zone=spec.get("timeZone", "Etc/UTC"),
        limit=limit,
        suspended=spec.get("suspend", False),
        policy=spec.get("concurrencyPolicy", "Forbid"),
        seen=status.get("observedGeneration", 0),
        phase=status.get("phase", ""),
        executions=executions,
        remaining=None if limit is None else max(0, limit - executions),
        succeeded=status.get("succeeded", 0),
        failed=status.get("failed", 0),
        missed=status.get("missed", 0),
        last_time=instant_in(status, "lastScheduleTime"),
        next_time=instant_in(status, "nextScheduleTime"),
        completed=instant_in(status, "completionTime"),
        cronjob=status.get("cronJob"),
        last=status.get("lastExecution") or {},
        recent=tuple(_recent(each) for each in status.get("recentExecutions") or ()),
        conditions=tuple(_condition(each) for each in status.get("conditions") or ()),
        body=body,
    )


def instant(text: str) -> datetime:
    """Read a time as the API server writes it.

    Returns:
        The time in UTC.
    """
    return datetime.fromisoformat(text).astimezone(UTC)


def instant_in(fields: Json, name: str) -> datetime | None:
    """Read a time of an object; None where it is missing or spoilt."""
    text: Any = fields.get(name)
    try:
        return instant(text) if text else None
    except (TypeError, ValueError):
        return None


def _recent(body: Json) -> Recent:
    return Recent(slot=instant(body["scheduledTime"]), outcome=body["outcome"], seconds=body.get("durationSeconds"))


def _condition(body: Json) -> Condition:
    return Condition(
        type=body["type"], status=body["status"], reason=body.get("reason", ""), message=body.get("message", "")
    )
