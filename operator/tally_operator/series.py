"""What Prometheus is told of one ScheduledJob, kept small and read once when it changes: a scrape has thousands."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Self

from tally_operator import events, instants, timing
from tally_operator.model import Status
from tally_operator.observed import CronJob, ScheduledJob
from tally_operator.timing import Timing


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """The values of one ScheduledJob.

    Args:
        phase: As its status has it.
        failures: Failed executions since the newest success, of the last ten.
        missed: Scheduled times that passed without a Job, ever.
        remaining: Executions left; None without a limit.
        last_success: The scheduled time of the newest success, in seconds since 1970; None if the last ten have none.
        firings: Its schedule and zone while it is to run; None while it is not.
        newest: The newest execution's scheduled time.
    """

    phase: str | None
    failures: int
    missed: int
    remaining: int | None
    last_success: int | None
    firings: tuple[str, str] | None
    newest: datetime | None

    @classmethod
    def of(cls, scheduled_job: ScheduledJob) -> Self:
        """Read them."""
        spec, status = scheduled_job.spec, scheduled_job.status
        runs = spec is not None and not spec.suspend and status.phase in ("Scheduled", "Running")
        return cls(
            phase=status.phase,
            failures=events.failures_in_a_row(status),
            missed=status.missed,
            remaining=status.remaining,
            last_success=_last_success(status),
            firings=(spec.schedule, spec.time_zone) if spec is not None and runs else None,
            newest=instants.read(status.last_schedule_time) if status.last_schedule_time else None,
        )

    def next_run(self, cronjob: CronJob | None) -> int | None:
        """Give the first firing after the newest execution, in seconds since 1970; in the past when it is late.

        `status.nextScheduleTime` passes over a late one.

        Args:
            cronjob: The ScheduledJob's own; None while it has none.
        """
        if self.firings is None or cronjob is None or cronjob.deleting:
            return None
        began = cronjob.window.after if cronjob.window else cronjob.created
        base = max(self.newest or cronjob.created, began, cronjob.last_schedule_time or began)
        return _first_after(*self.firings, base)


def _last_success(status: Status) -> int | None:
    for each in reversed(status.recent_executions):
        if each.outcome == "succeeded":
            return int(instants.read(each.scheduled_time).timestamp())
    return None


@lru_cache(maxsize=1 << 15)
def _first_after(schedule: str, zone: str, base: datetime) -> int | None:
    read = timing.read(schedule, zone)
    firing = read.schedule.next(base.astimezone(read.zone)) if isinstance(read, Timing) else None
    return int(firing.timestamp()) if firing else None
