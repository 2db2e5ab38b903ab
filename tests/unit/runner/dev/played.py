"""A session in played time: the clock jumps from one thing that happens to the next, and runs are made of words."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tally.config import JobConfig
from tally.dev.execution import Ended
from tally.dev.reading import Folder
from tally.dev.session import Session
from tally.dev.store import Store

if TYPE_CHECKING:
    from tally.dev.planner import Start
    from tally.dev.screen import Row

_TURNS = 20  # of the loop, until all that follows from an event has happened


def at(time: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-10T{time}").replace(tzinfo=UTC)


def folder(*configs: JobConfig, broken: Sequence[str] = (), errors: Sequence[str] = ()) -> Folder:
    return Folder(configs={each.name: each for each in configs}, broken=tuple(broken), errors=tuple(errors))


def job(name: str = "sync", schedule: str = "* * * * *", **fields: Any) -> JobConfig:  # noqa: ANN401
    return JobConfig(name=name, schedule=schedule, **fields)


def wait_for_lock(path: Path) -> None:
    """Wait until nobody holds the lock."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)


class PlayedRun:
    """A run that ends when the play says so, or when it is stopped."""

    def __init__(self, obeys: bool) -> None:
        self.ending: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self.obeys = obeys

    async def run(self) -> Ended:
        return await self.ending

    def end(self, outcome: Any = "succeeded", **fields: Any) -> None:  # noqa: ANN401
        if not self.ending.done():
            self.ending.set_result(Ended(outcome=outcome, **fields))

    def stop(self, why: str) -> None:
        if self.obeys:
            self.end("stopped", message=why)

    def kill(self) -> None:
        self.end("stopped", message="killed", killed=True)


@dataclass
class Play:
    """What happens, and what came of it.

    Args:
        path: The state file.
        time: The time at which it starts.
        holds: What the jobs folder holds.
        lasts: How long a run takes, by its job; None is until the play ends it.
    """

    path: Path
    time: datetime
    holds: Folder | Exception
    lasts: Mapping[str, timedelta | None] = field(default_factory=dict)
    obeys: bool = True
    tabular: bool = False
    deaf: bool = False
    begun: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    shown: dict[str, "Row"] = field(default_factory=dict)
    errors: Sequence[str] = ()
    runs: dict[str, PlayedRun] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._events: list[tuple[datetime, Callable[[], object]]] = []
        self._saves: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        self._breaks: Callable[[], None] = lambda: None

    def then(self, time: str, event: Callable[[], object]) -> None:
        """Let something happen at a time of the day."""
        self._events.append((at(time), event))

    def save(self, time: str, holds: Folder | Exception) -> None:
        def happens() -> None:
            self.holds = holds
            self._saves.put_nowait(frozenset({"sync"}))

        self.then(time, happens)

    def sleep(self, time: str, until: str) -> None:
        """Let the machine sleep: no time passes for the process, and then it is later."""

        def happens() -> None:
            self.time = at(until)

        self.then(time, happens)

    def crash(self, at_begin: str) -> None:
        """Let the process end at the moment when the run for a slot would begin, after it was written down."""

        def breaks() -> None:
            if self.begun and self.begun[-1] == at_begin:
                self.begun.pop()
                raise KeyboardInterrupt

        self._breaks = breaks

    def run(self, until: str) -> bool:
        """Play from now until it is told to stop at a time of the day."""
        return asyncio.run(self._run(until))

    async def _run(self, until: str) -> bool:
        store = Store.open(self.path)
        store.recover()
        self.session = Session(store=store, clock=self, screen=self, begin=self._begin, read=self._read, grace=30)
        self.then(until, lambda: self.session.interrupt("Ctrl-C"))
        try:
            return await self.session.run(self._signs())
        finally:
            store.close()

    # The clock.

    def now(self) -> datetime:
        return self.time

    async def wait(self, wake: asyncio.Event, until: datetime | None) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        if wake.is_set():
            return
        self._events.sort(key=lambda event: event[0])
        happens = self._events[0][0] if self._events else None
        upcoming = min(filter(None, (until, happens)), default=None)
        assert upcoming is not None, f"nothing will happen any more: {self.said}"
        self.time = max(self.time, upcoming)
        if happens is not None and happens <= self.time:
            self._events.pop(0)[1]()

    # The screen.

    def say(self, name: str | None, text: str) -> None:
        if self.deaf:
            raise OSError("the terminal is gone")
        self.said.append(f"{name or 'tally'}: {text}")

    def show(self, rows: Sequence["Row"], errors: Sequence[str]) -> None:
        self.shown, self.errors = {row.name: row for row in rows}, errors

    def close(self) -> None: ...

    # The runs and the folder.

    def _begin(self, start: "Start", _say: Callable[[str], None]) -> PlayedRun:
        name = start.config.name
        self.begun.append(f"{name} {start.slot:%H:%M}")
        self._breaks()
        run = self.runs[name] = PlayedRun(self.obeys)
        lasts = self.lasts.get(name, timedelta(seconds=5))
        if lasts is not None:
            self._events.append((self.time + lasts, run.end))
        return run

    async def _read(self) -> Folder:
        if isinstance(self.holds, Exception):
            raise self.holds
        return self.holds

    async def _signs(self) -> AsyncIterator[frozenset[str]]:
        while True:
            yield await self._saves.get()
