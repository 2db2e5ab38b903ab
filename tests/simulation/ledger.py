"""The simulation's own account of what was executed, kept from the API server's log, and the promises checked on it.

The operator's status is never asked what happened; it is compared with this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING

from tally_operator import instants
from tally_operator.counting import MEMORY

from tests.simulation.api_model import ApiServer, Body, Event, slot_of
from tests.simulation.cronjob_controller import ACTOR as CONTROLLER

if TYPE_CHECKING:
    from datetime import datetime

    from tests.simulation.operator_model import OperatorModel


@dataclass
class Ledger:
    """The account of one ScheduledJob; a new uid begins a new one.

    Args:
        begins: When the schedule last began: creation, resumption, change. No slot up to then may start any more.
        ceiling: How many slots may be executed. After a lowering it stays high until everybody knows of it.
        slots: Every slot that has had a Job, and when the Job was made.
        surplus: Slots whose Jobs the operator deleted as being too many.
        phantoms_until: Up to here the operator may take a firing without a Job for executed: nobody watched.
    """

    server: ApiServer
    uid: str
    begins: datetime
    ceiling: float
    slots: dict[datetime, datetime] = field(default_factory=dict)
    surplus: set[datetime] = field(default_factory=set)
    phantoms_until: datetime | None = None
    lost: int = 0  # Jobs that were deleted by hand before anybody had noted them
    lateness: timedelta = timedelta(0)  # how far behind an operator's clock has been
    unfenced: bool = False  # whether the CronJob was changed by hand and is not yet put right
    last_count: int = 0
    by_hand: bool = False  # whether a Job was deleted by hand, or by the CronJob controller (Replace)
    begun: bool = False  # whether everybody knows since when the schedule stands
    orphaned: set[str] = field(default_factory=set)  # uids of CronJobs that the operator deleted

    @property
    def scheduled_job(self) -> Body | None:
        return next((b for b in self.server.list("scheduledjobs") if b["metadata"]["uid"] == self.uid), None)

    @property
    def limit(self) -> float:
        body = self.scheduled_job
        return inf if body is None else body["spec"].get("numberOfExecutions") or inf

    @property
    def executed(self) -> int:
        return len(self.slots.keys() - self.surplus)

    def counted(self) -> set[datetime]:
        """Give the slots that stand in the status."""
        body = self.scheduled_job
        recent = (body or {}).get("status", {}).get("recentExecutions") or ()
        return {instants.read(each["scheduledTime"]) for each in recent}

    def note(self, event: Event) -> None:
        """Take in a change, and check what can be checked at once."""
        if event.kind == "jobs":
            self._note_job(event)
        elif event.kind == "cronjobs" and event.actor.startswith("operator") and event.type != "ADDED":
            if event.type == "DELETED" or "deletionTimestamp" in event.body["metadata"]:
                self.orphaned.add(event.body["metadata"]["uid"])
        elif event.kind == "scheduledjobs" and event.type == "MODIFIED" and event.body["metadata"]["uid"] == self.uid:
            self._note_status(event)

    def settle(self) -> None:
        """Everybody knows everything: from now on the newest limit holds, and no older slot starts."""
        body = self.scheduled_job
        if body is None or (body.get("status") or {}).get("observedGeneration") != body["metadata"]["generation"]:
            return
        self.ceiling = max(self.limit, self.executed)
        self.begun, self.unfenced = True, False

    def begin(self, at: datetime) -> None:
        """Note that the schedule begins anew."""
        self.begins, self.begun = at, False

    def lose(self, job: Body) -> None:
        """Note that a Job is about to be deleted by hand: what leaves no trace is nobody's execution.

        The CronJob's status is a trace of the newest one only.
        """
        slot = slot_of(job)
        if slot and slot not in self.counted() and slot != self._noted:
            self.lost += 1

    def lose_all(self) -> None:
        """Note that the CronJob is about to be deleted by hand, with all traces of what has not been counted."""
        here = {slot_of(job) for job in self.server.list("jobs")}
        gone = {self._noted} - here if self._noted in self.slots else set()
        self.lost += len((gone | here) & self.slots.keys() - self.counted())

    @property
    def _noted(self) -> datetime | None:
        """The newest slot for which the CronJob says that it made a Job."""
        cronjob = next(iter(self.server.list("cronjobs")), {})
        noted = (cronjob.get("status") or {}).get("lastScheduleTime")
        return instants.read(noted) if noted else None

    def forgive(self) -> None:
        """Note what was not counted as long as there was no limit: a Job that nobody saw then is taken for missed."""
        self.lost = max(self.lost, self.executed - self.last_count)

    def deleting(self, operator: OperatorModel, name: str) -> None:
        """Judge the operator's deletion of a Job: counted, manual, or too many."""
        job = self.server.objects["jobs"].get(name)
        slot = slot_of(job) if job else None
        if job is None or slot is None or self.scheduled_job is None:
            return
        counted = sorted(self.counted())
        if slot in counted or (slot < (counted[-MEMORY:] or [slot])[0] and len(counted) >= MEMORY):
            return
        seen = operator.observed.scheduled_job if operator.observed else None
        limit = seen.spec.number_of_executions if seen and seen.spec else None
        executions = self.scheduled_job["status"]["executions"]
        assert limit is not None, f"the Job of {slot} was deleted uncounted, without a limit"
        assert executions >= limit, f"the Job of {slot} was deleted uncounted, at {executions} of {limit}"
        self.surplus.add(slot)

    def check_end(self) -> None:
        """Check a ScheduledJob that was left alone until it must be complete."""
        body = self.scheduled_job
        assert body is not None
        status, limit = body["status"], int(body["spec"]["numberOfExecutions"])
        assert status["executions"] >= limit, f"left alone, it stands at {status['executions']} of {limit}: {self}"
        assert status["phase"] == "Completed", status
        assert not self.server.list("cronjobs"), "at the limit its CronJob is still there"
        if status["executions"] <= 10 and not self.by_hand:
            phantoms = self.counted() - self.slots.keys()
            assert status["executions"] - len(phantoms) <= self.executed <= max(self.ceiling, limit), self
            for slot in self.slots.keys() - self.surplus:
                assert slot in self.counted(), f"the execution of {slot} is not counted"

    def _note_job(self, event: Event) -> None:
        slot = slot_of(event.body)
        if slot is None or event.body["metadata"]["labels"].get("tally.dev/owner") != self.uid:
            return
        if event.type == "ADDED" and event.actor == CONTROLLER:
            self._note_start(slot, event)
        elif event.type == "DELETED":
            self.by_hand |= event.actor in ("user", CONTROLLER)
            lost = event.actor == "gc" and self.scheduled_job is not None and slot in self.counted()
            owner = event.body["metadata"]["ownerReferences"][0]["uid"] if lost else ""
            assert owner not in self.orphaned, f"the counted Job of {slot} went with its CronJob"

    def _note_start(self, slot: datetime, event: Event) -> None:
        self.slots.setdefault(slot, event.at)
        if self.unfenced and self.executed > self.limit:
            self.surplus.add(slot)  # what a hand has let in beyond the limit is never counted
        if self.server.fenced:
            assert self.executed <= self.ceiling + self.lost, (
                f"{self.executed} executions, {self.ceiling} allowed: {self._list()}"
            )
        at_once = f"{slot} started at {event.at}, though the schedule began at {self.begins}"
        assert slot > self.begins - self.lateness or not self.begun, at_once

    def _note_status(self, event: Event) -> None:
        executions = (event.body.get("status") or {}).get("executions", 0)
        was, self.last_count = self.last_count, executions
        assert executions >= was, f"the count went back from {was} to {executions}"
        if executions == was:
            return
        assert executions <= self.ceiling, f"{executions} were counted, {self.ceiling} allowed"
        for slot in self.counted() - self.slots.keys():
            unwatched = self.phantoms_until is not None and slot <= self.phantoms_until
            assert unwatched, f"{slot} was counted without a Job, in a time that was watched"

    def _list(self) -> str:
        return ", ".join(f"{slot:%d %H:%M} made {made:%d %H:%M:%S}" for slot, made in self.slots.items())
