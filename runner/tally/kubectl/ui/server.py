"""Serves the page on the loopback: each request is first looked at by `guard`; whatever blocks runs in a thread."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, tzinfo
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from tally.errors import InputError
from tally.kubectl import observed, reading
from tally.kubectl.cluster import Cluster
from tally.kubectl.errors import ClusterError, NotFoundError
from tally.kubectl.following import Chosen
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.resources import SCHEDULED_JOBS
from tally.kubectl.ui import acting, guard, logs
from tally.kubectl.ui.board import Board
from tally.kubectl.ui.following import Closed, Event, Listed, Lost, follow
from tally.kubectl.ui.pages import Pages, Place
from tally.kubectl.ui.sharing import Shared

ADDRESS = "127.0.0.1"
_STATIC = Path(__file__).parent / "static"
_TOGETHER_SECONDS = 0.2  # changes within are told as one
_REFRESH_SECONDS = 2.0
_ALIVE_SECONDS = 15.0  # a silent connection is told something that long after
_END_SECONDS = 1.0  # for tabs that are still connected
_TO_PLACE = {"namespace": r"[a-z0-9-]+", "name": r"[a-z0-9.-]+", "job": r"[a-z0-9.-]+"}
_JOB = f"/jobs/{{namespace:{_TO_PLACE['namespace']}}}/{{name:{_TO_PLACE['name']}}}"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """The page over one cluster.

    Args:
        cluster: Where.
        chosen: Which ScheduledJobs are shown.
        mine: The zone of whoever looks.
    """

    def __init__(self, cluster: Cluster, chosen: Chosen, mine: tzinfo) -> None:
        self.token = secrets.token_urlsafe(32)
        self._cluster = cluster
        self._chosen = chosen
        self._pages = Pages(Place(context=cluster.context, namespace=chosen.namespace, selector=chosen.selector), mine)
        self._board = Board(cluster.now, self._pages.row)
        self._first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._day = Shared(self._draw_day, lambda: self._board.serial)
        self._streams: set[asyncio.Task[object]] = set()

    def application(self) -> web.Application:
        """Make what answers requests; it follows the cluster as long as it runs."""
        application = web.Application(middlewares=[self._guarded, self._told])
        application.cleanup_ctx.append(self._following)
        application.on_shutdown.append(self._end_streams)
        application.add_routes(
            [
                web.get("/", self._overview),
                web.get("/day", self._timeline),
                web.get("/events", self._events),
                web.get(_JOB, self._job),
                web.get(f"{_JOB}/detail", self._detail),
                web.get(f"{_JOB}/logs/{{job:{_TO_PLACE['job']}}}", self._logs),
                web.post(f"{_JOB}/trigger", self._trigger),
                web.post(f"{_JOB}/{{what:suspend|resume}}", self._switch),
                web.static("/static", _STATIC),
            ]
        )
        return application

    async def _following(self, _: web.Application) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()

        def tell(event: Event) -> None:
            try:
                loop.call_soon_threadsafe(self._take, event)
            except RuntimeError as error:  # the loop is closed
                raise Closed from error

        follow(self._cluster, self._chosen, tell)
        await self._first
        refreshing = asyncio.create_task(self._refresh())
        yield
        refreshing.cancel()

    def _take(self, event: Event) -> None:
        self._board.take(event)
        if self._first.done():
            return
        if isinstance(event, Listed):
            self._first.set_result(None)
        elif isinstance(event, Lost):
            self._first.set_exception(event.error)

    @contextmanager
    def _streaming(self) -> Iterator[None]:
        """Go on until the tab, or the server, ends it."""
        task = asyncio.current_task()
        assert task is not None, "a handler is in one"
        self._streams.add(task)
        try:
            with suppress(ConnectionResetError):
                yield
        finally:
            self._streams.discard(task)

    async def _end_streams(self, _: web.Application) -> None:
        """Part from the tabs that are still there: they would never part from us."""
        for stream in self._streams:
            stream.cancel()

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(_REFRESH_SECONDS)
            self._board.refresh()

    # ---- who may ask --------------------------------------------------------------------------------------------

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await self._let_in(request, handler)
        except web.HTTPException as error:
            error.headers.update(guard.HEADERS)
            raise
        if not response.prepared:
            response.headers.update(guard.HEADERS)
        return response

    async def _let_in(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        port = _port(request)
        why = guard.stranger(request.method, request.headers, port)
        if why:
            return self._refused(why)
        given = request.query.get(guard.PARAMETER)
        if given is not None and request.method in guard.SAFE_METHODS and guard.is_token(given, self.token):
            # On to the address without the token, so that it stays out of the history.
            entered = web.HTTPSeeOther(request.path)
            entered.set_cookie(guard.cookie_name(port), self.token, path="/", httponly=True, samesite="Strict")
            raise entered
        if not guard.is_token(request.cookies.get(guard.cookie_name(port)), self.token):
            return self._refused("This page needs its token: open the address that kubectl tally ui has printed.")
        return await handler(request)

    def _refused(self, why: str) -> web.Response:
        return web.Response(text=self._pages.refused(why), content_type="text/html", status=HTTPStatus.FORBIDDEN)

    @web.middleware
    async def _told(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Say in words what the cluster refused."""
        try:
            return await handler(request)
        except (ClusterError, InputError) as error:
            status = HTTPStatus.BAD_REQUEST if isinstance(error, InputError) else HTTPStatus.BAD_GATEWAY
            status = HTTPStatus.NOT_FOUND if isinstance(error, NotFoundError) else status
            if request.headers.get("Sec-Fetch-Dest") == "document":
                return web.Response(text=self._pages.failed(str(error)), content_type="text/html", status=status)
            return web.Response(text=str(error), status=status)

    # ---- what is shown ------------------------------------------------------------------------------------------

    async def _overview(self, _: web.Request) -> web.Response:
        return _html(self._pages.overview(self._board, self._cluster.now()))

    async def _timeline(self, _: web.Request) -> web.Response:
        return _html(await self._day.get())

    async def _draw_day(self) -> str:
        jobs = [entry.row.job for entry in self._board.entries]
        return await asyncio.to_thread(self._pages.timeline, jobs, self._cluster.now())

    async def _job(self, request: web.Request) -> web.Response:
        job, detail, now = await asyncio.to_thread(self._read, request)
        return _html(self._pages.job(self._board, detail, job, now))

    async def _detail(self, request: web.Request) -> web.Response:
        _, detail, _ = await asyncio.to_thread(self._read, request)
        return _html(detail)

    def _read(self, request: web.Request) -> tuple[ScheduledJob, str, datetime]:
        job = self._scheduled_job(request)
        around = reading.surroundings(self._cluster, job)
        now = self._cluster.now()
        return job, self._pages.detail(job, around, now), now

    def _scheduled_job(self, request: web.Request) -> ScheduledJob:
        where, name = request.match_info["namespace"], request.match_info["name"]
        return observed.scheduled_job(self._cluster.get(SCHEDULED_JOBS, where, name))

    # ---- what goes on -------------------------------------------------------------------------------------------

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = _stream("text/event-stream")
        heard = _serial(request)
        with self._streaming():
            await response.prepare(request)
            if heard > self._board.serial:  # of another server, at whose address this one is
                await response.write(b'data: {"anew": true}\n\n')
                return response
            await response.write(b"retry: 1000\n\n")
            while True:
                try:
                    await asyncio.wait_for(self._board.wait(heard), _ALIVE_SECONDS)
                except TimeoutError:
                    await response.write(b": nothing new\n\n")
                    continue
                heard = await self._tell(response, heard)
                await asyncio.sleep(_TOGETHER_SECONDS)
        return response

    async def _tell(self, response: web.StreamResponse, heard: int) -> int:
        news = self._board.news(heard)
        rows = [
            {"uid": each.row.job.uid, "key": f"{each.row.job.namespace} {each.row.job.name}", "html": each.html}
            for each in news.entries
        ]
        summary = self._pages.summary(self._board)
        told = {"rows": rows, "gone": news.gone, "summary": summary, "trouble": self._board.trouble}
        await response.write(f"id: {news.serial}\ndata: {json.dumps(told)}\n\n".encode())
        return news.serial

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        job = await asyncio.to_thread(self._scheduled_job, request)
        name = request.match_info["job"]
        await asyncio.to_thread(logs.check, self._cluster, job, name)
        response = _stream("text/plain")
        with self._streaming():
            await response.prepare(request)
            async for piece in logs.followed(self._cluster, job.namespace, name):
                await response.write(piece)
        return response

    # ---- what is done -------------------------------------------------------------------------------------------

    async def _trigger(self, request: web.Request) -> web.Response:
        given = str((await request.post()).get("input", "")).strip()
        job = await asyncio.to_thread(self._scheduled_job, request)
        return web.Response(text=await asyncio.to_thread(acting.trigger, self._cluster, job, given or None))

    async def _switch(self, request: web.Request) -> web.Response:
        job = await asyncio.to_thread(self._scheduled_job, request)
        suspend = request.match_info["what"] == "suspend"
        return web.Response(text=await asyncio.to_thread(acting.switch, self._cluster, job, suspend=suspend))


@asynccontextmanager
async def served(cluster: Cluster, chosen: Chosen, mine: tzinfo, port: int) -> AsyncIterator[str]:
    """Serve the page.

    Args:
        cluster: Where.
        chosen: Which ScheduledJobs are shown.
        mine: The zone of whoever looks.
        port: On the loopback; 0 takes a free one.

    Yields:
        Its address, with the token.

    Raises:
        ClusterError: They cannot be read, or the port is taken.
    """
    server = Server(cluster, chosen, mine)
    runner = web.AppRunner(
        server.application(), access_log=None, handler_cancellation=True, shutdown_timeout=_END_SECONDS
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, ADDRESS, port).start()
        except OSError as error:
            raise ClusterError(f"Port {port} cannot be taken: {error.strerror}. Name another by --port.") from error
        yield f"http://{ADDRESS}:{runner.addresses[0][1]}/?{guard.PARAMETER}={server.token}"
    finally:
        await runner.cleanup()


def _port(request: web.Request) -> int:
    assert request.transport is not None, "somebody asks"
    port: int = request.transport.get_extra_info("sockname")[1]
    return port


def _serial(request: web.Request) -> int:
    given = request.headers.get("Last-Event-ID") or request.query.get("since", "")
    return int(given) if given.isascii() and given.isdigit() else 0


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html")


def _stream(kind: str) -> web.StreamResponse:
    return web.StreamResponse(headers={**guard.HEADERS, "Content-Type": f"{kind}; charset=utf-8"})
