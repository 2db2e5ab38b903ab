"""What applying a manifest would change: its next times, how many executions are left, and the other fields.

It is merged as `kubectl apply` does on the client's side: what the manifest leaves out stays as it is, such as a
suspension by hand, unless the manifest that was applied last had it; then its default comes back.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from tally.kubectl.firings import firings, timing
from tally.kubectl.observed import ScheduledJob, scheduled_job
from tally.kubectl.resources import Json

TIMES = 10
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_DEFAULTS: Json = {  # as the CRD fills them in
    "timeZone": "Etc/UTC",
    "concurrencyPolicy": "Forbid",
    "suspend": False,
    "retries": 0,
    "successfulJobsHistoryLimit": 3,
    "failedJobsHistoryLimit": 3,
    "template": {},
}


@dataclass(frozen=True, kw_only=True)
class Side:
    """A ScheduledJob as it is, or as it would be.

    Args:
        times: Its next ones, in the job's zone.
        left: How many executions; None is without a limit.
        idle: Why there are no times; empty where there are.
    """

    times: Sequence[datetime]
    left: int | None
    idle: str = ""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What applying one manifest would change.

    Args:
        name: The ScheduledJob's.
        namespace: Where it is, or would be made.
        before: As it is; None where there is none yet.
        after: As it would be.
        fields: Paths within the spec that differ, with their values before and after; None is absent.
        refused: Why it would be `Invalid`, as far as its schedule tells; empty where it would not.
    """

    name: str
    namespace: str
    before: Side | None
    after: Side
    fields: Sequence[tuple[str, Any, Any]]
    refused: str = ""

    @property
    def is_none(self) -> bool:
        """Whether nothing would change."""
        return self.before is not None and not self.fields


def difference(live: Json | None, manifest: Json, namespace: str, now: datetime) -> Difference:
    """Compare what is there with what would be.

    Args:
        live: The ScheduledJob as the API server has it; None where there is none.
        manifest: As it would be applied; it has a name and a spec with a name and a schedule.
        namespace: Of both.
        now: The present time, aware.
    """
    before = scheduled_job(live) if live else None
    spec = _DEFAULTS | (_merged(live["spec"], _last_applied(live), manifest["spec"]) if live else manifest["spec"])
    after = _applied(before, manifest["metadata"], spec, namespace, now)
    fields = _changed(_DEFAULTS | live["spec"], spec, "") if live else []
    at = timing(after.schedule, after.time_zone)
    return Difference(
        name=after.name,
        namespace=namespace,
        before=_side(before, now) if before else None,
        after=_side(after, now),
        fields=fields,
        refused=at if isinstance(at, str) else "",
    )


def _last_applied(live: Json) -> Json:
    """Give the spec that kubectl applied last; {} where none is known."""
    try:
        spec = json.loads(live["metadata"].get("annotations", {}).get(_LAST_APPLIED, "{}")).get("spec")
    except (ValueError, AttributeError):  # spoilt by hand
        return {}
    return spec if isinstance(spec, dict) else {}


def _merged(live: Json, last: Json, new: Json) -> Json:
    """Merge as kubectl does where lists are replaced as a whole: so it is for custom resources."""
    merged = {name: value for name, value in live.items() if name in new or name not in last}
    for name, value in new.items():
        here, before = merged.get(name), last.get(name)
        if isinstance(value, dict) and isinstance(here, dict):
            merged[name] = _merged(here, before if isinstance(before, dict) else {}, value)
        else:
            merged[name] = value
    return merged


def _applied(before: ScheduledJob | None, named: Json, spec: Json, namespace: str, now: datetime) -> ScheduledJob:
    """Give the ScheduledJob as the operator would have it a moment after; with the status that it has."""
    metadata = {
        "uid": "",
        "creationTimestamp": now.astimezone(UTC).isoformat(),
        **named,
        "namespace": namespace,
    }
    status = before.body.get("status") if before else {}
    after = scheduled_job({"metadata": metadata, "spec": spec, "status": status or {}})
    left = after.remaining
    others = tuple(each for each in after.conditions if each.type not in ("Complete", "Stalled"))
    reached = replace(after, conditions=others) if left is None or left > 0 else after
    moved = before is None or (before.schedule, before.time_zone) != (after.schedule, after.time_zone)
    return replace(reached, next_time=None) if moved else reached


def _side(scheduled_job: ScheduledJob, now: datetime) -> Side:
    times = list(islice(firings(scheduled_job, now), TIMES))
    if times:
        idle = ""
    elif isinstance(timing(scheduled_job.schedule, scheduled_job.time_zone), str):
        idle = "Invalid"
    elif scheduled_job.suspended:
        idle = "suspended"
    elif scheduled_job.complete or scheduled_job.remaining == 0:
        idle = "complete"
    else:
        idle = "it never fires"
    return Side(times=times, left=scheduled_job.remaining, idle=idle)


def _changed(before: Any, after: Any, path: str) -> list[tuple[str, Any, Any]]:  # noqa: ANN401 (JSON)
    if isinstance(before, dict) and isinstance(after, dict):
        names = [*before, *(name for name in after if name not in before)]
        return [
            each
            for name in names
            for each in _changed(before.get(name), after.get(name), f"{path}.{name}" if path else name)
        ]
    same = json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)  # True is not 1 here
    return [] if same else [(path, before, after)]
