"""Takes part in the election: watches the Lease, writes it, tells when this process leads. The rules are leader.py's.

A standby watches the Lease and asks nothing else; a leader watches nothing and renews it every few seconds. Losing the
Lease is the end of a process: what it knows and what it has under way belong to nobody any more.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import aiohttp

from tally_operator import leader
from tally_operator.api import FAILURES, Api, ApiError, described
from tally_operator.leader import Candidate, Lost, Wait, Write
from tally_operator.observed import Json, Key
from tally_operator.watching import Follower

LEASE = "tally"
_RELEASE_SECONDS = 1.0
_log = logging.getLogger(__name__)


class LostError(Exception):
    """This process does not lead any more; the message says why."""


class NotLeadingError(aiohttp.ClientError):
    """A write was not sent, as another process may lead by now."""


class LeaderApi(Api):
    """A connection that writes only while this process leads.

    A process may be frozen at any point and go on minutes later. So each write looks anew, and one that has not got
    through by the end is given up: it might have to connect first.

    Args:
        connections: How many requests may be under way at once.
        until: Tells until when this process leads, by the loop's clock.
    """

    def __init__(self, connections: int, until: Callable[[], float]) -> None:
        super().__init__(connections)
        self._until = until

    async def _send(self, method: str, *rest: Any, **more: Any) -> aiohttp.ClientResponse:  # noqa: ANN401
        if method == "GET":
            return await super()._send(method, *rest, **more)
        until = self._until()
        if _now() >= until:
            raise NotLeadingError("the Lease may have passed to another operator")
        async with asyncio.timeout_at(until):
            return await super()._send(method, *rest, **more)


class Election:
    """One process's part in it.

    Args:
        api: The API server; a connection of its own, which the operator's work does not fill.
        namespace: Where the Lease is.
        candidate: The process.
    """

    def __init__(self, api: Api, namespace: str, candidate: Candidate) -> None:
        self._api = api
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._candidate = candidate
        self._news = asyncio.Event()
        self._holder: str | None = None
        self._unconfirmed = False  # whether the last claim that was sent may have gone through unheard
        self._ending = False
        self.elected = asyncio.Event()
        self.follower = Follower(
            api,
            self._path,
            {"fieldSelector": f"metadata.name={LEASE}"},
            sync=self._sync,
            put=self._put,
            drop=self._drop,
            changed=lambda _: None,
        )

    def leads(self) -> bool:
        """Tell whether this process leads at this moment."""
        return _now() < self.leads_until()

    def leads_until(self) -> float:
        """Tell until when this process leads, if it does not renew the Lease before; by the loop's clock."""
        return leader.leads_until(self._candidate)

    async def run(self) -> None:
        """Stand by until this process leads, and lead for as long as it can, or until `end` is called.

        Raises:
            LostError: It does not lead any more.
        """
        following = asyncio.create_task(self.follower.run(), name="follow the Lease")
        try:
            while not self._ending:
                await self._go_on()
                if self.leads() and not self.elected.is_set():
                    following.cancel()
                    _log.info("%s leads", self._candidate.me)
                    self.elected.set()
        finally:
            following.cancel()

    def end(self) -> None:
        """Claim no more. `run` ends when the claim under way is answered: cut off, it might go through afterwards."""
        self._ending = True
        self._news.set()

    async def release(self) -> None:
        """Let another lead at once; to be called when nothing is under way any more, and `run` has ended."""
        known = not self._unconfirmed
        if known and not self.leads():
            return
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                while not (known and await self._released()):
                    await self._look()  # a claim that was cut off went through
                    known = True
                    if not self._holds():
                        return
        except FAILURES as error:
            _log.warning("The Lease was not given back, another operator has to wait for it: %s", described(error))

    async def _go_on(self) -> None:
        match leader.decide(self._candidate, _now()):
            case Lost(why):
                raise LostError(why)
            case Write(seconds):
                await self._write(seconds)
            case Wait(until):
                self._news.clear()
                try:
                    async with asyncio.timeout_at(until if until < float("inf") else None):
                        await self._news.wait()
                except TimeoutError:
                    return

    async def _write(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._claim()
        except FAILURES as error:
            _log.warning("The Lease could not be written: %s", described(error))
        finally:
            self._candidate = leader.tried(self._candidate, _now())

    async def _claim(self) -> None:
        """Write the Lease; if it is not as it was seen, see how it is."""
        lease, sent_at = self._candidate.lease, _now()
        spec = leader.claim(self._candidate, datetime.now(UTC))
        self._unconfirmed = True
        try:
            body = await (self._create(spec) if lease is None else self._merge(lease, spec))
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            await self._look()
            return
        self._candidate = leader.wrote(self._candidate, leader.read(body), sent_at, _now())
        self._unconfirmed = not self.leads()

    async def _released(self) -> bool:
        lease = self._candidate.lease
        if lease is None:
            return True
        try:
            await self._merge(lease, leader.release(datetime.now(UTC)))
        except ApiError as error:
            if error.status == 409:
                return False
            raise
        _log.info("%s has given the Lease back", self._candidate.me)
        return True

    async def _create(self, spec: Json) -> Json:
        kind = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
        return await self._api.create(self._path, {**kind, "metadata": {"name": LEASE}, "spec": spec})

    async def _merge(self, lease: leader.Lease, spec: Json) -> Json:
        patch = {"metadata": {"resourceVersion": str(lease.version)}, "spec": spec}
        return await self._api.merge(f"{self._path}/{LEASE}", patch)

    async def _look(self) -> None:
        bodies, version = await self._api.list(self._path, {"fieldSelector": f"metadata.name={LEASE}"})
        self._sync(bodies, int(version))

    def _sync(self, bodies: Iterable[Json], version: int) -> set[Key]:
        found = [leader.read(body) for body in bodies]
        return self._saw(found[0], found[0].version) if found else self._saw(None, version)

    def _holds(self) -> bool:
        """Tell whether the Lease, as last seen, is this process's, whether or not it leads by it."""
        lease = self._candidate.lease
        return lease is not None and lease.holder == self._candidate.me

    def _put(self, body: Json) -> set[Key]:
        lease = leader.read(body)
        return self._saw(lease, lease.version)

    def _drop(self, body: Json) -> set[Key]:
        return self._saw(None, int(body["metadata"]["resourceVersion"]))

    def _saw(self, lease: leader.Lease | None, version: int) -> set[Key]:
        self._candidate = leader.saw(self._candidate, lease, version, _now())
        self._news.set()
        holder = self._candidate.lease.holder if self._candidate.lease else ""
        if holder != self._holder and holder != self._candidate.me:
            _log.info("%s stands by; %s leads", self._candidate.me, holder or "nobody")
        self._holder = holder
        return set()


def _now() -> float:
    return asyncio.get_running_loop().time()
