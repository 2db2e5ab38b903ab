"""An operator in the simulation: the real planner, store and writes; only the network, the clock and kopf are models.

Every request is cut in three: under way, done, and answered; between any two of them time may pass, watches may bring
news, and the process may die. So a step that was carried out and one that was noticed are two things, as in life.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tally_operator import names, planner, status
from tally_operator.api import Api, ApiError
from tally_operator.cluster import Cluster, StaleError
from tally_operator.reconciler import Reconciler
from tally_operator.render import Defaults
from tally_operator.store import Store

from tests.simulation.api_model import NAMESPACE, ApiServer, Body, Kind
from tests.simulation.views import View

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tally_operator.observed import Key, Observed
    from tally_operator.steps import Plan

T = TypeVar("T")

DEFAULTS = Defaults(runner_image="runner:1")
_FIRST_RETRY = 1  # seconds; doubled with each failure in a row
_LAST_RETRY = 60
_MOMENTS = 24  # thirds of requests that one second has room for


class _Pause(Awaitable[None]):
    """Hands the turn to whoever else is there."""

    def __await__(self) -> Generator[None, None, None]:
        yield


@dataclass
class OperatorClock:
    """The operator's idea of the API server's time.

    Args:
        behind: How many seconds it is late, until the next answer tells.
    """

    api: ApiServer
    behind: int = 0

    def now(self) -> datetime:
        return self.api.now - timedelta(seconds=self.behind)


@dataclass
class SimulatedApi:
    """Stands in for `tally_operator.api.Api` before the model of the API server.

    Args:
        loses_answer: Whether the next write's answer gets lost.
        told: Called with each deletion of a Job, before it happens.
    """

    server: ApiServer
    actor: str
    told: Callable[[str], None]
    loses_answer: bool = False
    clock: OperatorClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = OperatorClock(self.server)

    async def get(self, path: str, query: object = None) -> Body:
        del query
        kind, name, _ = _parsed(path)
        return await self._answered(lambda: self.server.get(kind, name))

    async def list(self, path: str, query: dict[str, str] | None = None) -> tuple[list[Body], str]:
        if path.endswith("/pods"):
            return [], "0"
        kind, _, _ = _parsed(path)
        selector = (query or {}).get("labelSelector", "")
        owner = selector.partition("=")[2] or None
        name = (query or {}).get("fieldSelector", "").partition("metadata.name=")[2]

        def listed() -> list[Body]:
            return [body for body in self.server.list(kind, owner) if name in ("", body["metadata"]["name"])]

        return await self._answered(lambda: (listed(), str(self.server.version)))

    async def create(self, path: str, body: Body) -> Body:
        if path.endswith("/events"):
            return {}
        kind, _, _ = _parsed(path)
        return await self._answered(lambda: self.server.create(kind, body, self.actor, applied=True), write=True)

    async def merge(self, path: str, body: Body) -> Body:
        kind, name, subresource = _parsed(path)
        return await self._answered(
            lambda: self.server.merge(kind, name, body, self.actor, status=subresource == "status"), write=True
        )

    async def apply(self, path: str, body: Body, *, dry_run: bool = False) -> Body:
        kind, name, _ = _parsed(path)
        if dry_run:
            return await self._answered(lambda: self.server.get(kind, name))
        return await self._answered(lambda: self.server.apply(kind, name, body, self.actor), write=True)

    async def delete(self, path: str, uid: str, propagation: str) -> bool:
        kind, name, _ = _parsed(path)
        if kind == "jobs":
            self.told(name)
        try:
            await self._answered(
                lambda: self.server.delete(kind, name, self.actor, uid=uid, orphan=propagation == "Orphan"), write=True
            )
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            return False
        return True

    async def _answered(self, request: Callable[[], T], *, write: bool = False) -> T:
        await _Pause()
        try:
            return request()
        finally:
            self.clock.behind = min(self.clock.behind, 1)
            if write and self.loses_answer:
                self.loses_answer = False
                raise TimeoutError
            await _Pause()


class _Told(Reconciler):
    """Notes for the ledger what the operator has seen when it deletes a Job."""

    operator: OperatorModel

    async def _observe(self, key: Key) -> Observed | None:
        observed = await super()._observe(key)
        self.operator.observed = observed or self.operator.observed
        return observed


class OperatorModel:
    """One operator process.

    Args:
        server: The API server.
        actor: Its name in the log.
    """

    def __init__(self, server: ApiServer, actor: str) -> None:
        self.server = server
        self.actor = actor
        self.up = False
        self.frozen = False  # stopped or cut off, with all that it knows and was about to do
        self.pace = _MOMENTS  # thirds of requests per second
        self.dies_in: int | None = None  # so many thirds of requests
        self.views: dict[Kind, View] = {kind: View(server, kind) for kind in ("scheduledjobs", "cronjobs", "jobs")}
        self.observed: Observed | None = None
        self.deleting: Callable[[OperatorModel, str], None] = lambda _operator, _job: None
        self._reset()

    def _reset(self) -> None:
        self.store = Store()
        self.api = SimulatedApi(self.server, self.actor, lambda job: self.deleting(self, job))
        cluster = Cluster(cast("Api", self.api), self.store)
        self.reconciler = _Told(self.store, cluster, self.api.clock, DEFAULTS, self.api.clock.now())
        self.reconciler.operator = self
        self.ready: set[Key] = set()
        self.due: dict[Key, datetime] = {}
        self._failures: dict[Key, int] = {}
        self._working: tuple[Key, Coroutine[Any, Any, Plan | None]] | None = None
        self._spent = 0
        self._at: datetime | None = None

    def start(self) -> None:
        """Come up: list everything, then begin."""
        if self.up:
            return
        self._reset()
        self.up = True
        self.ready |= self.store.sync_cronjobs(self.views["cronjobs"].relist(), self.server.version)
        self.ready |= self.store.sync_jobs(self.views["jobs"].relist(), self.server.version)
        self.ready |= self.store.sync_scheduled_jobs(self.views["scheduledjobs"].relist(), self.server.version)
        self.reconciler.watching_since = self.api.clock.now()

    def heal(self) -> None:
        """Be quick and punctual from now on."""
        self.frozen = False
        self.pace, self.dies_in, self.api.loses_answer = _MOMENTS, None, False
        for view in self.views.values():
            view.lag = 0

    def kill(self) -> None:
        """Die, between any two moments of a request."""
        if self._working is not None:
            self._working[1].close()
        self.up = False
        self.frozen = False
        self.dies_in = None
        self._working = None

    def relist(self) -> None:
        """Lose the watches, and begin them again with new listings."""
        if self.up and not self.frozen:
            self.reconciler.watching_since = self.api.clock.now()
            self.ready |= self.store.sync_jobs(self.views["jobs"].relist(), self.server.version)
            self.ready |= self.store.sync_cronjobs(self.views["cronjobs"].relist(), self.server.version)
            self.ready |= self.store.sync_scheduled_jobs(self.views["scheduledjobs"].relist(), self.server.version)

    def hear_again(self, kind: Kind, back: int) -> None:
        """Receive an event a second time."""
        view = self.views[kind]
        if self.up and not self.frozen and 0 < back <= view.cursor:
            event = view.api.log[kind][view.cursor - back]
            later = view.api.log[kind][view.cursor - back : view.cursor]
            uid = event.body["metadata"]["uid"]
            # An object that was deleted is not told of again.
            if not any(each.type == "DELETED" and each.body["metadata"]["uid"] == uid for each in later):
                self._take(kind, "MODIFIED", event.body)

    def step(self) -> bool:
        """Go on by one moment; tell whether anything was done."""
        if not self.up or self.frozen:
            return False
        heard = self._hear()
        if self._at != self.server.now:
            self._at, self._spent = self.server.now, 0
        if self._spent >= self.pace:
            return heard
        self._spent += 1
        if self._working is not None:
            return self._advance(*self._working)
        self.ready |= {key for key, due in self.due.items() if due <= self.api.clock.now()}
        if not self.ready:
            return heard
        key = min(self.ready)
        self.ready.discard(key)
        self.due.pop(key, None)
        return self._advance(key, self.reconciler.reconcile(key))

    @property
    def next_time(self) -> datetime | None:
        """When it has something to do, if nothing else happens."""
        if not self.up or self.frozen:
            return None
        if self._working is not None or self.ready:
            return self.server.now + timedelta(seconds=1)
        behind = timedelta(seconds=self.api.clock.behind)
        times = [*(due + behind for due in self.due.values()), *(view.next_news for view in self.views.values())]
        return min((time for time in times if time is not None), default=None)

    @property
    def is_settled(self) -> bool:
        """Whether it has read all that there is, and has nothing to do."""
        if not self.up:
            return True
        return (
            not self.frozen
            and self._working is None
            and not self.ready
            and all(view.is_current for view in self.views.values())
        )

    def plan_anew(self, key: Key) -> Plan | None:
        """Ask the planner again, as an event without news would do."""
        observed = self.store.observe(key, self.reconciler.watching_since)
        if observed is None or status.awaited_ending(observed.scheduled_job.status, observed.jobs):
            return None
        return planner.plan(observed, DEFAULTS, self.api.clock.now())

    def _hear(self) -> bool:
        heard = False
        for kind, view in self.views.items():
            for event in view.read():
                heard = True
                self._take(kind, event.type, event.body)
        return heard

    def _take(self, kind: Kind, type_: str, body: Body) -> None:
        """Do as the controller does with what a watch tells."""
        if kind == "jobs":
            changed = self.store.drop_job(body) if type_ == "DELETED" else self.store.put_job(body)
        elif kind == "cronjobs":
            changed = self._take_cronjob(type_, body)
        elif type_ == "DELETED":
            changed = self.store.drop_scheduled_job(body)
        else:
            changed = self.store.put_scheduled_job(body)
        self.ready |= changed

    def _take_cronjob(self, type_: str, body: Body) -> set[Key]:
        if names.LABEL_OWNER not in (body["metadata"].get("labels") or {}):
            # The watch selects by label; one that loses it is told as deleted.
            return self.store.drop_cronjob(body)
        return self.store.drop_cronjob(body) if type_ == "DELETED" else self.store.put_cronjob(body)

    def _advance(self, key: Key, work: Coroutine[Any, Any, Plan | None]) -> bool:
        self._working = (key, work)
        if self.dies_in is not None:
            self.dies_in -= 1
            if self.dies_in < 0:
                self.kill()
                return True
        try:
            work.send(None)
        except StopIteration as done:
            self._working = None
            self._failures.pop(key, None)
            self._look_again(key, done.value)
        except (StaleError, ApiError, TimeoutError):
            self._working = None
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            wait = timedelta(seconds=min(_FIRST_RETRY * 2 ** min(failures - 1, 10), _LAST_RETRY))
            again = self.api.clock.now() + wait
            self.due[key] = min(again, self.due.get(key, again))
        return True

    def _look_again(self, key: Key, plan: Plan | None) -> None:
        self.due.pop(key, None)
        if plan is not None and plan.look_again_at is not None:
            self.due[key] = plan.look_again_at


def _parsed(path: str) -> tuple[Kind, str, str]:
    """Take a resource's path apart: kind, name, subresource."""
    parts = path.split(f"/namespaces/{NAMESPACE}/")[1].split("/")
    kind, name, subresource = (*parts, "", "")[:3]
    return cast("Kind", kind), name, subresource
