"""What Prometheus is told when it asks: what was measured, and what the ScheduledJobs and the queue are like just now.

A series for each ScheduledJob is dear: ten thousand of them make a scrape of megabytes. So there are few, each for
something that a person is to be told of; they come from the store, and one that has gone is not there any more. All is
written as text directly, since the library would make an object of each line.
"""

import time
from dataclasses import dataclass, field

from prometheus_client import generate_latest

from tally_operator.metrics import REGISTRY
from tally_operator.observed import Key
from tally_operator.store import Store
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
    for key, series, cronjob in store.series():
        labels = f'namespace="{key.namespace}",name="{key.name}"'
        if series.phase:
            phase.add(f'{labels},phase="{series.phase}"', 1)
        failures.add(labels, series.failures)
        missed.add(labels, series.missed)
        if series.remaining is not None:
            remaining.add(labels, series.remaining)
        if (firing := series.next_run(cronjob)) is not None:
            next_run.add(labels, firing)
        if series.last_success is not None:
            last_success.add(labels, series.last_success)
    return [phase, next_run, last_success, failures, remaining, missed]


SCRAPE = Scrape()
