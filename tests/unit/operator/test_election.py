"""One process's part in the election, before a Lease that is held in memory and loses answers when told to.

The same before a real API server, with real processes: tests/integration/test_leading.py.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import aiohttp
import pytest
from tally_operator.api import Api, ApiError
from tally_operator.election import Election, LeaderApi, LostError, NotLeadingError
from tally_operator.leader import Candidate, Terms

QUICK = Terms(period=0.05, retry=0.02)  # but patient: a machine that is busy loses no Lease
HASTY = Terms(duration=1, deadline=0.5, period=0.05, retry=0.02)
PATH = "/apis/coordination.k8s.io/v1/namespaces/tally-system/leases"
SECONDS = 10.0  # in which anything happens


@dataclass
class Leases:
    """Stands in for the API: one Lease, or none."""

    lease: dict[str, Any] | None = None
    version: int = 10
    answers: list[Exception] = field(default_factory=list)  # raised instead of the next answers, the write being done
    refusals: list[Exception] = field(default_factory=list)  # raised instead of doing the next writes
    unheard: asyncio.Event | None = None  # until it is set, what is done is not answered
    writes: int = 0
    watchers: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert path == PATH
        self._refuse()
        if self.lease is not None:
            raise ApiError(409, "AlreadyExists", "it is there")
        return await self._answer(self.put(body["spec"]))

    async def merge(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert path == f"{PATH}/tally"
        self._refuse()
        if self.lease is None:
            raise ApiError(404, "NotFound", "it is not there")
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "it has changed")
        return await self._answer(self.put({**self.lease["spec"], **body["spec"]}))

    async def list(self, path: str, query: dict[str, str]) -> tuple[list[dict[str, Any]], str]:
        assert (path, query) == (PATH, {"fieldSelector": "metadata.name=tally"})
        return [self.lease] if self.lease else [], str(self.version)

    async def watch(self, path: str, query: dict[str, str]) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        assert (path, query["fieldSelector"]) == (PATH, "metadata.name=tally")
        known = int(query["resourceVersion"])
        self.watchers += 1
        try:
            while True:
                if self.version > known:
                    known = self.version
                    deleted = {"metadata": {"resourceVersion": str(known)}}
                    yield ("MODIFIED", self.lease) if self.lease else ("DELETED", deleted)
                self.changed.clear()
                await self.changed.wait()
        finally:
            self.watchers -= 1

    def put(self, spec: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.lease = {"metadata": {"resourceVersion": str(self.version)}, "spec": spec}
        self.changed.set()
        return self.lease

    @property
    def holder(self) -> str | None:
        return self.lease["spec"].get("holderIdentity") if self.lease else None

    def _refuse(self) -> None:
        self.writes += 1
        if self.refusals:
            raise self.refusals.pop(0)

    async def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.unheard is not None:
            await self.unheard.wait()
        if self.answers:
            raise self.answers.pop(0)
        return body


def other(leases: Leases, duration: int = 1) -> None:
    leases.put({"holderIdentity": "other", "leaseDurationSeconds": duration, "leaseTransitions": 4})


@asynccontextmanager
async def candidate(leases: Leases, terms: Terms = QUICK) -> AsyncIterator[tuple[Election, "asyncio.Task[None]"]]:
    election = Election(cast("Api", leases), "tally-system", Candidate(me="me", terms=terms))
    running = asyncio.create_task(election.run())
    try:
        async with asyncio.timeout(SECONDS):
            yield election, running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_makes_the_lease_and_renews_it() -> None:
    leases = Leases()
    async with candidate(leases) as (election, _):
        assert not election.leads()
        await election.elected.wait()
        assert election.leads()
        assert leases.holder == "me"
        await asyncio.sleep(0.01)
        assert leases.watchers == 0, "a leader has nothing to watch"
        made = leases.version
        while leases.version < made + 3:
            await leases.changed.wait()
            leases.changed.clear()
        assert election.leads()


async def test_a_standby_takes_over_at_once_what_is_released() -> None:
    leases = Leases()
    other(leases, duration=3600)
    async with candidate(leases) as (election, _):
        await election.follower.listed.wait()
        assert leases.writes == 0
        leases.put({"holderIdentity": None, "leaseTransitions": 4})
        await election.elected.wait()
        assert leases.lease is not None
        assert leases.lease["spec"]["leaseTransitions"] == 5


async def test_a_standby_takes_over_what_is_not_renewed_any_more() -> None:
    leases = Leases()
    other(leases, duration=1)
    async with candidate(leases) as (election, _):
        await election.elected.wait()
        assert leases.holder == "me"


async def test_another_ones_takeover_ends_it() -> None:
    leases = Leases()
    async with candidate(leases) as (election, running):
        await election.elected.wait()
        other(leases)
        with pytest.raises(LostError, match="other has taken it"):
            await running
        assert not election.leads()


async def test_a_server_that_is_away_ends_it() -> None:
    leases = Leases()
    async with candidate(leases, HASTY) as (election, running):
        await election.elected.wait()
        leases.refusals = [OSError("no route")] * 1000
        with pytest.raises(LostError, match=r"it could not be renewed for 0\.5 s"):
            await running
        assert not election.leads()


async def test_a_renewal_whose_answer_was_lost_is_found_and_renewed_again() -> None:
    leases = Leases()
    async with candidate(leases) as (election, _):
        await election.elected.wait()
        leases.answers = [TimeoutError()]
        made = leases.version
        while leases.version < made + 4:
            await leases.changed.wait()
            leases.changed.clear()
        assert election.leads()
        assert not leases.answers


async def test_a_stop_gives_the_lease_back_also_when_a_renewal_was_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    leases = Leases()
    async with candidate(leases) as (election, running):
        await election.elected.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert leases.lease is not None
        leases.put(leases.lease["spec"])  # the renewal went through, its answer was not waited for
        await election.release()
        assert leases.holder is None
        assert "me has given the Lease back" in caplog.messages


async def test_a_stop_waits_for_the_answer_to_a_first_claim_and_gives_the_lease_back() -> None:
    leases = Leases(unheard=asyncio.Event())
    async with candidate(leases) as (election, running):
        while leases.holder != "me":
            await leases.changed.wait()
            leases.changed.clear()
        election.end()
        await asyncio.sleep(0.01)
        assert not running.done(), "it might go through when it is cut off"
        assert leases.unheard is not None
        leases.unheard.set()
        await running
        await election.release()
        assert leases.holder is None


async def test_a_stop_gives_the_lease_back_also_when_the_first_claim_was_cut_off() -> None:
    leases = Leases(unheard=asyncio.Event())
    async with candidate(leases) as (election, running):
        while leases.holder != "me":
            await leases.changed.wait()
            leases.changed.clear()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        leases.unheard = None
        await election.release()
        assert leases.holder is None


async def test_a_standby_stops_at_once_and_asks_nothing() -> None:
    leases = Leases()
    other(leases, duration=3600)
    async with candidate(leases) as (election, running):
        await election.follower.listed.wait()
        election.end()
        await running
        await election.release()
        assert (leases.holder, leases.writes) == ("other", 0)


async def test_a_stop_does_not_touch_what_another_holds() -> None:
    leases = Leases()
    async with candidate(leases) as (election, running):
        await election.elected.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        other(leases)
        await election.release()
        assert leases.holder == "other"


async def test_a_stop_does_not_fail_with_the_server(caplog: pytest.LogCaptureFixture) -> None:
    leases = Leases()
    async with candidate(leases) as (election, running):
        await election.elected.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        leases.refusals = [aiohttp.ClientConnectionError("gone")]
        await election.release()
        assert "The Lease was not given back, another operator has to wait for it: gone" in caplog.messages


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("create", ("/path", {"metadata": {}})),
        ("create", ("/path", {"metadata": {"name": "x"}})),
        ("merge", ("/path", {})),
        ("apply", ("/path", {})),
        ("delete", ("/path", "uid", "Orphan")),
    ],
)
async def test_no_write_is_sent_without_the_lease(method: str, arguments: tuple[Any, ...]) -> None:
    # It is not connected: what passes the check fails otherwise.
    api = LeaderApi(1, lambda: asyncio.get_running_loop().time())
    with pytest.raises(NotLeadingError):
        await getattr(api, method)(*arguments)


async def test_reading_needs_no_lease() -> None:
    with pytest.raises(AssertionError, match="entered"):
        await LeaderApi(1, lambda: 0).get("/path")


async def test_a_write_that_has_not_got_through_is_given_up_when_the_lease_may_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def connects_for_ever(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Api, "_send", connects_for_ever)
    loop = asyncio.get_running_loop()
    end = loop.time() + 0.05
    with pytest.raises(TimeoutError):
        await LeaderApi(1, lambda: end).merge("/path", {})
    assert loop.time() >= end
