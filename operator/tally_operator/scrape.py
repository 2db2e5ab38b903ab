"""What Prometheus is told when it asks: what was measured, and what the ScheduledJobs and the queue are like just now.

A series for each ScheduledJob is dear: ten thousand of them make a scrape of megabytes. So there are few, each for
something that a person is to be told of; they are read from the statuses and never kept, and one that has gone is not
there any more. They are written as text directly, since the library would make an object of each line.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from prometheus_client import generate_latest

from tally_operator import events, instants, timing
from tally_operator.metrics import REGISTRY
from tally_operator.observed import CronJob, Key, ScheduledJob
from tally_operator.store import Store
from tally_operator.timing import Timing
from tally_operator.workqueue import WorkQueue


@dataclass(frozen=True)
class _Family:
    """One metric, with a line for each object that has a value."""

    name: str
    type: str
    meaning: str
    lines: list[str] = field(default_factory=list)

    def add(self, labels: str, value: float) -> None:
        # Kubernetes' names need no escapes.
        self.lines.append(f"{self.name}{{{labels}}} {value}\n" if labels else f"{self.name} {value}\n")

    def __str__(self) -> str:
        return f"# HELP {self.name} {self.meaning}\n# TYPE {self.name} {self.type}\n{''.join(self.lines)}"


class Scrape:
    """Answers Prometheus; may be asked in any thread, also while the event loop hangs."""

    def __init__(self) -> None:
        self._source: tuple[Store, WorkQueue[Key]] | None = None

    def show(self, store: Store, queue: WorkQueue[Key]) -> None:
        """Give what is to be read from now on."""
        self._source = (store, queue)

    def text(self) -> bytes:
        """Write everything in Prometheus' text format."""
        families = _families(*self._source) if self._source is not None else []
        return generate_latest(REGISTRY) + "".join(map(str, families)).encode()


def _families(store: Store, queue: WorkQueue[Key]) -> list[_Family]:
    depth = _Family("tally_queue_depth", "gauge", "ScheduledJobs that wait to be looked at.")
    age = _Family("tally_queue_oldest_age_seconds", "gauge", "For how long the first of them has waited.")
    depth.add("", len(queue))
    age.add("", queue.oldest_age(time.monotonic()))
    return [depth, age, *_scheduled_jobs(store)]


def _scheduled_jobs(store: Store) -> list[_Family]:
    phase = _Family("tally_scheduledjob_phase", "gauge", "1 for the phase that it is in; the others are absent.")
    next_run = _Family(
        "tally_scheduledjob_next_run_timestamp_seconds",
        "gauge",
        "The first scheduled time that has not been executed; it lies in the past when the run is late.",
    )
    last_success = _Family(
        "tally_scheduledjob_last_success_timestamp_seconds",
        "gauge",
        "The scheduled time of the newest success among the last ten executions.",
    )
    failures = _Family(
        "tally_scheduledjob_consecutive_failures",
        "gauge",
        "Failed executions since the newest success, of the last ten executions.",
    )
    remaining = _Family("tally_scheduledjob_remaining_executions", "gauge", "Executions left; absent without a limit.")
    missed = _Family(
        "tally_scheduledjob_missed_total", "counter", "Scheduled times that have passed without a Job, ever."
    )
    for scheduled_job, cronjob in store.pairs():
        status, key = scheduled_job.status, scheduled_job.key
        labels = f'namespace="{key.namespace}",name="{key.name}"'
        if status.phase:
            phase.add(f'{labels},phase="{status.phase}"', 1)
        failures.add(labels, events.failures_in_a_row(status))
        missed.add(labels, status.missed)
        if status.remaining is not None:
            remaining.add(labels, status.remaining)
        if (due := _due(scheduled_job, cronjob)) is not None:
            next_run.add(labels, due)
        if (success := _last_success(scheduled_job)) is not None:
            last_success.add(labels, success)
    return [phase, next_run, last_success, failures, remaining, missed]


def _last_success(scheduled_job: ScheduledJob) -> int | None:
    for each in reversed(scheduled_job.status.recent_executions):
        if each.outcome == "succeeded":
            return int(instants.read(each.scheduled_time).timestamp())
    return None


def _due(scheduled_job: ScheduledJob, cronjob: CronJob | None) -> int | None:
    """Give the first firing after the newest execution, which `status.nextScheduleTime` passes over when it is late."""
    spec, status = scheduled_job.spec, scheduled_job.status
    if spec is None or spec.suspend or status.phase not in ("Scheduled", "Running"):
        return None
    if cronjob is None or cronjob.owner != scheduled_job.uid or cronjob.deleting:
        return None
    newest = instants.read(status.last_schedule_time) if status.last_schedule_time else cronjob.created
    began = cronjob.window.after if cronjob.window else cronjob.created
    return _first_after(spec.schedule, spec.time_zone, max(newest, began, cronjob.last_schedule_time or began))


@lru_cache(maxsize=1 << 15)
def _first_after(schedule: str, zone: str, base: datetime) -> int | None:
    read = timing.read(schedule, zone)
    firing = read.schedule.next(base.astimezone(read.zone)) if isinstance(read, Timing) else None
    return int(firing.timestamp()) if firing else None


SCRAPE = Scrape()
