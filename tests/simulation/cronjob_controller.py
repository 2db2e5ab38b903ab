"""A model of the CronJob controller: `syncCronJob` of Kubernetes 1.36, rule by rule, over caches that may be stale.

What it does beyond starting the newest passed time is what makes it dangerous: it starts a time late, after a pause or
with an old copy of the template; it may crash between making a Job and noting it; after a refusal it waits, until
somebody changes the CronJob.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tally_operator import instants, names, timing
from tally_operator.api import ApiError
from tally_operator.timing import Timing

from tests.simulation.api_model import ApiServer, Body, controller_of
from tests.simulation.views import View

if TYPE_CHECKING:
    from datetime import datetime

    from tally.cron import Schedule

ACTOR = "controller"
_FIRST_WAIT = 1.3  # seconds, after a refusal; doubled with each in a row
_LAST_WAIT = 1000.0


@dataclass
class CronJobController:
    """Syncs every CronJob that it sees.

    Args:
        crashes: Whether it is to crash right after the next Job that it makes.
    """

    api: ApiServer
    up: bool = True
    crashes: bool = False
    cronjobs: View = field(init=False)
    jobs: View = field(init=False)
    _due: dict[str, datetime] = field(default_factory=dict)
    _refusals: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cronjobs = View(self.api, "cronjobs")
        self.jobs = View(self.api, "jobs")

    def start(self) -> None:
        """Come up anew, with fresh caches."""
        self.up = True
        self.cronjobs.relist()
        self.jobs.relist()
        self._refusals.clear()
        self._due = {each["metadata"]["name"]: self.api.now for each in self.cronjobs.objects.values()}

    def stop(self) -> None:
        """Be away."""
        self.up = False

    def step(self) -> bool:
        """Take in news and sync one CronJob; tell whether anything was done."""
        if not self.up:
            return False
        for event in self.cronjobs.read():
            self._due[event.body["metadata"]["name"]] = self.api.now
        for event in self.jobs.read():
            owner = controller_of(event.body)
            for each in self.cronjobs.objects.values():
                # An event of a Job does not shorten the wait after a refusal.
                if each["metadata"]["uid"] == owner and each["metadata"]["name"] not in self._refusals:
                    self._due[each["metadata"]["name"]] = self.api.now
        for name, due in self._due.items():
            if due <= self.api.now:
                del self._due[name]
                if name in self.cronjobs.objects:
                    self._sync(self.cronjobs.objects[name])
                return True
        return False

    @property
    def next_time(self) -> datetime | None:
        """When it has something to do, if nothing else happens."""
        if not self.up:
            return None
        times = [*self._due.values(), self.cronjobs.next_news, self.jobs.next_news]
        return min((time for time in times if time is not None), default=None)

    def _sync(self, seen: Body) -> None:
        name = seen["metadata"]["name"]
        status: Body = {"active": [], **(seen.get("status") or {})}
        try:
            due = self._synced(seen, status)
            if self.up and _compact(status) != (seen.get("status") or {}):
                self.api.replace_status("cronjobs", seen, _compact(status), ACTOR)
            self._refusals.pop(name, None)
        except ApiError:
            refusals = self._refusals[name] = self._refusals.get(name, 0) + 1
            due = self.api.now + timedelta(seconds=min(_FIRST_WAIT * 2 ** min(refusals - 1, 10), _LAST_WAIT) // 1 + 1)
        if due is not None and self.up:
            self._due[name] = min(due, self._due.get(name, due))

    def _synced(self, seen: Body, status: Body) -> datetime | None:
        """Go through the rules, in the order of `syncCronJob`; gives when to sync again."""
        self._tidy(seen, status)
        spec = seen["spec"]
        if "deletionTimestamp" in seen["metadata"] or spec.get("suspend"):
            return None
        at = timing.read(spec["schedule"], spec["timeZone"])
        if not isinstance(at, Timing):
            return None
        slot = most_recent(seen, status, self.api.now, at.schedule, at.zone, deadline=True)
        if slot is not None and not self._may_not_start(spec, status, slot, name=seen["metadata"]["name"]):
            self._start(seen, status, slot)
        return _next_sync(seen, status, self.api.now, at)

    def _tidy(self, seen: Body, status: Body) -> None:
        children = {
            job["metadata"]["uid"]: job
            for job in self.jobs.objects.values()
            if controller_of(job) == seen["metadata"]["uid"]
        }
        active = []
        for each in status["active"]:
            job = children.get(each["uid"])
            if job is None:
                # The cache may be late: the API server knows.
                live = self.api.objects["jobs"].get(each["name"])
                if live is not None:
                    active.append(each)
            elif not is_finished(job):
                active.append(each)
        status["active"] = active

    def _may_not_start(self, spec: Body, status: Body, slot: datetime, name: str) -> bool:
        deadline = spec.get("startingDeadlineSeconds")
        if deadline is not None and slot + timedelta(seconds=deadline) < self.api.now:
            return True
        last = status.get("lastScheduleTime")
        if any(each["name"] == job_name(name, slot) for each in status["active"]):
            return True
        if last is not None and instants.read(last) == slot:
            return True
        return bool(spec["concurrencyPolicy"] == "Forbid" and status["active"])

    def _start(self, seen: Body, status: Body, slot: datetime) -> None:
        if seen["spec"]["concurrencyPolicy"] == "Replace":
            for each in status["active"]:
                self.api.get("jobs", each["name"])
                self.api.delete("jobs", each["name"], ACTOR)
            status["active"] = []
        body = _job(seen, slot)
        try:
            job = self.api.create("jobs", body, ACTOR)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            job = self.api.get("jobs", body["metadata"]["name"])
            if controller_of(job) != seen["metadata"]["uid"]:
                return
        if self.crashes:
            self.crashes = False
            self.stop()
            return
        status["active"] = [*status["active"], {"name": job["metadata"]["name"], "uid": job["metadata"]["uid"]}]
        status["lastScheduleTime"] = instants.write(slot)


def most_recent(
    seen: Body, status: Body, now: datetime, schedule: Schedule, zone: ZoneInfo, *, deadline: bool
) -> datetime | None:
    """Find the newest passed time as `mostRecentScheduleTime` does, with its guess of how many have passed."""
    earliest = _earliest(seen, status)
    seconds = seen["spec"].get("startingDeadlineSeconds")
    if deadline and seconds is not None:
        earliest = max(earliest, now - timedelta(seconds=seconds))
    first = schedule.next(earliest.astimezone(zone))
    second = schedule.next(first) if first else None
    if first is None or now < first:
        return None
    if second is None or now < second:
        return _utc(first)
    gap = int((_utc(second) - _utc(first)).total_seconds())
    missed = int((now - first).total_seconds()) // gap + 1
    newest = None
    found = schedule.next(_shifted(first, (missed - 2) * gap))
    while found is not None and found <= now:
        newest = _utc(found)
        found = schedule.next(found)
    return newest


def _next_sync(seen: Body, status: Body, now: datetime, at: Timing) -> datetime | None:
    """Say when to look again, as `nextScheduleTimeDuration` does."""
    base = most_recent(seen, status, now, at.schedule, at.zone, deadline=False) or _earliest(seen, status)
    again = at.schedule.next(base.astimezone(at.zone))
    if again is not None and again <= now:  # times have passed, but the guess found none
        again = at.schedule.next(now.astimezone(at.zone))
    return _utc(again) if again else None


def job_name(cronjob: str, slot: datetime) -> str:
    """Name a Job as the controller does."""
    return f"{cronjob}-{int(slot.timestamp()) // 60}"


def is_finished(job: Body) -> bool:
    """Tell whether a Job has a terminal condition."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions)


def _earliest(seen: Body, status: Body) -> datetime:
    return instants.read(status.get("lastScheduleTime") or seen["metadata"]["creationTimestamp"])


def _shifted(moment: datetime, seconds: int) -> datetime:
    return (_utc(moment) + timedelta(seconds=seconds)).astimezone(moment.tzinfo)


def _utc(moment: datetime) -> datetime:
    return instants.read(instants.write(moment))


def _compact(status: Body) -> Body:
    return {key: value for key, value in status.items() if value}


def _job(cronjob: Body, slot: datetime) -> Body:
    template: dict[str, Any] = cronjob["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    local = slot.astimezone(ZoneInfo(cronjob["spec"]["timeZone"]))
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": cronjob["metadata"]["name"],
        "uid": cronjob["metadata"]["uid"],
        "controller": True,
    }
    return {
        "metadata": {
            "name": job_name(cronjob["metadata"]["name"], slot),
            "labels": metadata.get("labels") or {},
            "annotations": {**(metadata.get("annotations") or {}), names.SLOT: local.isoformat()},
            "ownerReferences": [owner],
        },
        "spec": {},
    }
