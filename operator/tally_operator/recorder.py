"""Posts events beside the work: a reconcile neither waits for one nor fails with it, and no storm of them gets through.

An event that repeats itself raises the count of the one that is there (its series), as `kubectl describe` shows it. For
each ScheduledJob and reason, a few are posted as they come and then one in ten minutes, which tells of all since.
"""

import asyncio
import logging
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tally_operator import metrics, names
from tally_operator.api import Api, ApiError, described
from tally_operator.observed import Key, ScheduledJob
from tally_operator.steps import Emit

BURST = 3  # posts of one reason on one ScheduledJob
REFILL_SECONDS = 600.0  # until one more of them
PAUSE_SECONDS = 0.02  # after each post, whatever it is about
WAITING = 1000  # events; what comes when so many wait is dropped
REMEMBERED = 10_000  # reasons on ScheduledJobs
_NOTE_LIMIT = 1024  # bytes, of the API
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Event:
    """One Event object, there or to be.

    It names its ScheduledJob and does not hold it: ten thousand that are remembered would take 70 MB.
    """

    key: Key
    uid: str
    emit: Emit
    first: datetime
    last: datetime
    count: int = 1
    name: str | None = None
    waits: bool = False


class _Bucket:
    """Hands out tokens: a few at once, then one after each interval.

    Args:
        burst: How many at once.
        seconds: Until there is one more.
        now: The present time by a stopwatch, in seconds.
    """

    __slots__ = ("_burst", "_filled_at", "_seconds", "_tokens")

    def __init__(self, burst: int, seconds: float, now: float) -> None:
        self._burst = burst
        self._seconds = seconds
        self._tokens = float(burst)
        self._filled_at = now

    def take(self, now: float) -> bool:
        """Take a token, if there is one."""
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) / self._seconds)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(slots=True)
class _Series:
    """What is known of one reason on one ScheduledJob."""

    bucket: _Bucket
    event: _Event | None = None


class Recorder:
    """Takes events at any time, and posts them one after the other.

    Args:
        api: Where they go.
        stopwatch: Tells seconds that only grow.
    """

    def __init__(self, api: Api, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._stopwatch = stopwatch
        self._series: dict[tuple[str, str], _Series] = {}
        self._waiting: asyncio.Queue[_Event] = asyncio.Queue(WAITING)
        self._refused = False

    def record(self, scheduled_job: ScheduledJob, emit: Emit) -> None:
        """Take in an event; it is posted soon, or counted with one that is.

        Args:
            scheduled_job: What it is about.
            emit: What it says.
        """
        series, now = self._known((scheduled_job.uid, emit.reason)), self._api.clock.now()
        again = series.event if series.event and series.event.emit == emit else None
        if again:
            again.count, again.last = again.count + 1, now
        if (again and again.waits) or not series.bucket.take(self._stopwatch()):
            metrics.posted.labels("merged" if again else "dropped").inc()
        elif self._waiting.full():
            metrics.posted.labels("dropped").inc()
        else:
            series.event = again or _Event(scheduled_job.key, scheduled_job.uid, emit, first=now, last=now)
            series.event.waits = True
            self._waiting.put_nowait(series.event)

    async def run(self) -> None:
        """Post what comes, until cancelled."""
        while True:
            event = await self._waiting.get()
            await self._post(event)
            self._waiting.task_done()
            await asyncio.sleep(PAUSE_SECONDS)

    async def flush(self) -> None:
        """Wait until `run` has posted what has been recorded."""
        await self._waiting.join()

    def _known(self, key: tuple[str, str]) -> _Series:
        series = self._series.pop(key, None) or _Series(_Bucket(BURST, REFILL_SECONDS, self._stopwatch()))
        self._series[key] = series  # the least recently used one comes first
        if len(self._series) > REMEMBERED:
            del self._series[next(iter(self._series))]
        return series

    async def _post(self, event: _Event) -> None:
        event.waits = False
        try:
            if event.name is None or not await self._raised(event):
                await self._created(event)
        except Exception as error:  # noqa: BLE001 (whatever it is, an event is not worth more than a line of log)
            metrics.posted.labels("failed").inc()
            # Once is enough: it may be that whoever installed the operator wants no events.
            level, self._refused = logging.DEBUG if self._refused else logging.WARNING, True
            _log.log(level, "%s/%s: the event %s was not posted: %s", *event.key, event.emit.reason, described(error))
        else:
            metrics.posted.labels("posted").inc()
            self._refused = False

    async def _created(self, event: _Event) -> None:
        body = await self._api.create(_events(event), _body(event))
        event.name = str(body["metadata"]["name"])

    async def _raised(self, event: _Event) -> bool:
        """Raise the count of the Event that is there; False when it has expired, which begins a new one."""
        try:
            await self._api.merge(f"{_events(event)}/{event.name}", {"series": _series(event)})
        except ApiError as error:
            if error.status != 404:
                raise
            event.name, event.count, event.first = None, 1, event.last
            return False
        return True


def _events(event: _Event) -> str:
    return f"/apis/events.k8s.io/v1/namespaces/{event.key.namespace}/events"


def _body(event: _Event) -> dict[str, Any]:
    key, emit = event.key, event.emit
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"generateName": f"{key.name[:200]}-", "namespace": key.namespace},
        "eventTime": _micro(event.first),
        "reportingController": f"{names.GROUP}/operator",
        "reportingInstance": platform.node()[:128] or "operator",
        "action": emit.reason,
        "reason": emit.reason,
        "type": emit.type,
        "note": emit.message.encode()[:_NOTE_LIMIT].decode(errors="ignore"),
        "regarding": {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "namespace": key.namespace,
            "name": key.name,
            "uid": event.uid,
        },
        **({"series": _series(event)} if event.count > 1 else {}),
    }


def _series(event: _Event) -> dict[str, Any]:
    return {"count": event.count, "lastObservedTime": _micro(event.last)}


def _micro(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
