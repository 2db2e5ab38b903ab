"""A store that is filled as the watches fill it, and what Prometheus is told of it."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from tally_operator import render
from tally_operator.model import Status
from tally_operator.observed import Key
from tally_operator.scrape import Scrape
from tally_operator.store import Store
from tally_operator.workqueue import WorkQueue

from tests.unit.operator.world import DEFAULTS, spec, window

Json = dict[str, Any]


class Picture:
    """A store with its queue."""

    def __init__(self) -> None:
        self.store = Store()
        self.queue: WorkQueue[Key] = WorkQueue()
        self.scrape = Scrape()
        self.scrape.show(self.store, self.queue)
        self._version = 0

    def put(self, name: str, status: Status | None = None, *, cron: Json | None = None, **asked: Any) -> Json:  # noqa: ANN401
        """Put a ScheduledJob, created at 12:00:30, and its CronJob unless that is `{}`."""
        wanted = spec(**{"name": name, **asked})
        body = {
            "metadata": self._metadata(name),
            "spec": wanted.model_dump(by_alias=True, exclude_none=True),
            "status": (status or Status(phase="Scheduled")).to_json(),
        }
        self.store.put_scheduled_job(body)
        made = render.cronjob(Key("shop", name), f"uid-{name}", wanted, window("12:00:30"), DEFAULTS)
        made["metadata"] |= self._metadata(name, "cron-") | {
            "ownerReferences": [{"uid": f"uid-{name}", "controller": True}]
        }
        if cron != {}:
            self.store.put_cronjob({**made, **(cron or {})})
        return body

    def read(self) -> dict[tuple[str, str], float]:
        """Scrape, and give the values by metric and ScheduledJob."""
        families = text_string_to_metric_families(self.scrape.text().decode())
        return {
            (sample.name.removeprefix("tally_scheduledjob_"), sample.labels["name"]): sample.value
            for family in families
            for sample in family.samples
            if "name" in sample.labels
        }

    def of(self, name: str) -> dict[str, float]:
        """Scrape, and give the values of one ScheduledJob."""
        return {metric: value for (metric, of), value in self.read().items() if of == name}

    def _metadata(self, name: str, prefix: str = "") -> Json:
        self._version += 1
        return {
            "namespace": "shop",
            "name": name,
            "uid": f"{prefix}uid-{name}",
            "creationTimestamp": "2026-01-05T12:00:30Z",
            "resourceVersion": str(self._version),
        }
