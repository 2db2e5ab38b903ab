"""A follower: lists, then watches from there, and lists anew only when the API server has forgotten where it was."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

import pytest
from tally_operator import watching
from tally_operator.api import Api, ApiError
from tally_operator.observed import Json, Key
from tally_operator.watching import Follower

KEY = Key("shop", "sync")


def event(type_: str, version: int) -> tuple[str, dict[str, Any]]:
    return type_, {"metadata": {"resourceVersion": str(version)}}


class Script:
    """Stands in for the API: each listing and watch plays the next part of a script."""

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401 (a listing's version, a watch's events, an error)
        self.parts = list(parts)
        self.asked: list[str] = []
        self.over = asyncio.Event()

    async def list(self, path: str, query: Json) -> tuple[list[dict[str, Any]], str]:
        assert (path, query) == ("/jobs", {"labelSelector": "mine"})
        self.asked.append("list")
        part = await self._next()
        if isinstance(part, Exception):
            raise part
        return [{"metadata": {"resourceVersion": str(part)}}], str(part)

    async def watch(self, path: str, query: Json) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        assert (path, query["labelSelector"]) == ("/jobs", "mine")
        self.asked.append(f"watch from {query['resourceVersion']}")
        for part in await self._next():
            if isinstance(part, Exception):
                raise part
            yield part

    async def _next(self) -> Any:  # noqa: ANN401 (a part)
        if not self.parts:
            self.over.set()
            await asyncio.Event().wait()
        return self.parts.pop(0)


async def followed(
    monkeypatch: pytest.MonkeyPatch,
    *parts: Any,  # noqa: ANN401
    script: type[Script] = Script,
) -> tuple[Script, list[str], Follower]:
    """Follow until the script is over; give what was asked and what was told."""
    told: list[str] = []
    played = script(*parts)

    def sync(bodies: Iterable[Json], _version: int) -> set[Key]:
        told.append(f"sync {len(list(bodies))}")
        return {KEY}

    def note(what: str) -> Any:  # noqa: ANN401 (a callback)
        def take(body: Json) -> set[Key]:
            told.append(f"{what} {body['metadata']['resourceVersion']}")
            return {KEY}

        return take

    async def at_once(attempt: int, error: Exception) -> None:
        told.append(f"try {attempt} failed: {error}")

    monkeypatch.setattr(watching, "backoff", at_once)
    changed: list[set[Key]] = []
    api = cast("Api", played)
    follower = Follower(
        api, "/jobs", {"labelSelector": "mine"}, sync=sync, put=note("put"), drop=note("drop"), changed=changed.append
    )
    running = asyncio.ensure_future(follower.run())
    async with asyncio.timeout(10):
        await played.over.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(changed) == sum(not each.startswith("try") for each in told), "each change is passed on"
    return played, told, follower


async def test_lists_once_and_watches_on_from_the_last_version(monkeypatch: pytest.MonkeyPatch) -> None:
    first = [event("ADDED", 11), event("MODIFIED", 12), event("DELETED", 13), event("BOOKMARK", 20)]
    script, told, follower = await followed(monkeypatch, 10, first, [event("ADDED", 21)], [])
    assert script.asked == ["list", "watch from 10", "watch from 20", "watch from 21", "watch from 21"]
    assert told == ["sync 1", "put 11", "put 12", "drop 13", "put 21"]
    assert follower.listed.is_set()
    assert follower.listings == 1


async def test_lists_anew_when_the_api_server_has_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = ApiError(410, "Expired", "too old")
    script, told, _ = await followed(monkeypatch, 10, [event("ADDED", 11), gone], 30, [])
    assert script.asked == ["list", "watch from 10", "list", "watch from 30", "watch from 30"]
    assert told == ["sync 1", "put 11", "sync 1"]


async def test_a_watch_that_breaks_goes_on_from_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [event("ADDED", 11), OSError("cut")]
    script, told, _ = await followed(monkeypatch, 10, broken, [TimeoutError()], [event("ADDED", 12)], [OSError("cut")])
    assert script.asked == ["list", *(f"watch from {version}" for version in (10, 11, 11, 12, 12))]
    assert told == ["sync 1", "put 11", "try 1 failed: cut", "try 2 failed: ", "put 12", "try 1 failed: cut"]


async def test_it_is_not_listed_before_a_listing_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    down = ApiError(503, "", "starting")
    script, told, follower = await followed(monkeypatch, down, OSError("no route"))
    assert script.asked == ["list", "list", "list"]
    assert told == ["try 1 failed: 503 : starting", "try 2 failed: no route"]
    assert not follower.listed.is_set()


async def test_a_watch_that_falls_silent_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "QUIET_SECONDS", 0.05)

    class Silent(Script):
        async def watch(self, path: str, query: Json) -> AsyncIterator[tuple[str, dict[str, Any]]]:
            async for each in super().watch(path, query):
                yield each
            await asyncio.Event().wait()

    script, told, _ = await followed(monkeypatch, 10, [event("ADDED", 11)], [event("ADDED", 12)], script=Silent)
    assert script.asked == ["list", "watch from 10", "watch from 11", "watch from 12"]
    assert told == ["sync 1", "put 11", "try 1 failed: ", "put 12", "try 2 failed: "]


@pytest.mark.parametrize("sign", [event("ADDED", 11), event("BOOKMARK", 11), OSError("no route")])
async def test_news_bookmarks_and_failures_are_signs_of_life(monkeypatch: pytest.MonkeyPatch, sign: Any) -> None:  # noqa: ANN401
    now = 1000.0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)

    class Late(Script):
        async def watch(self, path: str, query: Json) -> AsyncIterator[tuple[str, dict[str, Any]]]:
            nonlocal now
            async for each in super().watch(path, query):
                now += 100
                if isinstance(sign, Exception):
                    raise sign
                yield each
            await self._next()

    _, _, follower = await followed(monkeypatch, 10, [event("ADDED", 11)], script=Late)
    assert follower.silence(now + 7) == 7
