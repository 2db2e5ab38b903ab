"""A keyed, coalescing work queue with delays, after the one in client-go.

A key that is added ten times before a worker takes it is worked once. A key that is added while it is worked is worked
again afterwards, never twice at the same time. A key may be asked for at a later time; only its earliest one is kept.
"""

import asyncio
import heapq
from collections import deque
from typing import Generic, TypeVar

K = TypeVar("K")
_SUPERSEDED = 1000  # times that no longer count, kept beside as many as those that do


class WorkQueue(Generic[K]):
    """Hands out keys to workers of one event loop."""

    def __init__(self) -> None:
        self._ready: deque[K] = deque()
        self._dirty: dict[K, float] = {}  # since when, by the loop's clock
        self._working: dict[K, float] = {}  # since when, by the loop's clock
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._sequence = 0
        self._wake = asyncio.Event()
        self._closed = False
        self._moved_at = 0.0  # when a key was last taken, or became ready where none was

    def __len__(self) -> int:
        return len(self._dirty)

    def add(self, key: K) -> None:
        """Ask for a key to be worked as soon as a worker is free."""
        if key in self._dirty:
            return
        self._dirty[key] = asyncio.get_running_loop().time()
        self._due.pop(key, None)
        if key not in self._working:
            self._make_ready(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Ask for a key to be worked later; an earlier time that was asked for stays.

        Args:
            key: What to work.
            seconds: From now, by the loop's clock.
        """
        if seconds <= 0:
            self.add(key)
            return
        due = asyncio.get_running_loop().time() + seconds
        if key in self._dirty or self._due.get(key, due + 1) <= due:
            return
        self._due[key] = due
        self._sequence += 1
        heapq.heappush(self._heap, (due, self._sequence, key))
        if len(self._heap) > 2 * len(self._due) + _SUPERSEDED:
            self._sift()
        self._wake.set()

    def forget_delay(self, key: K) -> None:
        """Drop the later time that was asked for."""
        self._due.pop(key, None)

    def close(self) -> None:
        """Hand out no more keys."""
        self._closed = True
        self._wake.set()

    async def get(self) -> K | None:
        """Wait for a key and take it; `done` must follow. None when the queue is closed."""
        # Else a worker with nothing to write would go through ten thousand keys before anything else got its turn.
        await asyncio.sleep(0)
        while not self._closed:
            wait = self._promote()
            if self._ready:
                key = self._ready.popleft()
                self._dirty.pop(key, None)
                self._moved_at = self._working[key] = asyncio.get_running_loop().time()
                return key
            self._wake.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue
        return None

    def done(self, key: K) -> None:
        """Give a key back; one that was added meanwhile is handed out again."""
        self._working.pop(key, None)
        if key in self._dirty:
            self._make_ready(key)

    def oldest_age(self, now: float) -> float:
        """Give for how many seconds the first key has waited; `now` is the loop's time. May be asked in any thread."""
        waiting = list(self._dirty.values())
        return max(0.0, now - waiting[0]) if waiting else 0.0

    def held(self, now: float) -> tuple[K | None, float]:
        """Give the key that has been worked for the longest, and for how many seconds; `now` is the loop's time."""
        key = next(iter(self._working), None)  # they are in the order in which they were taken
        return key, 0.0 if key is None else now - self._working[key]

    def standing(self, now: float) -> float:
        """Give for how many seconds nothing was taken although something was to be done; `now` is the loop's time."""
        due = self._heap[0][0] if self._heap and not self._ready else now
        return now - self._moved_at if self._ready else max(0.0, now - due)

    def _make_ready(self, key: K) -> None:
        if not self._ready:
            self._moved_at = asyncio.get_running_loop().time()
        self._ready.append(key)
        self._wake.set()

    def _sift(self) -> None:
        """Keep the times that count: those that do not would stay until they come, which may be in a year."""
        self._heap = [entry for entry in self._heap if self._due.get(entry[2]) == entry[0]]
        heapq.heapify(self._heap)

    def _promote(self) -> float | None:
        """Move what is due to the ready ones, and give the seconds until the next is due."""
        now = asyncio.get_running_loop().time()
        while self._heap:
            due, _, key = self._heap[0]
            if self._due.get(key) != due:
                heapq.heappop(self._heap)  # superseded
            elif due <= now:
                heapq.heappop(self._heap)
                self.add(key)
            else:
                return due - now
        return None
