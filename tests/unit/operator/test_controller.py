"""The controller's life: what it tells when a part of it is stuck, and how it stops."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sized
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from tally_operator import controller, health, names, observed, store
from tally_operator.api import Api, ServerClock
from tally_operator.config import Config
from tally_operator.controller import Controller
from tally_operator.observed import Key
from tally_operator.render import Defaults
from tally_operator.steps import Emit, Plan

SECONDS = 10.0  # in which anything happens


class SilentApi:
    """Stands in for the API: there is nothing, and nothing is ever told."""

    def __init__(self) -> None:
        self.clock = ServerClock()
        self.events: list[str] = []

    async def create(self, _path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.events.append(body["reason"])
        return {"metadata": {"name": "sync.1"}}

    async def list(self, _path: str, _query: object = None) -> tuple[list[dict[str, Any]], str]:
        return [], "7"

    async def watch(self, _path: str, _query: object) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        await asyncio.Event().wait()
        yield "", {}


class Work:
    """Stands in for the reconciler: each look waits until it may end."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[Key] = asyncio.Queue()
        self.ended: list[Key] = []
        self.twice = asyncio.Event()
        self.may_end = asyncio.Event()
        self.watching_since = ServerClock().now()

    async def reconcile(self, key: Key) -> Plan | None:
        self.begun.put_nowait(key)
        await self.may_end.wait()
        self.ended.append(key)
        if len(self.ended) == 2:
            self.twice.set()
        return None


def scheduled_job(name: str, version: int = 10, *, uid: str = "") -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": uid or f"uid-{name}",
        "resourceVersion": str(version),
        "generation": 1,
        "creationTimestamp": "2026-11-25T00:00:00Z",
    }
    return {"metadata": metadata, "spec": {"name": name, "schedule": "* * * * *"}}


def owned(name: str, kind: str, version: int = 10) -> dict[str, Any]:
    """Write a CronJob or a Job of a ScheduledJob."""
    body = scheduled_job(name, version, uid=f"{kind}-of-{name}")
    body["metadata"]["labels"] = {names.LABEL_OWNER: f"uid-{name}", names.LABEL_NAME: name}
    body["spec"] = {"schedule": "* * * * *", "jobTemplate": {"spec": {}}} if kind == "cronjob" else {}
    return body


@asynccontextmanager
async def running(
    monkeypatch: pytest.MonkeyPatch, failed: Callable[[], None] = lambda: None
) -> AsyncIterator[tuple[Controller, Work]]:
    work = Work()
    monkeypatch.setattr(controller, "Reconciler", lambda *_, **__: work)
    config = Config(defaults=Defaults(runner_image="runner:1"), workers=2)
    found = Controller(config, cast("Api", SilentApi()), failed)
    async with asyncio.timeout(SECONDS):
        await found.start()
        try:
            yield found, work
        finally:
            await found.stop(0)


def stuck(found: Controller, seconds: float) -> str:
    """Ask as a probe would in so many seconds."""
    return health.stuck(found.signs(asyncio.get_running_loop().time() + seconds)) or ""


async def test_all_is_well_while_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(monkeypatch) as (found, _):
        assert stuck(found, 400) == ""


async def test_a_watch_that_is_silent_for_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(monkeypatch) as (found, _):
        told = stuck(found, 430)
        assert "the watch of /apis/batch/v1/jobs has been silent for 430 s; at most 420 s are normal" in told
        assert "the watch of /apis/batch/v1/cronjobs has been silent" in told


async def test_a_key_that_a_worker_does_not_give_back_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(monkeypatch) as (found, work):
        found.seen("ADDED", scheduled_job("sync"))
        await work.begun.get()
        assert "worked on" not in stuck(found, 590)
        assert "shop/sync has been worked on for 610 s; at most 600 s are normal" in stuck(found, 610)


async def test_a_queue_that_nobody_takes_from_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(monkeypatch) as (found, work):
        for name in ("one", "two", "three"):
            found.seen("ADDED", scheduled_job(name))
        for _ in range(2):
            await work.begun.get()
        assert "no worker has taken what is to be done for 610 s; at most 600 s are normal" in stuck(found, 610)


async def test_kopf_must_tell_what_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(monkeypatch) as (found, work):
        work.may_end.set()
        found.seen("ADDED", scheduled_job("sync", 10))
        await work.begun.get()
        # The answer to a write of ours told a later version.
        found._changed(found._store.put_scheduled_job(scheduled_job("sync", 11)))
        await work.begun.get()
        await work.twice.wait()
        assert "kopf has not told what was written for 430 s" in stuck(found, 430)
        found.seen("MODIFIED", scheduled_job("sync", 11))
        assert "kopf" not in stuck(found, 430)


async def test_the_late_news_of_the_end_of_an_older_one_makes_nobody_wait_for_the_newer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(monkeypatch) as (found, work):
        work.may_end.set()
        found.seen("ADDED", scheduled_job("sync", 10))
        found.seen("ADDED", scheduled_job("sync", 12, uid="another"))
        found.seen("DELETED", scheduled_job("sync", 11))
        await work.begun.get()
        await asyncio.sleep(0)
        assert "kopf" not in stuck(found, 430)


async def test_nothing_is_kept_of_what_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_REMEMBERED", 10)
    async with running(monkeypatch) as (found, work):
        work.may_end.set()

        async def came_and_went(number: int) -> int:
            name = f"sync-{number}"
            found.seen("ADDED", scheduled_job(name))
            found._store.put_cronjob(owned(name, "cronjob"))
            found._store.put_job(owned(name, "job"))
            await work.begun.get()
            found.seen("DELETED", scheduled_job(name, 11))
            found._store.put_job(owned(name, "job", 12))
            found._store.drop_job(owned(name, "job", 13))
            found._store.drop_cronjob(owned(name, "cronjob", 14))
            await work.begun.get()
            work.ended.clear()
            return _held(found)

        held = [await came_and_went(number) for number in range(40)]
        assert held[-1] == held[20], held


def _held(found: Controller) -> int:
    parts = (found, found._store, found._echo, found._queue)
    return sum(len(each) for part in parts for each in vars(part).values() if isinstance(each, Sized))


async def test_a_stop_finishes_what_is_at_hand_and_begins_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(monkeypatch) as (found, work):
        for name in ("one", "two", "three"):
            found.seen("ADDED", scheduled_job(name))
        begun = {await work.begun.get(), await work.begun.get()}
        stopping = asyncio.create_task(found.stop(SECONDS))
        await asyncio.sleep(0)
        work.may_end.set()
        await stopping
        assert set(work.ended) == begun
        assert work.begun.empty()


async def test_a_stop_posts_the_events_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "_EVENTS_END", SECONDS)
    async with running(monkeypatch) as (found, work):
        work.may_end.set()
        body = scheduled_job("sync")
        assert found._cluster is not None
        for reason in ("MissedSchedule", "ExecutionFailed", "LimitReached"):
            emit = Emit(type="Normal", reason=reason, message="It is so.")
            found._cluster.recorder.record(observed.scheduled_job(body), emit)
        await found.stop(SECONDS)
        assert cast("SilentApi", found._api).events == ["MissedSchedule", "ExecutionFailed", "LimitReached"]


async def test_a_stop_cuts_off_what_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(monkeypatch) as (found, work):
        found.seen("ADDED", scheduled_job("one"))
        await work.begun.get()
        await found.stop(0.01)
        assert work.ended == []


async def test_a_part_that_ends_by_itself_is_told_and_a_stop_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    told: asyncio.Queue[bool] = asyncio.Queue()
    async with running(monkeypatch, lambda: told.put_nowait(True)) as (found, _):
        found._workers[0].cancel()
        await told.get()
        await found.stop(SECONDS)
    assert told.empty()
