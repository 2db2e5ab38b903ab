"""The life of one operator process: it answers probes, stands by until it leads, works, and stops well.

It ends for one of three reasons: it was told to, it does not lead any more, or a part of it has failed. In the first
case what is at hand is finished, and the Lease given back so that another process goes on within a second. In the
others it ends at once, and Kubernetes starts it anew.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

from tally_operator import health, metrics, scheduledjobs
from tally_operator.api import Api
from tally_operator.config import Config
from tally_operator.controller import Controller
from tally_operator.election import Election, LeaderApi, LostError
from tally_operator.health import SILENCE, Sign
from tally_operator.leader import Candidate
from tally_operator.server import Server

STOPPED, FAILED, LOST = 0, 1, 3  # exit codes
_CONNECTIONS = 50
# Seconds for what is at hand, for a claim of the Lease to be answered, and for kopf's watch to end; and for all of the
# end, after which nothing is waited for.
_DRAIN = 2.5
_CLAIM_END = 0.5
_WATCH_END = 0.5
_ALL = 4.5
_log = logging.getLogger(__name__)


class Process:
    """Runs once, in the event loop that it is made in.

    Args:
        config: The installation's settings.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._election: Election | None = None
        self._controller: Controller | None = None
        self._started = False
        self._end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._stop_watching = asyncio.Event()

    async def run(self) -> int:
        """Live.

        Returns:
            The exit code: STOPPED, FAILED or LOST.

        Raises:
            OSError: The port is taken.
        """
        self._take_signals()
        async with AsyncExitStack() as stack:
            stack.enter_context(Server(self._config.port, self._alive, self._ready))
            if self._config.candidacy is not None:
                me = f"{self._config.candidacy.pod}_{uuid4().hex[:8]}"
                api = await stack.enter_async_context(Api(_CONNECTIONS))
                self._election = Election(api, self._config.candidacy.namespace, Candidate(me=me))
            standing = self._spawn(self._stand(), "The election")
            working = self._spawn(self._work(stack), "The operator's work")
            code = await self._end
            last = asyncio.get_running_loop().call_later(_ALL, os._exit, code)
            stack.callback(last.cancel)
            await self._leave(standing, working, _DRAIN if code == STOPPED else 0)
        return code

    async def _leave(self, standing: "asyncio.Task[None]", working: "asyncio.Task[None]", drain: float) -> None:
        """Finish what is at hand, give the Lease back, and only then wait for what writes nothing."""
        metrics.leading.set(0)
        logging.getLogger("kopf").setLevel(logging.CRITICAL)  # that its requests are cut off is no news
        self._stop_watching.set()
        if not self._started:
            await _cancelled(working)
        if self._controller is not None:
            await self._controller.stop(drain)
        if self._election is not None:
            self._election.end()
            await asyncio.wait([standing], timeout=_CLAIM_END)
        await _cancelled(standing)
        if self._election is not None:
            await self._election.release()
        await asyncio.wait([working], timeout=_WATCH_END)
        await _cancelled(working)

    async def _stand(self) -> None:
        """Hold the Lease, where there is one to hold."""
        if self._election is None:
            return
        try:
            await self._election.run()
        except LostError as error:
            self._ends(LOST, f"This operator does not lead any more: {error}.")

    async def _work(self, stack: AsyncExitStack) -> None:
        api = Api(_CONNECTIONS)
        if self._election is not None:
            await self._election.elected.wait()
            api = LeaderApi(_CONNECTIONS, self._election.leads_until)
        await stack.enter_async_context(api)
        metrics.leading.set(1)
        self._controller = Controller(
            self._config, api, lambda: self._ends(FAILED, "A part of the operator has ended.")
        )
        await self._controller.start()
        self._started = True
        await scheduledjobs.watch(
            self._config.namespaces, self._controller.seen, self._stop_watching, self._take_signals
        )
        self._ends(FAILED, "kopf has ended.")

    def _alive(self) -> str | None:
        now = asyncio.get_running_loop().time()
        signs: list[Sign] = []
        if self._election is not None and not self._election.elected.is_set():
            silence = self._election.follower.silence(now)
            signs.append(Sign("the watch of the Lease has been silent", silence, SILENCE))
        if self._controller is not None:
            signs += self._controller.signs(now)
        return health.stuck(signs)

    def _ready(self) -> str | None:
        """Tell whether it works, or stands by and could take over."""
        if self._end.done():
            return "it is about to end"
        if self._election is not None and not self._election.elected.is_set():
            return None if self._election.follower.listed.is_set() else "the Lease has not been read yet"
        return None if self._started else "what there is has not been listed yet"

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ends, STOPPED, f"{number.name}: finishing what is at hand.")

    def _ends(self, code: int, why: str) -> None:
        if not self._end.done():
            _log.log(logging.INFO if code == STOPPED else logging.CRITICAL, "%s The exit code will be %d.", why, code)
            self._end.set_result(code)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        def ended(task: "asyncio.Task[None]") -> None:
            if not task.cancelled() and task.exception() is not None:
                _log.critical("%s has failed", name, exc_info=task.exception())
                self._ends(FAILED, f"{name} has failed.")

        task = asyncio.create_task(work, name=name)
        task.add_done_callback(ended)
        return task


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
