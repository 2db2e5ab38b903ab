"""Answers /healthz, /readyz and /metrics from a thread of its own, so that it can tell when the event loop hangs."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from tally_operator.scrape import SCRAPE

LOOP_SECONDS = 2.0  # in which the event loop must answer; a probe should wait longer

T = TypeVar("T")
Check = Callable[[], str | None]  # what is wrong, in words; None when all is well


class ServerError(Exception):
    """A question could not be answered; the message says why."""


class Server:
    """Serves from entering to leaving.

    Args:
        port: Where, on all addresses.
        alive: Asked in the event loop that enters, for /healthz.
        ready: The same, for /readyz.
    """

    def __init__(self, port: int, alive: Check, ready: Check) -> None:
        self._port = port
        self._checks = {"/healthz": alive, "/readyz": ready}
        self._stopped: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._started: Future[None] = Future()

    def __enter__(self) -> Self:
        """Begin to serve.

        Raises:
            OSError: The port is taken.
        """
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        self._started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set_result(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._started.set_exception(error)

    async def _serve(self) -> None:
        app = web.Application()
        app.add_routes([web.get(path, self._probe) for path in self._checks])
        app.add_routes([web.get("/metrics", _metrics)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, port=self._port).start()
            self._started.set_result(None)
            await asyncio.wrap_future(self._stopped)
        finally:
            await runner.cleanup()

    async def _probe(self, request: web.Request) -> web.Response:
        try:
            wrong = await self._asked(self._checks[request.path])
        except ServerError as error:
            wrong = str(error)
        except Exception as error:  # noqa: BLE001 (what cannot be checked is not well)
            wrong = f"{type(error).__name__}: {error}"
        return web.Response(text=f"{wrong or 'ok'}\n", status=503 if wrong else 200)

    async def _asked(self, question: Callable[[], T]) -> T:
        """Ask in the event loop that entered."""
        answer: Future[T] = Future()

        def ask() -> None:
            try:
                answer.set_result(question())
            except Exception as error:  # noqa: BLE001 (told to whoever asked)
                answer.set_exception(error)

        try:
            self._loop.call_soon_threadsafe(ask)
            async with asyncio.timeout(LOOP_SECONDS):
                return await asyncio.wrap_future(answer)
        except TimeoutError:
            raise ServerError(f"the event loop has not answered for {LOOP_SECONDS:g} s") from None
        except RuntimeError as error:  # the loop is closed
            raise ServerError(str(error)) from error


async def _metrics(_: web.Request) -> web.Response:
    # Here and not in the loop, which ten thousand ScheduledJobs would hold up for a tenth of a second.
    return web.Response(body=SCRAPE.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})
