"""Events are posted beside the work: repeated ones in one object, and never more than the API server should bear."""

import asyncio
import gc
import weakref
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from tally_operator import recorder
from tally_operator.api import Api, ApiError
from tally_operator.metrics import REGISTRY
from tally_operator.recorder import Recorder
from tally_operator.steps import Emit

from tests.unit.operator.world import UID, scheduled_job, spec

FAILED = Emit(type="Warning", reason="ExecutionFailed", message="A run has failed.")
OTHERWISE = Emit(type="Warning", reason="ExecutionFailed", message="A run has failed: no stock")
TAKEN = Emit(type="Warning", reason="NameTaken", message="The name is taken.")
EVENTS = "/apis/events.k8s.io/v1/namespaces/shop/events"
SYNC = scheduled_job(spec())
OTHER = scheduled_job(spec(), uid="scheduled-job-2")


@dataclass
class Requests:
    """Stands in for the API: notes what is asked, and answers with an error if it is told to."""

    error: Exception | None = None
    made: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    @property
    def clock(self) -> "Requests":
        return self

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 12, 0, len(self.made), tzinfo=UTC)

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._answer("create", path, body)

    async def merge(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._answer("merge", path, body)

    def _answer(self, verb: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.made.append((verb, path, body))
        if self.error:
            raise self.error
        return {"metadata": {"name": f"event-{len(self.made)}"}}

    @property
    def told(self) -> list[tuple[str, int]]:
        """The verbs, each with the count that the Event then has."""
        return [(verb, body.get("series", {}).get("count", 1)) for verb, _, body in self.made]


class Desk:
    """A recorder at work, with a stopwatch that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.requests = Requests()
        self.recorder = Recorder(cast("Api", self.requests), lambda: self.seconds)

    async def record(self, *emits: Emit, about: Any = SYNC) -> None:  # noqa: ANN401 (a ScheduledJob)
        """Record some events at once, and wait until what is to be posted has been."""
        for emit in emits:
            self.recorder.record(about, emit)
        await self.posted()

    async def posted(self) -> None:
        task = asyncio.create_task(self.recorder.run())
        await self.recorder.flush()
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(recorder, "PAUSE_SECONDS", 0)
    return Desk()


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("tally_events_total", {"result": result}) or 0


async def test_an_event_says_what_and_about_whom(desk: Desk) -> None:
    await desk.record(TAKEN)
    ((verb, path, body),) = desk.requests.made
    assert (verb, path) == ("create", EVENTS)
    assert (body["type"], body["reason"], body["note"]) == ("Warning", "NameTaken", "The name is taken.")
    assert body["regarding"] == {
        "apiVersion": "tally.dev/v1",
        "kind": "ScheduledJob",
        "namespace": "shop",
        "name": "sync",
        "uid": UID,
    }
    assert body["eventTime"] == "2026-01-05T12:00:00.000000Z"


async def test_what_is_remembered_of_an_event_holds_no_scheduled_job(desk: Desk) -> None:
    about = scheduled_job(spec())
    held = weakref.ref(about)
    await desk.record(TAKEN, about=about)
    del about
    gc.collect()
    assert held() is None
    await desk.record(TAKEN)
    assert desk.requests.told == [("create", 1), ("merge", 2)]  # it is remembered


async def test_a_note_is_cut_to_what_the_api_takes(desk: Desk) -> None:
    await desk.record(Emit(type="Normal", reason="Scheduled", message="ä" * 1000))
    note = desk.requests.made[0][2]["note"]
    assert note == "ä" * 512


async def test_a_repeated_event_raises_the_count_of_the_first(desk: Desk) -> None:
    for _ in range(3):
        await desk.record(FAILED)
    assert desk.requests.told == [("create", 1), ("merge", 2), ("merge", 3)]
    assert desk.requests.made[1][1] == f"{EVENTS}/event-1"
    assert desk.requests.made[1][2]["series"]["lastObservedTime"] == "2026-01-05T12:00:01.000000Z"


async def test_what_repeats_itself_before_it_is_posted_is_posted_once(desk: Desk) -> None:
    before = counted("merged")
    await desk.record(FAILED, FAILED, FAILED)
    assert desk.requests.told == [("create", 3)]
    assert counted("merged") - before == 2


async def test_another_text_is_another_event(desk: Desk) -> None:
    await desk.record(FAILED, OTHERWISE, TAKEN)
    assert [body["note"] for _, _, body in desk.requests.made] == [FAILED.message, OTHERWISE.message, TAKEN.message]


async def test_after_a_few_one_is_posted_in_ten_minutes_and_tells_of_all(desk: Desk) -> None:
    for _ in range(60):  # as a job that fails every minute
        await desk.record(FAILED)
        desk.seconds += 60
    counts = [count for _, count in desk.requests.told]
    assert counts[: recorder.BURST] == [1, 2, 3]
    assert len(counts) == recorder.BURST + 6 - 1
    assert counts[-1] > 50


async def test_ever_new_texts_are_held_back_too(desk: Desk) -> None:
    before = counted("dropped")
    await desk.record(*(Emit(type="Warning", reason="ExecutionFailed", message=str(each)) for each in range(50)))
    assert len(desk.requests.made) == recorder.BURST
    assert counted("dropped") - before == 50 - recorder.BURST


async def test_one_that_talks_much_silences_no_other(desk: Desk) -> None:
    for _ in range(10):
        await desk.record(FAILED)
    await desk.record(FAILED, about=OTHER)
    assert desk.requests.made[-1][2]["regarding"]["uid"] == OTHER.uid


async def test_an_event_that_has_expired_is_begun_anew(desk: Desk) -> None:
    await desk.record(FAILED)
    desk.requests.error = ApiError(404, "NotFound", "x")
    await desk.record(FAILED)
    desk.requests.error = None
    await desk.record(FAILED)
    assert [verb for verb, _, _ in desk.requests.made] == ["create", "merge", "create", "create"]


async def test_so_many_wait_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(recorder, "WAITING", 5)
    desk = Desk()
    for each in range(8):
        desk.recorder.record(scheduled_job(spec(), uid=f"uid-{each}"), TAKEN)
    await desk.posted()
    assert len(desk.requests.made) == 5


async def test_what_is_remembered_of_the_past_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "REMEMBERED", 2)
    for uid in ("uid-1", "uid-2", "uid-1", "uid-3", "uid-1"):
        await desk.record(TAKEN, about=scheduled_job(spec(), uid=uid))
    assert desk.requests.told == [("create", 1), ("create", 1), ("merge", 2), ("create", 1), ("merge", 3)]


@pytest.mark.parametrize("error", [ApiError(403, "Forbidden", "events are not for you"), TimeoutError(), KeyError("x")])
async def test_one_that_cannot_be_posted_is_said_once_and_stops_nothing(
    desk: Desk, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    before = counted("failed")
    desk.requests.error = error
    await desk.record(FAILED, TAKEN)
    desk.requests.error = None
    await desk.record(TAKEN)
    assert counted("failed") - before == 2
    assert len([each for each in caplog.records if each.levelname == "WARNING"]) == 1
    assert desk.requests.told[-1] == ("create", 2)
