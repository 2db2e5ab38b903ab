"""The runs of one ScheduledJob, put together from all that remembers them: the status, its Jobs, and their pods.

The status remembers the last ten for ever, but not manual runs, results or lateness; Jobs know those until the history
limits take them; what a run returned, or why it failed, is in its pod's termination message.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tally import names
from tally.kubectl.observed import ScheduledJob, instant, instant_in
from tally.kubectl.resources import POD_LABEL_JOB, Json


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution, or a run by hand; all instants are in UTC.

    Args:
        slot: The scheduled time that it is for; None for a manual run, which does not count.
        job: The name of its Job; empty where that has gone and the status does not know it.
        present: Whether the Job is still there.
        created: When the Job was made.
        started: When the Job began.
        ended: When the Job had ended.
        seconds: How long it took, where only that is known.
        outcome: `running`, `succeeded`, `failed` or `unknown`.
        exit_code: Of the job's container.
        message: What went wrong.
        result: What the job returned.
    """

    slot: datetime | None
    outcome: str
    job: str = ""
    present: bool = False
    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    seconds: int | None = None
    exit_code: int | None = None
    message: str = ""
    result: Any = None

    @property
    def late(self) -> timedelta | None:
        """How long after its scheduled time the Job was made; None where nobody knows."""
        began = self.created or self.started
        return None if self.slot is None or began is None else max(timedelta(0), began - self.slot)

    def duration(self, now: datetime) -> timedelta | None:
        """How long it took, or has been going on; None where nobody knows."""
        if self.started is not None and (self.ended is not None or self.outcome == "running"):
            return max(timedelta(0), (self.ended or now) - self.started)
        return None if self.seconds is None else timedelta(seconds=self.seconds)


def runs(scheduled_job: ScheduledJob, jobs: Iterable[Json], pods: Sequence[Json]) -> list[Run]:
    """Put the runs together.

    Args:
        scheduled_job: Whose they are.
        jobs: Its Jobs.
        pods: Theirs.

    Returns:
        The runs, newest first.
    """
    by_job: dict[str, list[Json]] = {}
    for pod in pods:
        by_job.setdefault(job_of(pod), []).append(pod)
    found = [with_ending(run(job), by_job.get(job["metadata"]["name"], [])) for job in jobs]
    seen = {each.slot for each in found}
    found += [
        Run(slot=each.slot, outcome=each.outcome, seconds=each.seconds)
        for each in scheduled_job.recent
        if each.slot not in seen
    ]
    told = [_with_last(each, scheduled_job.last) for each in found]
    return sorted(told, key=lambda each: each.slot or each.created or scheduled_job.created, reverse=True)


def run(job: Json) -> Run:
    """Read a Job."""
    metadata, status = job["metadata"], job.get("status") or {}
    outcome, ended, message = _outcome(status)
    return Run(
        slot=_slot(metadata),
        outcome=outcome,
        job=metadata["name"],
        present=True,
        created=instant(metadata["creationTimestamp"]),
        started=instant_in(status, "startTime"),
        ended=ended,
        message=message,
    )


def job_of(pod: Json) -> str:
    """Give the name of a pod's Job."""
    return str((pod["metadata"].get("labels") or {}).get(POD_LABEL_JOB, ""))


def newest(pods: Iterable[Json]) -> Json | None:
    """Give the pod that was made last."""
    return max(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]), default=None)


def container_state(pod: Json) -> Json:
    """Give the state of the job's container: `waiting`, `running` or `terminated`; empty before there is one."""
    for container in (pod.get("status") or {}).get("containerStatuses") or ():
        if container["name"] == names.JOB_CONTAINER:
            state: Json = container.get("state") or {}
            return state
    return {}


def has_begun(pod: Json) -> bool:
    """Tell whether the job's container has run, so that there may be logs."""
    return not container_state(pod).keys().isdisjoint(("running", "terminated"))


def _slot(metadata: Json) -> datetime | None:
    """Read the slot; only a Job named as the CronJob controller names them has one: `<cronjob>-<unix minutes>`."""
    slot = instant_in(metadata.get("annotations") or {}, names.SLOT)
    name = (metadata.get("labels") or {}).get(names.LABEL_NAME, "")
    return slot if slot and metadata["name"] == f"{name}-{int(slot.timestamp()) // 60}" else None


def _outcome(status: Json) -> tuple[str, datetime | None, str]:
    for condition in status.get("conditions") or ():
        if condition["status"] == "True" and condition["type"] == "Complete":
            return "succeeded", instant_in(status, "completionTime") or instant_in(condition, "lastTransitionTime"), ""
        if condition["status"] == "True" and condition["type"] == "Failed":
            said = ": ".join(filter(None, [condition.get("reason"), condition.get("message")]))
            return "failed", instant_in(condition, "lastTransitionTime"), said
    return "running", None, ""


def with_ending(run: Run, pods: Sequence[Json]) -> Run:
    """Add what the newest pod left: the runner's own words, which are better than those of Kubernetes."""
    ended = [each for each in (container_state(pod).get("terminated") for pod in _newest_first(pods)) if each]
    if not ended or run.outcome == "running":
        return run
    said = _said(ended[0].get("message") or "")
    return replace(
        run,
        exit_code=ended[0].get("exitCode"),
        message=str(said.get("message") or "") or run.message,
        result=said.get("result"),
    )


def _newest_first(pods: Sequence[Json]) -> list[Json]:
    return sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True)


def _said(text: str) -> Json:
    """Parse the runner's JSON; another image may have written anything."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) and "outcome" in said else {}


def _with_last(run: Run, last: Json) -> Run:
    """Add what the status knows of the newest execution, which outlives its Job and its pod."""
    if run.slot is None or run.slot != instant_in(last, "scheduledTime") or last.get("outcome") == "running":
        return run
    return replace(
        run,
        job=run.job or last.get("job", ""),
        started=run.started or instant_in(last, "startTime"),
        ended=run.ended or instant_in(last, "completionTime"),
        exit_code=last.get("exitCode") if run.exit_code is None else run.exit_code,
        message=last.get("message") or run.message,
        result=last.get("result") if run.result is None else run.result,
    )
