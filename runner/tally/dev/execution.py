"""One execution: each attempt is a process `tally run NAME`, as it is a pod in a cluster.

So an attempt has the pod's environment and ends with the pod's outcome: it reads the job's file anew, cannot harm its
neighbours or the schedules, gets SIGTERM and then `GRACE` seconds to undo what it began, and tells its end in the
termination log.
"""

import asyncio
import contextlib
import json
import os
import signal
import tempfile
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tally.dev import children
from tally.dev.lines import lines
from tally.dev.planner import Start

GRACE = 30.0  # seconds from SIGTERM to SIGKILL: terminationGracePeriodSeconds, where nobody sets it
_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 360.0  # seconds before an attempt is made again: those of the Job controller

Outcome = Literal["succeeded", "failed", "stopped"]
_LAST_WORDS = 2.0  # seconds until what a run has printed is surely read
_NOT_HANDED_ON = ("TALLY_INPUT", "TALLY_LIMIT")
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How an execution ended.

    Args:
        outcome: `succeeded`, `failed` (all its attempts, or its time was over), or `stopped` before it could.
        message: One line that says what went wrong.
        result: What the job returned.
        seconds: How long it took.
        timed_out: Whether its time was over.
        killed: Whether it did not stop in time when it was told to.
    """

    outcome: Outcome
    message: str | None = None
    result: Any = None
    seconds: float = 0.0
    timed_out: bool = False
    killed: bool = False


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What all executions have in common.

    Args:
        folder: The jobs folder.
        environ: This process's environment, which is theirs too.
        inherited: File descriptors that each run keeps open.
        grace: Seconds from SIGTERM to SIGKILL.
        first_pause: Seconds before the second attempt; each further pause is twice as long.
    """

    folder: Path
    environ: Mapping[str, str]
    inherited: tuple[int, ...] = ()
    grace: float = GRACE
    first_pause: float = _FIRST_PAUSE


class Execution:
    """One slot's run.

    Args:
        start: The job and the slot.
        surroundings: What it shares with the others.
        say: Called with each line that the job prints, and with what is to be said about its attempts.
    """

    def __init__(self, start: Start, surroundings: Surroundings, say: Say) -> None:
        self._start = start
        self._config = start.config
        self._surroundings = surroundings
        self._say = say
        self._loop = asyncio.get_running_loop()
        self._stopping: asyncio.Future[str] = self._loop.create_future()
        self._killing: asyncio.Future[None] = self._loop.create_future()
        self._deadline: float | None = None

    def stop(self, why: str) -> None:
        """Let it undo what it began and end; there is no further attempt.

        Args:
            why: What is said of it: "Ctrl-C".
        """
        if not self._stopping.done():
            self._stopping.set_result(why)

    def kill(self) -> None:
        """End it at once, once it is told to stop."""
        if not self._killing.done():
            self._killing.set_result(None)

    async def run(self) -> Ended:
        """Make attempts until one succeeds, there are no more, the time is over or it is stopped."""
        began = self._loop.time()
        if self._config.timeout_seconds is not None:
            self._deadline = began + self._config.timeout_seconds
        return replace(await self._attempts(), seconds=self._loop.time() - began)

    async def _attempts(self) -> Ended:
        pause = self._surroundings.first_pause
        last = 1 + self._config.retries
        for number in range(1, last):
            ended = await self._attempt(number)
            if ended.outcome != "failed" or ended.timed_out:
                return ended
            self._say(f"Attempt {number} of {last} failed; the next one comes in {pause:g} s.")
            await self._first_of(self._stopping, within=pause)
            if self._stopping.done():
                return Ended(outcome="stopped", message=f"{self._stopping.result()}, after: {ended.message}")
            if self._left == 0:
                return self._timed_out(ended)
            pause = min(2 * pause, _LONGEST_PAUSE)
        return await self._attempt(last)

    async def _attempt(self, number: int) -> Ended:
        reader, transport, writable = await children.pipe()
        told = asyncio.create_task(self._tell(reader))
        with tempfile.TemporaryDirectory(prefix="tally-") as scratch, contextlib.closing(transport):
            log = Path(scratch) / "termination-log"
            try:
                process = await children.start(
                    "tally",
                    *("run", self._config.name, "--jobs", str(self._surroundings.folder)),
                    stdout=writable,
                    environ=self._environ(number, log),
                    inherited=self._surroundings.inherited,
                )
            finally:
                os.close(writable)
            try:
                return await self._watched(process, log)
            finally:
                await children.end_group(process)
                # Whoever left the group and keeps the output open is not waited for.
                await asyncio.wait({told}, timeout=_LAST_WORDS)
                told.cancel()

    async def _watched(self, process: Process, log: Path) -> Ended:
        ending = asyncio.create_task(process.wait())
        await self._first_of(ending, self._stopping)
        if ending.done():
            return _ended(ending.result(), log)
        timed_out = not self._stopping.done()
        self._say("Its time is over; it is told to stop." if timed_out else "It is told to stop.")
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        waits: set[asyncio.Future[Any]] = {ending, self._killing}
        await asyncio.wait(waits, timeout=self._surroundings.grace, return_when=asyncio.FIRST_COMPLETED)
        killed = not ending.done()
        if killed:
            await children.end_group(process)
        ended = replace(_ended(await ending, log), killed=killed)
        if timed_out:
            return self._timed_out(ended)
        if ended.outcome == "succeeded":  # it was about to end by itself
            return ended
        late = "; it had not ended and was killed" if killed else ""
        return replace(ended, outcome="stopped", message=f"{self._stopping.result()}{late}")

    async def _tell(self, output: asyncio.StreamReader) -> None:
        async for line in lines(output):
            self._say(line)

    async def _first_of(self, *waits: "asyncio.Future[Any]", within: float | None = None) -> None:
        """Wait for the first of them, and never beyond the execution's time."""
        longest = [each for each in (within, self._left) if each is not None]
        await asyncio.wait(waits, timeout=min(longest, default=None), return_when=asyncio.FIRST_COMPLETED)

    @property
    def _left(self) -> float | None:
        """Seconds until the execution's time is over; None where it has no end."""
        return None if self._deadline is None else max(0.0, self._deadline - self._loop.time())

    def _timed_out(self, ended: Ended) -> Ended:
        late = "; it had not ended and was killed" if ended.killed else ""
        message = f"it took longer than timeout_seconds={self._config.timeout_seconds}{late}"
        return replace(ended, outcome="failed", message=message, timed_out=True)

    def _environ(self, attempt: int, log: Path) -> dict[str, str]:
        # The job's own config says its input and limit; this process may have been given those of another run.
        theirs = {name: value for name, value in self._surroundings.environ.items() if name not in _NOT_HANDED_ON}
        minutes = int(self._start.slot.timestamp()) // 60
        return {
            "TALLY_LOG_FORMAT": "text",
            **theirs,
            "TALLY_JOB_NAME": f"{self._config.name}-{minutes}",  # as the CronJob controller names a Job
            "TALLY_ATTEMPT": str(attempt),
            "TALLY_TERMINATION_LOG": str(log),
        }


def _ended(exit_code: int, log: Path) -> Ended:
    try:
        said = json.loads(log.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the process ended before it could say anything
        said = None
    if not isinstance(said, dict):
        said = {}
    if exit_code == 0:
        return Ended(outcome="succeeded", result=said.get("result"))
    return Ended(outcome="failed", message=said.get("message") or _described(exit_code))


def _described(exit_code: int) -> str:
    return f"ended by {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit code {exit_code}"
