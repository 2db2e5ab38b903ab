"""The benchmark's own way to the API server: aiohttp at fifty connections, nothing between it and the wire."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, Self

import aiohttp
from tally_cluster.settings import Cluster

CONNECTIONS = 50
PAGE = 500
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
_ENDLESS = aiohttp.ClientTimeout(total=None)

Json = dict[str, Any]


class Client:
    """An administrator's requests.

    Args:
        cluster: Whose API server.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._session: aiohttp.ClientSession | None = None
        self._watches: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = self._opened(CONNECTIONS)
        self._watches = self._opened(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in (self._session, self._watches):
            assert session is not None
            await session.close()

    async def request(self, method: str, path: str, body: Json | None = None, kind: str = "application/json") -> Json:
        """Ask, and read the answer.

        Raises:
            aiohttp.ClientResponseError: The API server said no.
        """
        assert self._session is not None
        data = None if body is None else json.dumps(body)
        async with self._session.request(method, path, data=data, headers={"Content-Type": kind}) as response:
            text = await response.read()
            response.raise_for_status()
            answer: Json = json.loads(text)
            return answer

    async def list(self, path: str, selector: str = "") -> tuple[list[Json], str]:
        """Read all pages of a list, and the resource version to watch from."""
        items: list[Json] = []
        query = f"{path}?limit={PAGE}&labelSelector={selector}"
        token = ""
        while True:
            page = await self.request("GET", f"{query}&continue={token}" if token else query)
            items += page["items"]
            token = page["metadata"].get("continue", "")
            if not token:
                return items, page["metadata"]["resourceVersion"]

    async def watch(self, path: str, version: str, selector: str = "") -> AsyncIterator[tuple[str, Json]]:
        """Follow a collection from a version on, until the API server ends it."""
        assert self._watches is not None
        query = f"{path}?watch=true&timeoutSeconds=3600&resourceVersion={version}&labelSelector={selector}"
        async with self._watches.get(query, timeout=_ENDLESS) as response:
            response.raise_for_status()
            while line := await response.content.readline():
                event = json.loads(line)
                yield event["type"], event["object"]

    def _opened(self, limit: int) -> aiohttp.ClientSession:
        context = ssl.create_default_context(cafile=str(self._cluster.certificates / "ca.crt"))
        context.load_cert_chain(self._cluster.certificates / "admin.crt", self._cluster.certificates / "admin.key")
        connector = aiohttp.TCPConnector(limit=limit, ssl=context)
        return aiohttp.ClientSession(self._cluster.server, connector=connector, read_bufsize=2**20)


async def at_once(requests: Iterable[Callable[[], Awaitable[object]]], told: Callable[[int], None]) -> None:
    """Send requests at fifty connections, in their order.

    Args:
        requests: Each begins one.
        told: Called with the number of those that have ended.
    """
    waiting, ended = iter(requests), 0

    async def send() -> None:
        nonlocal ended
        for request in waiting:
            await request()
            ended += 1
            told(ended)

    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
