"""What the operator sees of the world at one moment: frozen values, read from the API server's JSON once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from tally_operator import instants, names
from tally_operator.model import Outcome, Spec, Status

Json = Mapping[str, Any]


class Key(NamedTuple):
    """Names a ScheduledJob."""

    namespace: str
    name: str


@dataclass(frozen=True, kw_only=True)
class ScheduledJob:
    """A ScheduledJob.

    Args:
        spec: What its user asks for; None when it cannot be read, which a CRD older than the operator may let through.
        problem: Why the spec cannot be read.
        resource_version: The precondition of every status that is written from this observation.
    """

    key: Key
    uid: str
    created: datetime
    generation: int
    resource_version: str
    spec: Spec | None
    status: Status
    problem: str = ""
    deleting: bool = False


@dataclass(frozen=True, kw_only=True)
class Window:
    """The fence on a CronJob's job template: which slots may start, and until when the API server takes them.

    Args:
        after: Only slots after this instant.
        not_after: The last slot; None without a limit, or when it lies beyond any calendar.
        expires: From this instant on nothing with this window can start any more.
    """

    after: datetime
    not_after: datetime | None = None
    expires: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CronJob:
    """A CronJob.

    Args:
        owner: The uid of the controller that it belongs to, if any.
        window: The fence on its job template; None when it has none that can be read.
        last_schedule_time: The newest slot for which its controller says to have made a Job, or what we wrote there.
        forgotten: What we wrote there last.
        source: What the planner compares with what should be there, packed: ten thousand would take 300 MB.
    """

    name: str
    uid: str
    created: datetime
    owner: str | None
    window: Window | None
    last_schedule_time: datetime | None
    source: bytes = field(compare=False, repr=False)
    forgotten: datetime | None = None
    deleting: bool = False

    @property
    def body(self) -> Json:
        """Read it anew: metadata and spec, without what the API server keeps of field managers."""
        body: Json = json.loads(self.source)
        return body


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A Job of one of our CronJobs.

    Args:
        slot: The scheduled time that it is for; None for a manual run.
        outcome: `running`, `succeeded` or `failed`.
        message: Why it failed, as Kubernetes says it.
        owner: The uid of the controller that it belongs to, if any.
    """

    name: str
    uid: str
    created: datetime
    slot: datetime | None
    outcome: Outcome
    started: datetime | None = None
    completed: datetime | None = None
    message: str = ""
    owner: str | None = None
    deleting: bool = False


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What the runner left in the pod's termination message."""

    exit_code: int | None = None
    message: str | None = None
    result: Any = None


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Everything that a decision about one ScheduledJob rests on.

    Args:
        rival: The name of an older ScheduledJob with the same `spec.name`, if there is one.
        cronjob: The CronJob of our name, whoever owns it.
        jobs: All Jobs that carry our uid.
        gone: Those that were seen to go since the last time that all was put right; among them may be executions.
        watching_since: Since when no Job can have come and gone unseen.
        listed_at: When the Jobs were listed anew, after the fence's end, by the API server's clock or a little earlier;
            None when they come from the watch.
        ending: What the newest execution's pod left, fetched once when it has ended.
    """

    scheduled_job: ScheduledJob
    watching_since: datetime
    rival: str | None = None
    cronjob: CronJob | None = None
    jobs: tuple[Job, ...] = ()
    gone: tuple[Job, ...] = ()
    listed_at: datetime | None = None
    ending: Ending | None = None


def scheduled_job(body: Json) -> ScheduledJob:
    """Read a ScheduledJob; a spec or status that is not as it should be is said, never raised."""
    metadata = body["metadata"]
    spec, problem = None, ""
    try:
        spec = Spec.model_validate(body.get("spec") or {})
    except ValidationError as error:
        problem = "; ".join(f"spec.{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    return ScheduledJob(
        key=key_of(body),
        uid=metadata["uid"],
        created=instants.read(metadata["creationTimestamp"]),
        generation=metadata.get("generation", 1),
        resource_version=metadata["resourceVersion"],
        spec=spec,
        status=Status.model_validate(body.get("status") or {}),
        problem=problem,
        deleting="deletionTimestamp" in metadata,
    )


def key_of(body: Json) -> Key:
    """Give the namespace and name of any object."""
    return Key(body["metadata"]["namespace"], body["metadata"]["name"])


def cronjob(body: Json) -> CronJob:
    """Read a CronJob."""
    metadata = body["metadata"]
    annotations = body["spec"]["jobTemplate"].get("metadata", {}).get("annotations") or {}
    return CronJob(
        name=metadata["name"],
        uid=metadata["uid"],
        created=instants.read(metadata["creationTimestamp"]),
        owner=_controller(metadata),
        window=window(annotations),
        last_schedule_time=_instant(body.get("status") or {}, "lastScheduleTime"),
        source=packed(body, "spec"),
        forgotten=_annotated(metadata, names.FORGOTTEN),
        deleting="deletionTimestamp" in metadata,
    )


def packed(body: Json, *parts: str) -> bytes:
    """Keep an object's metadata and some more, small: as Python's objects it takes ten times as much.

    Args:
        body: The object.
        parts: Such as "spec".
    """
    metadata = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    kept = {part: body[part] for part in parts if part in body}
    return json.dumps({"metadata": metadata, **kept}, separators=(",", ":")).encode()


def window(annotations: Mapping[str, str]) -> Window | None:
    """Read a fence; None where it is missing or was spoilt by hand."""
    try:
        after = _instant(annotations, names.AFTER)
        not_after, expires = _instant(annotations, names.NOT_AFTER), _instant(annotations, names.EXPIRES)
    except ValueError:
        return None
    return None if after is None else Window(after=after, not_after=not_after, expires=expires)


def job(body: Json) -> Job:
    """Read a Job."""
    metadata, status = body["metadata"], body.get("status") or {}
    created = instants.read(metadata["creationTimestamp"])
    outcome, completed, message = _outcome(status)
    return Job(
        name=metadata["name"],
        uid=metadata["uid"],
        created=created,
        slot=_slot(metadata),
        outcome=outcome,
        started=_instant(status, "startTime"),
        completed=completed,
        message=message,
        owner=_controller(metadata),
        deleting="deletionTimestamp" in metadata,
    )


def owner_of(body: Json) -> str:
    """Give the uid of the ScheduledJob that a Job or CronJob is labelled with; "" without a label."""
    return str((body["metadata"].get("labels") or {}).get(names.LABEL_OWNER, ""))


def _slot(metadata: Json) -> datetime | None:
    """Read the slot; only a Job named as the CronJob controller names them has one: `<cronjob>-<unix minutes>`."""
    slot = _annotated(metadata, names.SLOT)
    if slot is None:
        return None
    name = (metadata.get("labels") or {}).get(names.LABEL_NAME, "")
    return slot if metadata["name"] == f"{name}-{int(slot.timestamp()) // 60}" else None


def _outcome(status: Json) -> tuple[Literal["running", "succeeded", "failed"], datetime | None, str]:
    for condition in status.get("conditions") or ():
        if condition["status"] == "True" and condition["type"] == "Complete":
            ended = _instant(status, "completionTime") or _instant(condition, "lastTransitionTime")
            return "succeeded", ended, ""
        if condition["status"] == "True" and condition["type"] == "Failed":
            reason = ": ".join(filter(None, [condition.get("reason"), condition.get("message")]))
            return "failed", _instant(condition, "lastTransitionTime"), reason
    return "running", None, ""


def _controller(metadata: Json) -> str | None:
    owners = metadata.get("ownerReferences") or ()
    return next((each["uid"] for each in owners if each.get("controller")), None)


def _annotated(metadata: Json, name: str) -> datetime | None:
    """Read an instant from an annotation; None where it is missing or was spoilt by hand."""
    try:
        return _instant(metadata.get("annotations") or {}, name)
    except ValueError:
        return None


def _instant(fields: Json, name: str) -> datetime | None:
    text = fields.get(name)
    return instants.read(text) if text else None
