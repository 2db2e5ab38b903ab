"""`tally dev` as it runs: asks the planner, begins what it says, notes the ends, and reads the jobs after a save.

The clock, the reading and the runs are passed in; the rules are the planner's.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from tally.dev import planner, telling
from tally.dev.execution import Ended
from tally.dev.planner import Standing, Start
from tally.dev.reading import Folder
from tally.dev.screen import Row, Screen, Silence
from tally.dev.store import StateError, Store
from tally.errors import LoadError, TallyError


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """Give the present time, aware."""

    async def wait(self, wake: asyncio.Event, until: datetime | None) -> None:
        """Wait for the event or the time, or less: a second at most, so that what is shown is true."""


class SystemClock:
    """This machine's own."""

    def now(self) -> datetime:
        """Give the present time in UTC."""
        return datetime.now(UTC)

    async def wait(self, wake: asyncio.Event, until: datetime | None) -> None:
        """Wait a second at most: a machine that slept, or whose clock was set, has another time than was awaited."""
        seconds = 1.0 if until is None else min(1.0, max(0.0, (until - self.now()).total_seconds()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await wake.wait()


class Run(Protocol):
    """One execution, as `execution.Execution` is one."""

    async def run(self) -> Ended:
        """Run it to its end."""

    def stop(self, why: str) -> None:
        """Let it undo what it began, and end."""

    def kill(self) -> None:
        """End it at once."""


Begin = Callable[[Start, Callable[[str], None]], Run]
Read = Callable[[], Awaitable[Folder]]


@dataclass(frozen=True, kw_only=True)
class _Going:
    start: Start
    run: Run
    began: datetime


class Session:
    """The schedules of one folder, from the first reading to the last run's end.

    Args:
        store: What is remembered.
        clock: The time.
        screen: Where things are shown.
        begin: Makes a run, which says its lines by the function given.
        read: Reads the jobs folder.
        grace: Seconds that a run has to undo what it began; only to be said.
    """

    def __init__(self, *, store: Store, clock: Clock, screen: Screen, begin: Begin, read: Read, grace: float) -> None:
        self._store = store
        self._clock = clock
        self._screen = screen
        self._begin = begin
        self._read = read
        self._grace = grace
        self._wake = asyncio.Event()
        self._standings: dict[str, Standing] = {}
        self._folder = Folder(configs={})
        self._incoming: Folder | None = None
        self._begun = False
        self._saved: frozenset[str] = frozenset()
        self._outcomes: dict[str, tuple[str, ...]] = {}
        self._going: list[_Going] = []
        self._failure: TallyError | None = None
        self._stopped_by: str | None = None
        self._killed = False

    async def run(self, saves: AsyncIterator[frozenset[str]]) -> bool:
        """Run the jobs on their schedules until `stop` is called.

        Args:
            saves: Gives a sign whenever a job may have been saved, with the names of those that surely were.

        Returns:
            Whether all runs ended by themselves, or in time after they were told to stop.

        Raises:
            LoadError: The folder cannot be read at the start.
            StateError: The counts cannot be kept any more; what ran was stopped before.
        """
        async with asyncio.TaskGroup() as self._tasks:
            following = self._tasks.create_task(self._follow(saves))
            while self._going or not self._ending:
                upcoming = None if self._ending else self._step(self._clock.now())
                self._show(self._clock.now())
                await self._clock.wait(self._wake, upcoming)
                self._wake.clear()
            following.cancel()
        self._show(self._clock.now())
        if self._failure:
            raise self._failure
        return not self._killed

    @property
    def _ending(self) -> bool:
        return self._stopped_by is not None or self._failure is not None

    def interrupt(self, why: str) -> None:
        """Stop; called again, end at once what still runs.

        Args:
            why: What has called, such as "Ctrl-C".
        """
        if self._stopped_by is None:
            self.stop(why)
            return
        for each in self._going:
            each.run.kill()

    def stop(self, why: str) -> None:
        """Begin nothing more, and tell what runs to undo what it began; called again, do nothing.

        Args:
            why: What has called.
        """
        if self._stopped_by is not None:
            return
        self._stopped_by = why
        if self._going:
            self._say(None, f"{why}: {self._told_to_stop()}")
        self._stop_all(why)

    def _told_to_stop(self) -> str:
        count = len(self._going)
        runs, them = ("1 run has", "it") if count == 1 else (f"{count} runs have", "them")
        return f"{runs} {self._grace:g} s to undo what was begun. Ctrl-C again ends {them} at once."

    def _stop_all(self, why: str) -> None:
        for each in self._going:
            each.run.stop(why)
        self._wake.set()

    def _fail(self, error: TallyError) -> None:
        self._failure = self._failure or error
        self._stop_all("the counts cannot be kept")

    def _say(self, name: str | None, text: str) -> None:
        try:
            self._screen.say(name, text)
        except OSError:
            self._go_silent()

    def _go_silent(self) -> None:
        """Stop when the terminal, or whoever read our output, is gone; what runs still gets its time to undo."""
        self._screen = Silence()
        self.stop("nobody reads the output any more")

    def _step(self, now: datetime) -> datetime | None:
        """Do what is due, and tell when to look again."""
        try:
            if self._incoming is not None:
                incoming, self._incoming = self._incoming, None
                self._take_up(incoming, now)
            running = {each.start.config.name for each in self._going}
            decided = planner.plan(self._standings.values(), running, now)
            for missed in decided.missed:
                self._say(missed.name, telling.missed(missed, now))
            for standing in decided.standings:
                if standing.waiting not in (None, self._standings[standing.name].waiting):
                    self._say(standing.name, telling.waiting(standing.waiting, now))
                self._standings[standing.name] = standing
            for start in decided.starts:
                self._start(start, now)
        except StateError as error:
            self._fail(error)
            return None
        return decided.look_again_at

    def _take_up(self, folder: Folder, now: datetime) -> None:
        standings = {}
        for name, config in folder.configs.items():
            record = self._store.take_up(name, config.schedule, config.time_zone, now)
            standings[name] = planner.take_up(config, record, now, before=self._standings.get(name))
            self._outcomes[name] = self._store.outcomes(name)
        self._standings = standings
        if self._begun:
            for name, text in telling.changes(self._folder, folder, standings, self._saved, now):
                self._say(name, text)
            self._saved = frozenset()
        elif not self._screen.tabular:
            for name, standing in standings.items():
                self._say(name, telling.standing(standing, now))
        if not self._screen.tabular:
            for error in folder.errors:
                if error not in self._folder.errors:
                    self._say(None, f"error: {error}")
        self._folder, self._begun = folder, True

    def _start(self, start: Start, now: datetime) -> None:
        name = start.config.name
        if start.replaces:
            for each in self._going:
                if each.start.config.name == name:
                    each.run.stop("replaced by the next run")
        if not self._store.claim(name, start.slot, start.config.number_of_executions, now):
            raise StateError(f"The run for {start.slot} of {name} is counted already, by another process.")
        self._outcomes[name] = self._store.outcomes(name)
        self._say(name, telling.started(start, self._standings[name].executions, now))
        run = self._begin(start, lambda line: self._say(name, line))
        going = _Going(start=start, run=run, began=now)
        self._going.append(going)
        self._tasks.create_task(self._to_the_end(going))

    async def _to_the_end(self, going: _Going) -> None:
        name = going.start.config.name
        try:
            ended = await going.run.run()
        except OSError as error:  # no process, no memory, no space
            ended = Ended(outcome="failed", message=f"it could not be started: {error}")
        self._killed = self._killed or (ended.killed and self._ending)
        self._going.remove(going)
        if ended.outcome != "succeeded":  # a run tells its success itself; of its end it may know less than we
            self._say(name, telling.ended(ended))
        try:
            self._store.end(name, going.start.slot, ended.outcome, ended.message, self._clock.now())
            self._outcomes[name] = self._store.outcomes(name)
        except StateError as error:
            self._fail(error)
        self._wake.set()

    async def _follow(self, saves: AsyncIterator[frozenset[str]]) -> None:
        try:
            self._incoming = await self._read()
        except LoadError as error:
            return self._fail(error)
        self._wake.set()
        try:
            async for saved in saves:
                self._incoming = await self._read_again()
                self._saved |= saved
                self._wake.set()
        except (OSError, RuntimeError) as error:  # the system allows no more watches
            self._say(None, f"error: Saves are not noticed any more: {error}. Start tally dev again after one.")
        return None

    async def _read_again(self) -> Folder:
        try:
            return await self._read()
        except LoadError as error:
            # One file keeps the others from being read: they go on as they were.
            return replace(self._folder, errors=(str(error),))

    def _show(self, now: datetime) -> None:
        if not self._begun:
            return
        rows = [Row(name=name, upcoming="broken") for name in self._folder.broken]
        for name, standing in self._standings.items():
            began = [each.began for each in self._going if each.start.config.name == name]
            row = telling.row(standing, self._outcomes[name], min(began, default=None), now)
            rows.append(replace(row, upcoming="") if self._ending else row)
        try:
            self._screen.show(sorted(rows, key=lambda row: row.name), self._folder.errors)
        except OSError:
            self._go_silent()
