"""Stands between an operator and the API server and makes trouble: refusals by chance, and watches that are cut."""

import asyncio
import json
import random
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from tally_cluster.settings import Cluster

BODY_BYTES = 4 << 20
_TLS_END = 0.5  # seconds until TLS connections have said goodbye; the loop must not end before
_PASSED_ON = ("Accept", "Content-Type")


@dataclass
class Faults:
    """Which trouble is made; a test may change it at any time.

    Args:
        refusals: HTTP statuses, of which one answers a request in `one_in`, without the API server hearing of it.
        lost_answers: Whether every second of these is carried out all the same, and only its answer is such a status.
        one_in: How rare they are, on average.
        watch_seconds: After how long a watch is cut, in the middle of whatever it tells; None leaves it alone.
        made: How often each trouble was made.
        seed: Makes the same choices again for the same requests.
    """

    refusals: tuple[int, ...] = ()
    lost_answers: bool = False
    one_in: int = 3
    watch_seconds: float | None = None
    made: Counter[str] = field(default_factory=Counter)
    seed: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def refusal(self, method: str, *, watch: bool) -> tuple[int, bool] | None:
        """Choose a status to answer with, and whether the API server carries the request out first."""
        # A conflict is a write's, and only a watch can be told that the past is forgotten.
        possible = [each for each in self.refusals if (each != 409 or method != "GET") and (each != 410 or watch)]
        if not possible or self._random.randrange(self.one_in):
            return None
        status = min(possible, key=lambda each: self.made[str(each)])
        self.made[str(status)] += 1
        return status, self.lost_answers and bool(self._random.randrange(2))


@contextmanager
def faulty_server(cluster: Cluster, faults: Faults, kubeconfig: Path) -> Iterator[None]:
    """Serve on this machine, in a thread, what the API server says, with faults.

    Args:
        cluster: Whose API server it is.
        faults: Which trouble is made.
        kubeconfig: Is written, for whoever shall be troubled.
    """
    proxy = _Proxy(cluster, faults)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(proxy.start(), loop).result(30)
        kubeconfig.write_text(json.dumps(_kubeconfig(port)))
        yield
    finally:
        asyncio.run_coroutine_threadsafe(proxy.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Proxy:
    def __init__(self, cluster: Cluster, faults: Faults) -> None:
        self._cluster = cluster
        self._faults = faults
        self._context = ssl.create_default_context(cafile=str(cluster.certificates / "ca.crt"))
        self._context.load_cert_chain(cluster.certificates / "admin.crt", cluster.certificates / "admin.key")

    async def start(self) -> int:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._context, limit=0), timeout=aiohttp.ClientTimeout(total=None)
        )
        application = web.Application(client_max_size=BODY_BYTES)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        await self._runner.cleanup()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._session.close()
        await asyncio.sleep(_TLS_END)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        watch = request.query.get("watch") in ("true", "1")
        refusal = self._faults.refusal(request.method, watch=watch)
        if refusal is not None and not refusal[1]:
            return _refused(refusal[0])
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        url = f"{self._cluster.server}{request.raw_path}"
        async with self._session.request(
            request.method, url, headers=headers, data=await request.read() or None
        ) as answer:
            if watch and refusal is None and answer.status == web.HTTPOk.status_code:
                return await self._watched(request, answer)
            if refusal is not None:
                return _refused(refusal[0])
            content = await answer.read()
            told = {name: answer.headers[name] for name in ("Date", "Content-Type") if name in answer.headers}
            return web.Response(status=answer.status, body=content, headers=told)

    async def _watched(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with suppress(aiohttp.ClientConnectionResetError):  # the operator has gone
            try:
                async with asyncio.timeout(self._faults.watch_seconds):
                    async for chunk in answer.content.iter_any():
                        await response.write(chunk)
            except TimeoutError:
                self._faults.made["cut"] += 1
                if request.transport is not None:
                    request.transport.close()
        return response


def _refused(status: int) -> web.Response:
    reasons = {429: "TooManyRequests", 409: "Conflict", 410: "Expired", 500: "InternalError"}
    body = {"kind": "Status", "status": "Failure", "code": status, "reason": reasons[status], "message": "by the test"}
    if status == web.HTTPGone.status_code:  # the API server says it in the watch's own stream
        return web.json_response({"type": "ERROR", "object": body})
    headers = {"Retry-After": "1"} if status == web.HTTPTooManyRequests.status_code else None
    return web.json_response(body, status=status, headers=headers)


def _kubeconfig(port: int) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "faulty",
        "contexts": [{"name": "faulty", "context": {"cluster": "faulty", "user": "nobody"}}],
        "clusters": [{"name": "faulty", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "nobody", "user": {}}],
    }
