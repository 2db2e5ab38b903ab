"""The API server's time, told from its answers."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio import client
from tally_operator import api
from tally_operator.api import Api, ApiError, ServerClock

from tests.unit.operator.world import at

WATCHES = 150  # more than any client's own limit


class Stopwatch:
    """Seconds of this machine, in our hands."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def date(moment: datetime) -> str:
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    ("case", "answers", "now"),
    [
        # Each answer: what the server's clock says, cut off to the second, and our stopwatch at that moment.
        ("just as late", [("12:00:00", 0)], "12:00:00"),
        ("cut off to the second", [("12:00:00", 0.9)], "11:59:59.100000"),
        ("the best answer counts", [("12:00:00", 0.9), ("12:00:02", 2.05)], "11:59:59.950000"),
        ("a worse one later", [("12:00:02", 2.05), ("12:00:03", 3.9)], "11:59:59.950000"),
        ("its clock was set back", [("12:05:00", 0), ("12:00:01", 1)], "12:00:00"),
        ("its clock was set forward", [("12:00:00", 0), ("12:30:01", 1)], "12:30:00"),
    ],
)
def test_the_servers_time_is_never_ahead_of_it(case: str, answers: list[tuple[str, float]], now: str) -> None:
    stopwatch = Stopwatch()
    clock = ServerClock(stopwatch)
    for said, stopwatch.seconds in answers:
        clock.learn(date(at(said)))
    stopwatch.seconds = 0
    assert clock.now() == at(now), case


def test_a_set_clock_of_this_machine_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Set:
        @staticmethod
        def now(tz: object) -> datetime:
            assert tz is UTC
            return at("12:10")

    clock = ServerClock(Stopwatch())
    clock.learn(date(at("12:00")))
    monkeypatch.setattr(api, "datetime", Set)
    assert clock.now() == at("12:00")


@pytest.mark.parametrize("said", [None, "", "yesterday", "2026-01-05"])
def test_an_answer_without_a_date_teaches_nothing(said: str | None) -> None:
    stopwatch = Stopwatch()
    clock = ServerClock(stopwatch)
    clock.learn(date(at("12:00")))
    stopwatch.seconds = 3
    clock.learn(said)
    assert clock.now() == at("12:00:03")


def test_never_ahead_whatever_the_moments() -> None:
    stopwatch = Stopwatch()
    clock = ServerClock(stopwatch)
    for milliseconds in range(0, 20_000, 370):
        stopwatch.seconds = milliseconds / 1000
        theirs = at("12:00") + timedelta(milliseconds=milliseconds + 3_700)
        clock.learn(date(theirs))
        assert theirs - timedelta(seconds=1) <= clock.now() <= theirs
    assert theirs - clock.now() < timedelta(milliseconds=100), "it has learnt"


class Follow:
    """A real server whose watches never end and which says how many requests it had at once."""

    def __init__(self) -> None:
        self.watches = 0
        self.at_once = 0
        self.most = 0
        self.all_watch = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            response = web.StreamResponse()
            await response.prepare(request)
            self.watches += 1
            if self.watches == WATCHES:
                self.all_watch.set()
            await asyncio.sleep(3600)
            return response
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        return web.json_response({"items": [], "metadata": {"resourceVersion": "1"}})


async def test_watches_however_many_leave_connections_for_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a watch for each namespace and kind, a limit of connections once let no listing through."""
    follow, application = Follow(), web.Application()
    application.router.add_get("/{path:.*}", follow.answer)
    async with TestServer(application) as server:

        async def configured() -> client.Configuration:
            return client.Configuration(host=str(server.make_url("")).rstrip("/"))

        monkeypatch.setattr(api, "configured", configured)
        async with Api(3) as connection:
            watching = [asyncio.create_task(_watched(connection)) for _ in range(WATCHES)]
            async with asyncio.timeout(30):
                await follow.all_watch.wait()
                await asyncio.gather(*(connection.list("/apis/batch/v1/jobs") for _ in range(20)))
            for each in watching:
                each.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
    assert 1 < follow.most <= 3


async def _watched(connection: Api) -> None:
    async for _ in connection.watch("/apis/batch/v1/jobs", {}):
        pass


def test_the_time_is_aware() -> None:
    assert ServerClock().now().tzinfo is UTC


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ApiError(409, "Conflict", "somebody else was first"), "409 Conflict: somebody else was first"),
        (TimeoutError(), "TimeoutError"),
        (OSError("no route"), "no route"),
    ],
)
def test_an_error_is_said_in_a_line(error: Exception, said: str) -> None:
    assert api.described(error) == said


@pytest.mark.parametrize("status", [200, 404, 409])
async def test_a_refused_deletion_is_no_deletion(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(*_: object) -> dict[str, object]:
        if status == 200:
            return {}
        raise ApiError(status, "", "x")

    connection = Api(connections=1)
    monkeypatch.setattr(connection, "_request", answer)
    if status == 409:  # else nobody would ask again for what was refused by chance
        with pytest.raises(ApiError):
            await connection.delete("/a/b", "uid", "Orphan")
    else:
        assert await connection.delete("/a/b", "uid", "Orphan") is (status == 200)
