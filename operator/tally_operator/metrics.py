"""What the operator measures of itself and of the executions that it counts: every metric that it keeps, in one place.

An execution counts here when the status that counts it has been written, so that nothing counts twice after a restart.
What can be read from the statuses at any time is not kept at all, but read when Prometheus asks: see scrape.py.
"""

import platform
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from tally import __version__

from tally_operator import events, instants
from tally_operator.model import Status
from tally_operator.observed import Job, Observed
from tally_operator.steps import DeleteCronJob, DeleteJob, Step, WriteStatus

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, for a parser that nobody uses here
REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_deleted: deque[str] = deque(maxlen=1000)  # uids: until a watch tells of a deletion, it may be asked for again
_RUN = (1, 5, 15, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 4 * _HOUR, 12 * _HOUR, _DAY)
_LATE = (1, 2, 5, 10, 30, _MINUTE, 5 * _MINUTE, 30 * _MINUTE, _HOUR, _DAY)

started = Counter("tally_executions_started_total", "Executions counted, when they start.", registry=REGISTRY)
ended = Counter(
    "tally_executions_total",
    "Executions that have ended, by outcome; unknown is one whose Job was gone before its end was seen.",
    ["outcome"],
    registry=REGISTRY,
)
missed = Counter(
    "tally_executions_missed_total", "Scheduled times found to have passed without a Job.", registry=REGISTRY
)
duration = Histogram(
    "tally_execution_duration_seconds",
    "Time from a Job's start to its end, retries included.",
    ["outcome"],
    buckets=_RUN,
    registry=REGISTRY,
)
lateness = Histogram(
    "tally_execution_lateness_seconds",
    "Time from the scheduled time to the creation of its Job; both are known to the second.",
    buckets=_LATE,
    registry=REGISTRY,
)
limit_latency = Histogram(
    "tally_limit_latency_seconds",
    "Time from the creation of the last Job that the limit allows to the deletion of its CronJob.",
    buckets=_LATE,
    registry=REGISTRY,
)
surplus_deleted = Counter(
    "tally_surplus_jobs_deleted_total",
    "Jobs beyond the limit that the operator had to delete, as the API server had let them in.",
    registry=REGISTRY,
)
reconcile_duration = Histogram(
    "tally_reconcile_duration_seconds",
    "Time of one look at one ScheduledJob, writes included.",
    buckets=_QUICK,
    registry=REGISTRY,
)
reconcile_errors = Counter(
    "tally_reconcile_errors_total",
    "Looks at a ScheduledJob that failed and are repeated, by the error's class.",
    ["error"],
    registry=REGISTRY,
)
api_requests = Counter(
    "tally_api_requests_total",
    "Requests to the API server, by its own verbs; the code is an HTTP status, or none when no answer came.",
    ["verb", "resource", "code"],
    registry=REGISTRY,
)
api_duration = Histogram(
    "tally_api_request_duration_seconds",
    "Time until the API server answered a request; watches are left out.",
    ["verb", "resource"],
    buckets=_QUICK,
    registry=REGISTRY,
)
posted = Counter(
    "tally_events_total",
    "Events for people: posted; merged into the count of one that is there; dropped over the rate; failed.",
    ["result"],
    registry=REGISTRY,
)
leading = Gauge("tally_leader", "Whether this process leads: 1 or 0.", registry=REGISTRY)

# All that can be is there from the start: a rate needs a value from before the first time.
for _outcome in ("succeeded", "failed", "unknown"):
    ended.labels(_outcome)
for _outcome in ("succeeded", "failed"):
    duration.labels(_outcome)
for _error in ("StaleError", "ApiError", "TimeoutError"):
    reconcile_errors.labels(_error)
for _result in ("posted", "merged", "dropped", "failed"):
    posted.labels(_result)


Info("tally_build", "What runs.", registry=REGISTRY).info({"version": __version__, "python": platform.python_version()})


@contextmanager
def reconciling() -> Iterator[None]:
    """Measure one look at a ScheduledJob, and count its failure."""
    begin = time.perf_counter()
    try:
        yield
    except Exception as error:
        reconcile_errors.labels(type(error).__name__).inc()
        raise
    finally:
        reconcile_duration.observe(time.perf_counter() - begin)


def carried_out(observed: Observed, step: Step, now: datetime) -> None:
    """Account for a step that has been carried out.

    Args:
        observed: What the plan rested on.
        step: One of its steps.
        now: The present time by the API server's clock, or a little earlier; aware.
    """
    match step:
        case WriteStatus(status=new):
            _written(observed.scheduled_job.status, new, (*observed.gone, *observed.jobs))
        case DeleteJob(uid=uid, why="surplus") if uid not in _deleted:
            _deleted.append(uid)
            surplus_deleted.inc()
        case DeleteCronJob(uid=uid) if uid not in _deleted:
            _deleted.append(uid)
            if last := _last_allowed(observed):
                limit_latency.observe(max(0.0, (now - last.created).total_seconds()))


def _written(old: Status, new: Status, jobs: tuple[Job, ...]) -> None:
    started.inc(max(0, new.executions - old.executions))
    missed.inc(max(0, new.missed - old.missed))
    for execution in events.newly_ended(old, new):
        ended.labels(execution.outcome).inc()
        if execution.duration_seconds is not None:
            duration.labels(execution.outcome).observe(execution.duration_seconds)
    known = {each.scheduled_time for each in old.recent_executions}
    fresh = {each.scheduled_time for each in new.recent_executions} - known
    for job in jobs:
        if job.slot is not None and instants.write(job.slot) in fresh:
            lateness.observe(max(0.0, (job.created - job.slot).total_seconds()))


def _last_allowed(observed: Observed) -> Job | None:
    """Give the Job that has reached the limit; none where the limit came down to the count, or the name was taken."""
    scheduled_job = observed.scheduled_job
    if observed.rival or scheduled_job.status.observed_generation != scheduled_job.generation:
        return None
    return max((job for job in observed.jobs if job.slot is not None), key=lambda job: job.created, default=None)


@contextmanager
def requesting(method: str, path: str, *, watch: bool) -> Iterator[Callable[[int], None]]:
    """Measure one request to the API server.

    Args:
        method: Of HTTP.
        path: Of the object or the collection.
        watch: Whether it follows a collection.

    Yields:
        What takes the answer's HTTP status; without one, no answer came.
    """
    verb, resource = request_named(method, path, watch=watch)
    begin, codes = time.perf_counter(), ["none"]
    try:
        yield lambda status: codes.append(str(status))
    finally:
        api_requests.labels(verb, resource, codes[-1]).inc()
        if not watch:
            api_duration.labels(verb, resource).observe(time.perf_counter() - begin)


_PATH = re.compile(r"/apis?/(?:[^/]+/)?v\d\w*/(?:namespaces/[^/]+/)?(?P<kind>[^/]+)(?P<name>/[^/]+)?(?P<part>/[^/]+)?")
_VERBS = {"POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}


def request_named(method: str, path: str, *, watch: bool) -> tuple[str, str]:
    """Name a request as roles do.

    Args:
        method: Of HTTP.
        path: Of the object or the collection.
        watch: Whether it follows a collection.

    Returns:
        The verb and the resource, such as `patch` and `scheduledjobs/status`.
    """
    found = _PATH.fullmatch(path)
    resource = found["kind"] + (found["part"] or "") if found else "other"
    verb = _VERBS.get(method) or ("watch" if watch else "get" if found and found["name"] else "list")
    return verb, resource
