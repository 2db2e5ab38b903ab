"""The operator's one way to the API server: JSON in, JSON out, through the kubernetes package's asynchronous client."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Self

import aiohttp
from kubernetes.aio import client, config

from tally_operator import metrics, names

PATCH_MERGE = "application/merge-patch+json"
PATCH_APPLY = "application/apply-patch+yaml"
PAGE = 500  # objects; a page of 500 Jobs is some 2 MB
_TIMEOUT = 30.0  # seconds, of everything but a watch
WATCH_SECONDS = 300  # until the API server ends a watch; a connection that died unnoticed lasts as long
_LONGEST_WAIT = 15.0  # seconds between two tries
# etcd takes 1.5 MiB of an object, and of each byte the API server may make six of JSON ("<" is written as \u003c).
_LONGEST_LINE = 16 * 1024 * 1024  # bytes
_LEAP = timedelta(seconds=5)
_log = logging.getLogger(__name__)

Query = dict[str, str | int]


class ApiError(Exception):
    """The API server said no.

    Args:
        status: The HTTP status.
        reason: The API's own word, such as AlreadyExists.
        message: For a person.
        retry_after: How long, in seconds, the API server asks to wait; None if it does not.
    """

    def __init__(self, status: int, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after


# What a request may raise that is no mistake of ours: a later try may go well. A TimeoutError is an OSError.
FAILURES = (ApiError, aiohttp.ClientError, OSError)


@contextmanager
def tolerated_absence() -> Iterator[None]:
    """Let the object that a request is for have gone, or its name have passed to another one (409)."""
    try:
        yield
    except ApiError as error:
        if error.status not in (404, 409):
            raise


class ServerClock:
    """The API server's time, told from its answers and never ahead of it, however this machine's clock is set.

    A `Date` header is cut off to the second, so each answer gives a lower bound of how far the server is ahead of a
    stopwatch that runs here; the largest bound is nearly right. One that is off by more than seconds means that the
    server's clock was set.

    Args:
        stopwatch: Seconds since any instant, which no setting of a clock changes.
    """

    def __init__(self, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._stopwatch = stopwatch
        self._zero: datetime | None = None  # the server's time when the stopwatch stood at 0

    def learn(self, date: str | None) -> None:
        """Take in an answer that has just come.

        Args:
            date: Its `Date` header, if it has one.
        """
        if not date:
            return
        with suppress(ValueError):
            bound = parsedate_to_datetime(date).astimezone(UTC) - timedelta(seconds=self._stopwatch())
            if self._zero is None or bound > self._zero or self._zero - bound > _LEAP:
                self._zero = bound

    def now(self) -> datetime:
        """Give the API server's time in UTC, or up to about a second less; this machine's before the first answer."""
        if self._zero is None:
            return datetime.now(UTC)
        return self._zero + timedelta(seconds=self._stopwatch())


async def configured() -> client.Configuration:
    """Find the API server: a pod's service account, else the person's kubeconfig."""
    configuration = client.Configuration()
    try:
        config.load_incluster_config(configuration)
    except config.ConfigException:
        await config.load_kube_config(client_configuration=configuration)
    return configuration


class Listing:
    """The objects of a listing, each read when it is asked for: ten thousand at once would take 300 MB."""

    def __init__(self) -> None:
        self._pages: list[bytes] = []

    def add(self, objects: list[dict[str, Any]]) -> None:
        """Take in a page."""
        for each in objects:
            each["metadata"].pop("managedFields", None)  # half of an object, and nobody's concern
        self._pages.append(json.dumps(objects, separators=(",", ":")).encode())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for page in self._pages:
            yield from json.loads(page)


class Api:
    """A connection to the API server, with the pod's service account or the person's kubeconfig.

    Args:
        connections: How many requests may be under way at once; watches, which never end, are not among them.
    """

    def __init__(self, connections: int) -> None:
        self.clock = ServerClock()
        self._connections = asyncio.Semaphore(connections)
        self._client: client.ApiClient | None = None

    async def __aenter__(self) -> Self:
        configuration = await configured()
        configuration.connection_pool_maxsize = 0  # no limit: with many namespaces, watches would leave no connection
        # Else aiohttp looks for ~/.netrc before each request, in another thread.
        configuration.client_session_kwargs = {"trust_env": False}
        self._client = client.ApiClient(configuration)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.close()

    async def get(self, path: str, query: Query | None = None) -> dict[str, Any]:
        """Read an object or a list.

        Raises:
            ApiError: The API server said no.
            aiohttp.ClientError, TimeoutError: It did not answer.
        """
        return await self._request("GET", path, query)

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make an object; one of that name is an error, AlreadyExists. Raises as `get` does.

        What has a name is made by server-side apply: after a POST its fields would have two managers, and no apply
        could ever take one away. No object has the version 1, so one that is there already is a conflict.
        """
        name = body["metadata"].get("name")
        if name is None:
            return await self._request("POST", path, {"fieldManager": names.FIELD_MANAGER}, body)
        try:
            return await self.apply(
                f"{path}/{name}", {**body, "metadata": {**body["metadata"], "resourceVersion": "1"}}
            )
        except ApiError as error:
            if error.status == 409:
                raise ApiError(409, "AlreadyExists", error.message) from error
            raise

    async def merge(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change an object by a merge patch; raises as `get` does."""
        return await self._request("PATCH", path, {"fieldManager": names.FIELD_MANAGER}, body, PATCH_MERGE)

    async def apply(self, path: str, body: dict[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        """Apply an object on the server's side, over whoever owns its fields; raises as `get` does.

        Args:
            path: The object's path.
            body: The fields that are ours.
            dry_run: Only ask what would come of it.
        """
        query: Query = {"fieldManager": names.FIELD_MANAGER, "force": "true", **({"dryRun": "All"} if dry_run else {})}
        return await self._request("PATCH", path, query, body, PATCH_APPLY)

    async def delete(self, path: str, uid: str, propagation: str) -> bool:
        """Delete an object if it is still the same one; one that has gone is no error. Raises as `get` does.

        A conflict (409) is one: the name may be another's by now, but it may as well be a refusal that passes.

        Returns:
            Whether the API server deletes it; if not, there is none.
        """
        body = {"preconditions": {"uid": uid}, "propagationPolicy": propagation}
        try:
            await self._request("DELETE", path, None, body)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def list(self, path: str, query: Query | None = None) -> tuple[Iterable[dict[str, Any]], str]:
        """Read all pages of a list.

        Returns:
            The objects, and the resource version from which to watch.
        """
        objects = Listing()
        token = ""
        while True:
            page = await self.get(path, {**(query or {}), "limit": PAGE, **({"continue": token} if token else {})})
            objects.add(page["items"])
            token = page["metadata"].get("continue", "")
            if not token:
                return objects, page["metadata"]["resourceVersion"]

    async def watch(self, path: str, query: Query) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Follow the changes of a list until the API server ends it.

        Yields:
            The event's type and its object.

        Raises:
            ApiError: The API server said no; 410 asks for a new list.
        """
        timeout = aiohttp.ClientTimeout(total=WATCH_SECONDS + 30, sock_connect=10)
        query = {**query, "watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": WATCH_SECONDS}
        response = await self._send("GET", path, query, None, "", timeout)
        async with response:
            while line := await response.content.readline(max_line_length=_LONGEST_LINE):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise _error(event["object"].get("code", 500), event["object"], None)
                yield event["type"], event["object"]

    async def _request(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: dict[str, Any] | None = None,
        kind: str = "application/json",
    ) -> dict[str, Any]:
        async with self._connections:
            response = await self._send(method, path, query, body, kind, aiohttp.ClientTimeout(total=_TIMEOUT))
            async with response:
                content: dict[str, Any] = await response.json()
                return content

    async def _send(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: dict[str, Any] | None,
        kind: str,
        limit: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        assert self._client is not None, "entered"
        serialized = await self._client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json", **({"Content-Type": kind} if body is not None else {})},
            auth_settings=["BearerToken"],
        )
        _, url, headers, _, _ = serialized
        with metrics.requesting(method, path, watch="watch" in (query or {})) as answered:
            answer = await self._client.rest_client.request(
                method, url, headers=headers, body=body, _request_timeout=limit
            )
            response: aiohttp.ClientResponse = answer.response
            answered(response.status)
        self.clock.learn(response.headers.get("Date"))
        if response.status >= 400:
            async with response:
                raise _error(response.status, await _content(response), response.headers.get("Retry-After"))
        return response


async def _content(response: aiohttp.ClientResponse) -> dict[str, Any]:
    text = await response.text()
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {"message": text[:500]}


def _error(status: int, content: dict[str, Any], retry_after: str | None) -> ApiError:
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    return ApiError(status, str(content.get("reason", "")), str(content.get("message", "")), seconds)


async def backoff(attempt: int, error: Exception) -> None:
    """Wait before another try: a second, then twice as long each time, up to 15 seconds; or as the API server asks.

    Args:
        attempt: How many tries have failed in a row, from 1.
        error: What the last one raised.
    """
    asked = error.retry_after if isinstance(error, ApiError) else None
    seconds = asked if asked is not None else min(2.0 ** min(attempt - 1, 10), _LONGEST_WAIT)
    _log.warning("%s; trying again in %.0f s", described(error), seconds)
    await asyncio.sleep(seconds)


def described(error: Exception) -> str:
    """Say an error in a line, also one without a text."""
    return str(error) or type(error).__name__
