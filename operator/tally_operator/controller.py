"""The shell around the planner: event -> key -> observe -> plan -> carry out -> look again.

An event only says which ScheduledJob to look at. Workers take keys from one coalescing queue, so that each
ScheduledJob is worked by one at a time, and ask the planner with all that the store knows. What fails is tried again,
later each time.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from itertools import chain
from typing import Any

from tally_operator import names
from tally_operator.api import FAILURES, Api, backoff, described
from tally_operator.cluster import Cluster, StaleError
from tally_operator.config import Config
from tally_operator.health import HELD, SILENCE, Echo, Sign
from tally_operator.observed import Json, Key, key_of
from tally_operator.reconciler import Reconciler
from tally_operator.scrape import SCRAPE
from tally_operator.steps import Plan
from tally_operator.store import Store
from tally_operator.watching import Follower
from tally_operator.workqueue import WorkQueue

_FIRST_RETRY = 0.2  # seconds; doubled with each failure in a row
_LAST_RETRY = 60.0  # seconds
_EVENTS_END = 0.5  # seconds for the events that wait when it stops; they are worth no more
_log = logging.getLogger(__name__)


class Controller:
    """Runs the operator's work in one event loop.

    Args:
        config: The installation's settings.
        api: The API server, as this process may write to it.
        failed: Called when a part of it ends that never should: the process must end, and be started anew.
    """

    def __init__(self, config: Config, api: Api, failed: Callable[[], None]) -> None:
        self._config = config
        self._failed = failed
        self._api = api
        self._store = Store()
        self._queue: WorkQueue[Key] = WorkQueue()
        self._failures: dict[Key, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._workers: list[asyncio.Task[None]] = []
        self._followers: list[Follower] = []
        self._echo: Echo[Key] = Echo()
        self._relist = asyncio.Event()
        self._cluster: Cluster | None = None
        self._reconciler: Reconciler | None = None

    async def start(self) -> None:
        """Learn what there is, then begin to work: never on half a picture."""
        self._followers = [
            self._follower(path, kind) for kind in ("cronjobs", "jobs") for path in self._paths("batch/v1", kind)
        ]
        for follower in self._followers:
            self._spawn(follower.run(), "follow")
        await self._list_scheduled_jobs()
        for follower in self._followers:
            await follower.listed.wait()
        self._cluster = Cluster(self._api, self._store)
        self._spawn(self._cluster.recorder.run(), "events")
        self._reconciler = Reconciler(
            self._store,
            self._cluster,
            self._api.clock,
            self._config.defaults,
            watching_since=self._api.clock.now(),
        )
        self._spawn(self._relisten(), "relist")
        for number in range(self._config.workers):
            self._workers.append(self._spawn(self._work(self._reconciler), f"worker {number}"))
        SCRAPE.show(self._store, self._queue)
        _log.info("Watching %d ScheduledJobs", len(self._store.keys()))

    async def stop(self, seconds: float) -> None:
        """Take on no more work, finish what is at hand, and end.

        Args:
            seconds: After so many the rest is cut off between two writes; the next start goes on from there. At 0
                everything is cut off.
        """
        for task in self._tasks:
            task.remove_done_callback(self._ended)
        self._queue.close()
        if self._cluster is not None and seconds > 0:
            await asyncio.wait(self._workers, timeout=seconds)
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVENTS_END):
                    await self._cluster.recorder.flush()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def signs(self, now: float) -> list[Sign]:
        """Tell what shows whether a part of it is stuck; `now` is the loop's time."""
        key, held = self._queue.held(now)
        self._echo.keep(self._store.keys())
        return [
            *(
                Sign(f"the watch of {each.path} has been silent", each.silence(now), SILENCE)
                for each in self._followers
            ),
            Sign("kopf has not told what was written", self._echo.waiting(now), SILENCE),
            Sign(f"{key and '/'.join(key)} has been worked on", held, HELD),
            Sign("no worker has taken what is to be done", self._queue.standing(now), HELD),
        ]

    def seen(self, type_: str | None, body: Json) -> None:
        """Take in what kopf's watch says of a ScheduledJob.

        Args:
            type_: ADDED, MODIFIED, DELETED; None for an object of a listing.
            body: The ScheduledJob.
        """
        key = key_of(body)
        self._echo.hear(key, int(body["metadata"]["resourceVersion"]))
        if type_ == "DELETED":
            self._changed(self._store.drop_scheduled_job(body))
            if self._store.version(key) is None:  # else another of its name has come before this news
                self._echo.forget(key)
            return
        if type_ is None:
            self._relist.set()
        self._changed(self._store.put_scheduled_job(body))

    def _changed(self, keys: set[Key]) -> None:
        for key in keys:
            self._queue.add(key)

    def _follower(self, path: str, kind: str) -> Follower:
        jobs = kind == "jobs"
        return Follower(
            self._api,
            path,
            {"labelSelector": names.LABEL_OWNER},
            sync=self._sync_jobs if jobs else self._store.sync_cronjobs,
            put=self._store.put_job if jobs else self._store.put_cronjob,
            drop=self._store.drop_job if jobs else self._store.drop_cronjob,
            changed=self._changed,
        )

    def _sync_jobs(self, bodies: Iterable[Json], version: int) -> set[Key]:
        # What came and went before this listing was not seen.
        if self._reconciler is not None:
            self._reconciler.watching_since = self._api.clock.now()
        return self._store.sync_jobs(bodies, version)

    async def _list_scheduled_jobs(self) -> None:
        failures = 0
        while True:
            try:
                paths = self._paths(names.API_VERSION, names.PLURAL)
                listings = [await self._api.list(path) for path in paths]
                bodies = chain.from_iterable(listed for listed, _ in listings)
                self._changed(self._store.sync_scheduled_jobs(bodies, min(int(version) for _, version in listings)))
                return
            except FAILURES as error:
                failures += 1
                await backoff(failures, error)

    async def _relisten(self) -> None:
        """Find what was deleted while kopf's watch was cut: a new listing of kopf's does not tell."""
        while True:
            await self._relist.wait()
            await asyncio.sleep(1)  # a listing comes object by object
            self._relist.clear()
            await self._list_scheduled_jobs()

    def _paths(self, version: str, kind: str) -> list[str]:
        namespaces = self._config.namespaces
        return [f"/apis/{version}/namespaces/{name}/{kind}" for name in namespaces] or [f"/apis/{version}/{kind}"]

    async def _work(self, reconciler: Reconciler) -> None:
        while (key := await self._queue.get()) is not None:
            try:
                self._look_again(key, await reconciler.reconcile(key))
                self._failures.pop(key, None)
                self._expect_echo(key)
            except StaleError as error:
                _log.info("%s/%s: has changed meanwhile (%s)", *key, error)
                self._retry(key)
            except FAILURES as error:
                _log.warning("%s/%s: %s", *key, described(error))
                self._retry(key)
            except Exception:  # noqa: BLE001 (a broken object may fail in any way)
                # One broken object must not take the others down.
                _log.exception("%s/%s: this should not happen", *key)
                self._retry(key)
            finally:
                self._queue.done(key)

    def _retry(self, key: Key) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        self._queue.add_after(key, min(_FIRST_RETRY * 2.0 ** min(failures - 1, 20), _LAST_RETRY))

    def _look_again(self, key: Key, plan: Plan | None) -> None:
        if plan is None:
            return
        self._queue.forget_delay(key)
        if plan.look_again_at is not None:
            self._queue.add_after(key, (plan.look_again_at - self._api.clock.now()).total_seconds())

    def _expect_echo(self, key: Key) -> None:
        version = self._store.version(key)
        if version is not None:
            self._echo.expect(key, version, asyncio.get_running_loop().time())

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            _log.critical("%s has ended", task.get_name(), exc_info=task.exception())
        self._failed()
