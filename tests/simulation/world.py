"""A hostile cluster in one thread: API server, CronJob controller, garbage collector, two operators, a user.

Time is the API server's and moves only in `advance`. At each instant everybody who is up takes turns until nobody has
anything left to do; then time jumps to the next instant at which somebody has. What goes wrong is switched on and off
from outside. Everything is deterministic: the same calls give the same history.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import TYPE_CHECKING, Any

from tally_operator import instants
from tally_operator.observed import Key

from tests.simulation.api_model import NAMESPACE, ORPHAN, ApiServer, Body, Event, controller_of
from tests.simulation.cronjob_controller import CronJobController
from tests.simulation.ledger import Ledger
from tests.simulation.operator_model import OperatorModel

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "job"
KEY = Key(NAMESPACE, NAME)
BEGINNING = datetime(2026, 1, 5, 11, 58, 30, tzinfo=UTC)
_TURNS = 2_000  # at one instant; more is going round in circles


@dataclass
class JobRunner:
    """Ends each Job after a while.

    Args:
        duration: How long a Job takes that starts now, in seconds.
        fails: Whether it fails.
    """

    api: ApiServer
    duration: int = 20
    fails: bool = False

    def __post_init__(self) -> None:
        self._ends: dict[str, tuple[datetime, bool]] = {}
        self.api.told.append(self._told)

    def _told(self, event: Event) -> None:
        if event.kind == "jobs" and event.type == "ADDED":
            self._ends[event.body["metadata"]["uid"]] = (event.at + timedelta(seconds=self.duration), self.fails)
        elif event.kind == "jobs" and event.type == "DELETED":
            self._ends.pop(event.body["metadata"]["uid"], None)

    def step(self) -> bool:
        for uid, (end, fails) in self._ends.items():
            if end <= self.api.now:
                del self._ends[uid]
                body = self.api.with_uid(uid)
                if body is not None:
                    self._end(body, fails)
                return True
        return False

    @property
    def next_time(self) -> datetime | None:
        return min((end for end, _ in self._ends.values()), default=None)

    def hurry(self) -> None:
        """Let all that run end soon."""
        soon = self.api.now + timedelta(seconds=self.duration)
        self._ends = {uid: (min(end, soon), fails) for uid, (end, fails) in self._ends.items()}

    def _end(self, body: Body, fails: bool) -> None:
        ended = instants.write(self.api.now)
        status: Body = {"startTime": body["metadata"]["creationTimestamp"]}
        condition = {"type": "Failed" if fails else "Complete", "status": "True", "lastTransitionTime": ended}
        status["conditions"] = [condition]
        if not fails:
            status["completionTime"] = ended
        self.api.replace_status("jobs", body, status, "job")


@dataclass
class GarbageCollector:
    """Deletes what has lost its owner, and frees what is to be orphaned, as far as it has heard of it.

    Args:
        lag: How late it hears of Jobs, in seconds.
    """

    api: ApiServer
    lag: int = 0
    _heard: int = -1

    def step(self) -> bool:
        version = sum(map(len, self.api.log.values()))
        if version == self._heard and not self.lag:
            return False
        self._heard = version
        return any(self._collect(body) for body in (*self.api.list("cronjobs"), *self.api.list("jobs")))

    @property
    def next_time(self) -> datetime | None:
        waiting = self.lag and any(not self._knows(body) for body in self.api.list("jobs"))
        orphaning = any("deletionTimestamp" in body["metadata"] for body in self.api.list("cronjobs"))
        return self.api.now + timedelta(seconds=1) if waiting or orphaning else None

    def _knows(self, body: Body) -> bool:
        return instants.read(body["metadata"]["creationTimestamp"]) + timedelta(seconds=self.lag) <= self.api.now

    def _collect(self, body: Body) -> bool:
        metadata = body["metadata"]
        if ORPHAN in metadata.get("finalizers", ()):
            for job in self.api.list("jobs"):
                if controller_of(job) == metadata["uid"] and self._knows(job):
                    self.api.merge("jobs", job["metadata"]["name"], {"metadata": {"ownerReferences": None}}, "gc")
            self.api.delete("cronjobs", metadata["name"], "gc")
            return True
        owner = controller_of(body)
        if owner is None or not self._knows(body) or self.api.with_uid(owner) is not None:
            return False
        self.api.delete("cronjobs" if "schedule" in body["spec"] else "jobs", metadata["name"], "gc")
        return True


class World:
    """All of it.

    Args:
        fenced: Whether the admission policy is there.
        start: When it begins.
    """

    def __init__(self, *, fenced: bool = True, start: datetime = BEGINNING) -> None:
        self.server = ApiServer(start, fenced)
        self.server.told.append(self._told)
        self.controller = CronJobController(self.server)
        self.controller.start()
        self.jobs = JobRunner(self.server)
        self.collector = GarbageCollector(self.server)
        self.operators = [OperatorModel(self.server, f"operator-{number}") for number in range(2)]
        self.ledger: Ledger | None = None
        self.operators_first = False
        for operator in self.operators:
            operator.deleting = self._deleting
        self.start_operator(0)

    # What the user does.

    def create(self, **spec: Any) -> None:  # noqa: ANN401 (JSON)
        """Apply the ScheduledJob, if there is none."""
        if self.server.list("scheduledjobs"):
            return
        body = {"metadata": {"name": NAME}, "spec": {"name": NAME, **{k: v for k, v in spec.items() if v is not None}}}
        made = self.server.create("scheduledjobs", body, "user")
        self.ledger = Ledger(
            self.server, made["metadata"]["uid"], self.server.now, spec.get("numberOfExecutions") or inf
        )
        self.ledger.lateness = timedelta(seconds=max(each.api.clock.behind for each in self.operators))

    def edit(self, **spec: Any) -> None:  # noqa: ANN401 (JSON)
        """Change fields of the ScheduledJob; None takes one away."""
        if not self.server.list("scheduledjobs") or self.ledger is None:
            return
        if "numberOfExecutions" not in self.server.get("scheduledjobs", NAME)["spec"]:
            self.ledger.forgive()
        new = self.server.merge("scheduledjobs", NAME, {"spec": spec}, "user")["spec"]
        self.ledger.ceiling = max(self.ledger.ceiling, new.get("numberOfExecutions") or inf)
        live: Body = next(iter(self.server.list("cronjobs")), {"spec": {}})["spec"]
        # What was changed there and back before anybody looked was never changed.
        moved = any(live.get(name) != new.get(name, live.get(name)) for name in ("schedule", "timeZone"))
        if moved or (live.get("suspend") and not new.get("suspend")):
            self.ledger.begin(self.server.now)

    def delete(self) -> None:
        """Delete the ScheduledJob."""
        if self.server.list("scheduledjobs"):
            self.server.delete("scheduledjobs", NAME, "user")

    def delete_cronjob(self, *, orphan: bool = False) -> None:
        """Delete the CronJob by hand, with its Jobs or without."""
        if self.server.list("cronjobs") and self.ledger:
            self.ledger.by_hand = True
            self.ledger.lose_all()
            self.server.delete("cronjobs", NAME, "user", orphan=orphan)

    def edit_cronjob(self, patch: Body) -> None:
        """Change the CronJob by hand."""
        if self.server.list("cronjobs") and self.ledger:
            self.ledger.by_hand = True
            self.ledger.unfenced = True
            self.ledger.ceiling = inf  # with another schedule or fence it may start anything, until it is put right
            self.server.merge("cronjobs", NAME, patch, "user")

    def delete_job(self, newest: int = 0) -> None:
        """Delete a Job by hand; 0 is the newest."""
        found = sorted(self.server.list("jobs"), key=lambda body: body["metadata"]["creationTimestamp"], reverse=True)
        if newest < len(found) and self.ledger is not None:
            self.ledger.lose(found[newest])
            self.server.delete("jobs", found[newest]["metadata"]["name"], "user")

    def run_now(self) -> None:
        """Make a manual run, as `kubectl create job --from=cronjob/...` does."""
        name = f"manual-{int(self.server.now.timestamp())}"
        if not self.server.list("cronjobs") or name in self.server.objects["jobs"]:
            return
        cronjob = self.server.get("cronjobs", NAME)
        template = cronjob["spec"]["jobTemplate"]["metadata"]
        owner = {"kind": "CronJob", "name": NAME, "uid": cronjob["metadata"]["uid"], "controller": True}
        metadata = {
            "name": name,
            "labels": template["labels"],
            "annotations": {**(template.get("annotations") or {}), "cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [owner],
        }
        self.server.create("jobs", {"metadata": metadata, "spec": {}}, "user")

    # What happens to the machinery.

    def start_operator(self, number: int) -> None:
        """Let an operator come up."""
        self.operators[number].start()
        self._unwatched()

    def relist(self, number: int) -> None:
        """Let an operator lose its watches."""
        self.operators[number].relist()
        self._unwatched()

    def set_clock_back(self, number: int, seconds: int) -> None:
        """Let an operator's clock be late, until an answer of the API server tells the time."""
        self.operators[number].api.clock.behind = seconds
        if self.ledger is not None:
            self.ledger.lateness = max(self.ledger.lateness, timedelta(seconds=seconds))

    def heal(self) -> None:
        """Let everything live, without faults."""
        self.controller.crashes = False
        self.controller.cronjobs.lag = self.controller.jobs.lag = self.collector.lag = 0
        if not self.controller.up:
            self.controller.start()
        for operator in self.operators:
            operator.heal()
        self.start_operator(0)

    # How time passes.

    def advance(self, seconds: int) -> None:
        """Let time pass, and all that is due in it."""
        end = self.server.now + timedelta(seconds=seconds)
        self.turns()
        while (instant := self._next_time()) is not None and instant <= end:
            self.server.now = instant
            self.turns()
        self.server.now = end
        self.turns()

    def turns(self) -> None:
        """Let everybody do what can be done at this instant."""
        actors: Sequence[Any] = (self.controller, self.jobs, self.collector, *self.operators)
        if self.operators_first:
            actors = tuple(reversed(actors))
        for _ in range(_TURNS):
            # A list: everybody takes a turn, also after one who did something.
            if not any([actor.step() for actor in actors]):  # noqa: C419
                break
        else:
            raise AssertionError("they go round in circles")
        if self.is_settled and self.ledger is not None:
            self.ledger.settle()

    @property
    def is_settled(self) -> bool:
        """Whether everybody who is up knows everything and has nothing to do, and an operator is up."""
        current = self.controller.up and self.controller.cronjobs.is_current and self.controller.jobs.is_current
        operators = [operator for operator in self.operators if operator.up]
        return current and bool(operators) and all(operator.is_settled for operator in operators)

    def check_rest(self) -> None:
        """Check that an operator without news leaves everything as it is."""
        for operator in self.operators:
            if operator.up and operator.is_settled:
                plan = operator.plan_anew(KEY)
                assert plan is None or not plan.steps, f"nothing has changed, but it would do {plan.steps}"

    def finish(self) -> None:
        """Leave everything alone until it must be complete, then check the promises."""
        if not self.server.list("scheduledjobs") or self.ledger is None:
            self._finish_deleted()
            return
        self.heal()
        self.jobs.duration = 20
        self.jobs.hurry()
        spec = self.server.get("scheduledjobs", NAME)["spec"]
        limit = spec.get("numberOfExecutions")
        if limit is None:
            limit = self.ledger.executed + 2
        self.edit(suspend=False, numberOfExecutions=limit, startingDeadlineSeconds=None)
        for _ in range(4 * int(limit) + 12):
            self.advance(5)
            status = self.server.get("scheduledjobs", NAME).get("status") or {}
            if status.get("phase") == "Completed":
                break
            instant = self._next_firing(status)
            self.advance(max(1, int((instant - self.server.now).total_seconds()) + 30))
        self.advance(60)
        assert self.is_settled, "left alone, they do not come to rest"
        self.check_rest()
        self.ledger.check_end()

    def _finish_deleted(self) -> None:
        self.heal()
        self.advance(60)
        assert not self.server.list("cronjobs"), "a CronJob outlived its ScheduledJob"
        # What a user has orphaned by hand is the user's.
        owned = [job for job in self.server.list("jobs") if controller_of(job)]
        assert not owned, "a Job outlived its ScheduledJob"

    def _next_firing(self, status: Body) -> datetime:
        text = status.get("nextScheduleTime")
        return instants.read(text) if text else self.server.now + timedelta(minutes=2)

    def _next_time(self) -> datetime | None:
        actors: Sequence[Any] = (self.controller, self.jobs, self.collector, *self.operators)
        times = [time for actor in actors if (time := actor.next_time) is not None]
        return max(min(times), self.server.now + timedelta(seconds=1)) if times else None

    def _unwatched(self) -> None:
        if self.ledger is not None:
            self.ledger.phantoms_until = self.server.now

    def _told(self, event: Event) -> None:
        if self.ledger is not None:
            self.ledger.note(event)

    def _deleting(self, operator: OperatorModel, name: str) -> None:
        if self.ledger is not None:
            self.ledger.deleting(operator, name)
