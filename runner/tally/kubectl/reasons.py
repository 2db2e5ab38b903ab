"""Why a ScheduledJob is not running, when it is not: by its status, its Jobs, their pods and events at an instant."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tally.dev.screen import duration
from tally.instants import local
from tally.kubectl.firings import Timing, is_interval, timing
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.resources import Json
from tally.kubectl.runs import Run, container_state, has_begun, job_of, newest

OVERDUE = timedelta(minutes=1)  # an operator that is up says the next time half a minute after the last one
_SLOW = timedelta(seconds=20)  # a pod whose image is on its node begins within a second or two
_STUCK = {
    "ErrImagePull": "its image cannot be pulled",
    "ImagePullBackOff": "its image cannot be pulled",
    "InvalidImageName": "its image's name cannot be",
    "ErrImageNeverPull": "its image is not on the node, and must not be pulled",
    "CreateContainerConfigError": "its container cannot be made",
    "CreateContainerError": "its container cannot be made",
    "RunContainerError": "its container cannot be started",
}
_OPERATOR = "Is it running? kubectl get deployments -A -l app.kubernetes.io/name=tally"


def reasons(
    scheduled_job: ScheduledJob, runs: Sequence[Run], pods: Sequence[Json], events: Sequence[Json], now: datetime
) -> list[str]:
    """Say why nothing runs now, or nothing will.

    Args:
        scheduled_job: Which one.
        runs: Its runs, newest first.
        pods: Their pods.
        events: Those of its Jobs that have no pod.
        now: The present time, aware.

    Returns:
        Whole sentences, the most telling first; none when all is well.
    """
    going_on = [run for run in runs if run.outcome == "running" and run.present]
    stuck = [reason for run in going_on if (reason := why_stuck(run, pods, events) or _slow(run, pods, now))]
    return [*_standing(scheduled_job, now), *stuck, *_forbidden(scheduled_job, going_on, now)]


def needs_attention(scheduled_job: ScheduledJob, now: datetime) -> str | None:
    """Say what is wrong with a ScheduledJob as far as it tells itself; None where nothing is, or it was so wished."""
    if scheduled_job.suspended or scheduled_job.complete:
        return _unseen(scheduled_job)
    return next(iter(_standing(scheduled_job, now)), None)


def why_stuck(run: Run, pods: Sequence[Json], events: Sequence[Json] = ()) -> str | None:
    """Say what keeps a run that was started from running.

    Args:
        run: It goes on, by its Job.
        pods: The pods of all runs.
        events: Those of Jobs.

    Returns:
        A whole sentence; None when it runs, or nothing is known yet.
    """
    own = [pod for pod in pods if job_of(pod) == run.job]
    for pod in own:
        why = why_pending(pod)
        if why:
            return f"The pod {pod['metadata']['name']} waits: {why}"
    if own:
        return None
    refused = [
        event
        for event in events
        if event.get("reason") == "FailedCreate" and event["involvedObject"].get("name") == run.job
    ]
    return f"The Job {run.job} gets no pod: {refused[-1].get('message', '')}" if refused else None


def why_pending(pod: Json) -> str | None:
    """Say what keeps a pod from running, as Kubernetes says it; None where nothing does."""
    waiting = container_state(pod).get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason in _STUCK:
        return f"{_STUCK[reason]} ({reason}: {waiting.get('message', 'no more is said')})"
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"no node can take it ({condition.get('reason', '')}: {condition.get('message', '')})"
    return None


def _slow(run: Run, pods: Sequence[Json], now: datetime) -> str | None:
    """Say that a run has not begun for long, though nothing says why: events alone tell of a volume that is missing."""
    own = [pod for pod in pods if job_of(pod) == run.job]
    pod = newest(own)
    if pod is None or run.created is None or now - run.created < _SLOW or any(map(has_begun, own)):
        return None
    metadata = pod["metadata"]
    return (
        f"The pod {metadata['name']} has not begun for {duration(now - run.created)}. Its events may say why: "
        f"kubectl describe pod {metadata['name']} -n {metadata['namespace']}"
    )


def _standing(scheduled_job: ScheduledJob, now: datetime) -> list[str]:
    if scheduled_job.complete:
        return [*_said(_unseen(scheduled_job)), _completion(scheduled_job)]
    unseen = _unseen(scheduled_job)
    if unseen:
        return [unseen, *_suspension(scheduled_job)]
    if scheduled_job.holds("Stalled"):
        return [_invalid(scheduled_job)]
    if scheduled_job.suspended:
        return _suspension(scheduled_job)
    return _said(_no_next(scheduled_job, now) or _overdue(scheduled_job, now))


def _said(sentence: str | None) -> list[str]:
    return [sentence] if sentence else []


def _unseen(scheduled_job: ScheduledJob) -> str | None:
    if scheduled_job.seen == scheduled_job.generation:
        return None
    read = (
        f"has read version {scheduled_job.seen} of the spec, and the newest is {scheduled_job.generation}"
        if scheduled_job.seen
        else "has not read it yet"
    )
    return f"The operator {read}; it takes a second or two. {_OPERATOR}"


def _completion(scheduled_job: ScheduledJob) -> str:
    return (
        f"It is complete: executed {scheduled_job.executions} of {scheduled_job.limit} times. "
        "Raise spec.numberOfExecutions to let it go on, or start a run that does not count: "
        f"kubectl tally trigger {scheduled_job.name} -n {scheduled_job.namespace}"
    )


def _suspension(scheduled_job: ScheduledJob) -> list[str]:
    if not scheduled_job.suspended:
        return []
    return [f"It is suspended. Let it go on: kubectl tally resume {scheduled_job.name} -n {scheduled_job.namespace}"]


def _invalid(scheduled_job: ScheduledJob) -> str:
    stalled = scheduled_job.condition("Stalled")
    said = f"{stalled.reason}: {stalled.message}" if stalled else "it is Invalid"
    kept = " Its CronJob goes on by the last sound spec." if scheduled_job.cronjob else ""
    return f"{said}{kept}"


def _no_next(scheduled_job: ScheduledJob, now: datetime) -> str | None:
    at = timing(scheduled_job.schedule, scheduled_job.time_zone)
    if isinstance(at, str):
        return at
    if at.schedule.next(now.astimezone(at.zone)) is None:
        return f"The schedule {scheduled_job.schedule!r} does not fire within five years."
    return None


def _overdue(scheduled_job: ScheduledJob, now: datetime) -> str | None:
    due = scheduled_job.next_time
    if due is None or now - due < OVERDUE:
        return None
    return f"It was due {duration(now - due)} ago, and the operator has said nothing since. {_OPERATOR}"


def _forbidden(scheduled_job: ScheduledJob, going_on: Sequence[Run], now: datetime) -> list[str]:
    """Say that the last run goes on into the next scheduled time, and so keeps it from starting."""
    at = timing(scheduled_job.schedule, scheduled_job.time_zone)
    slots = [run.slot for run in going_on if run.slot is not None]  # a manual run keeps nobody
    if scheduled_job.policy != "Forbid" or scheduled_job.complete or not slots or isinstance(at, str):
        return []
    first = min(slots)
    skipped = _between(scheduled_job, at, first, now)
    if not skipped:
        return []
    times = "one scheduled time has" if skipped == 1 else f"{skipped} scheduled times have"
    return [
        f"The run for {local(first.astimezone(at.zone))} still goes on, and concurrencyPolicy is Forbid: "
        f"{times} passed meanwhile, and the newest starts when it ends."
    ]


def _between(scheduled_job: ScheduledJob, at: Timing, slot: datetime, now: datetime) -> int:
    if is_interval(scheduled_job.schedule):
        return at.schedule.count(slot, now)
    return at.schedule.count(slot.astimezone(at.zone), now.astimezone(at.zone))
