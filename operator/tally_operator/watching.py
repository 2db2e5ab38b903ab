"""Follows Jobs and CronJobs: lists, then watches, and lists anew when the API server has forgotten where we were.

kopf watches the ScheduledJobs, but not these two: it selects by label on our side only, so that it would receive every
Job of the cluster, and it does not say when its first listing is complete, nor what vanished before a later one.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from tally_operator.api import FAILURES, Api, ApiError, Query, backoff
from tally_operator.observed import Json, Key

# A bookmark comes about every minute; a connection that is silent for longer may have died unnoticed.
QUIET_SECONDS = 150.0
_log = logging.getLogger(__name__)


class Follower:
    """Keeps one kind of object up to date in the store.

    Args:
        api: The API server.
        path: The collection's path.
        selector: What to select by, as a query.
        sync: Takes a full listing, and its resource version.
        put: Takes an object that was added or changed.
        drop: Takes an object that was deleted.
        changed: Told which ScheduledJobs are to be looked at again.
    """

    def __init__(
        self,
        api: Api,
        path: str,
        selector: Query,
        *,
        sync: Callable[[Iterable[Json], int], set[Key]],
        put: Callable[[Json], set[Key]],
        drop: Callable[[Json], set[Key]],
        changed: Callable[[set[Key]], None],
    ) -> None:
        self._api = api
        self._path = path
        self._selector = selector
        self._sync = sync
        self._put = put
        self._drop = drop
        self._changed = changed
        self._version = ""
        self.listed = asyncio.Event()
        self.listings = 0
        self._heard_at = asyncio.get_running_loop().time()

    @property
    def path(self) -> str:
        """The collection's path."""
        return self._path

    def silence(self, now: float) -> float:
        """Give how long it has shown no sign of life, a failure being one.

        Args:
            now: The loop's time; the answer is in seconds, too.
        """
        return now - self._heard_at

    async def run(self) -> None:
        """Follow until cancelled."""
        failures = 0
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch()
                failures = 0
            except FAILURES as error:
                self._hear()
                if isinstance(error, ApiError) and error.status == 410:
                    _log.info("%s: the API server asks for a new listing", self._path)
                    self._version = ""
                    continue
                failures += 1
                await backoff(failures, error)

    async def _list(self) -> None:
        bodies, self._version = await self._api.list(self._path, self._selector)
        self._hear()
        self.listings += 1
        self._changed(self._sync(bodies, int(self._version)))
        self.listed.set()

    async def _watch(self) -> None:
        query: Query = {**self._selector, "resourceVersion": self._version}
        async with asyncio.timeout(QUIET_SECONDS) as quiet:
            async for type_, body in self._api.watch(self._path, query):
                self._hear()
                quiet.reschedule(self._heard_at + QUIET_SECONDS)
                if type_ == "DELETED":
                    self._changed(self._drop(body))
                elif type_ != "BOOKMARK":
                    self._changed(self._put(body))
                self._version = body["metadata"]["resourceVersion"]
        self._hear()

    def _hear(self) -> None:
        self._heard_at = asyncio.get_running_loop().time()
