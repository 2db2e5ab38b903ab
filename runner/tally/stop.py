"""SIGTERM and Ctrl-C: the first one cancels the job so that it can clean up, the second one ends the process at once.

Kubernetes sends SIGTERM when a run takes longer than `timeoutSeconds`, when its Job is deleted and when its node
drains, and SIGKILL when the grace period (30 seconds by default) is over. Until the job begins there is nothing to
clean up, so then the first one ends the process. A process that is a container's first one ignores SIGTERM unless it
listens, and Python listens only to Ctrl-C: hence `listen`, before anything else.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger("tally.stop")


class Stop:
    """What a signal does, from the start of the process to its end.

    Args:
        record: Called with the signal's number as soon as it comes, so that something is written even when the job
            does not stop in time.
    """

    def __init__(self, record: Callable[[int], None]) -> None:
        self.signum: int | None = None
        self.cancelled = False
        self._record = record
        self._task: asyncio.Task[object] | None = None
        self._exit_code: int | None = None
        self._deferring = False
        self._deferred: int | None = None

    def listen(self) -> None:
        """Receive the signals from now on."""
        for signum in _SIGNALS:
            signal.signal(signum, self._receive)

    def attach(self, task: asyncio.Task[object]) -> None:
        """Let a signal cancel this task instead of ending the process; call it in the task's loop."""
        self._task = task
        _wake_at_signals(task.get_loop())

    def settle(self, exit_code: int) -> None:
        """Let a signal, from now on, do no more than hurry: the outcome stands."""
        self._exit_code = exit_code

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Let a signal wait until what is being written is whole."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False
            waiting, self._deferred = self._deferred, None
            if waiting is not None:
                self._receive(waiting, None)

    def _receive(self, signum: int, _frame: FrameType | None) -> None:
        # Runs between any two instructions of the main thread: no logging here, it might interrupt another line.
        if self._deferring:
            self._deferred = signum
            return
        if self._exit_code is not None:
            leave(self._exit_code)
        again, self.signum = self.signum is not None, signum
        if not again:
            with self.deferred():
                self._record(signum)
        if again or self._task is None:
            leave(128 + signum)
        self._task.get_loop().call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._task is not None and self.signum is not None and not self._task.done():
            _log.warning("%s received: stopping the job.", signal.Signals(self.signum).name)
            self.cancelled = self._task.cancel()


def _wake_at_signals(loop: asyncio.AbstractEventLoop) -> None:
    """Let each signal wake the loop: Python calls `_receive` between two instructions, and a loop that waits has none.

    A signal that another thread got, or that came just before the loop began to wait, does not interrupt its waiting.
    """
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    loop.add_reader(readable, os.read, readable, 4096)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)


def leave(exit_code: int) -> NoReturn:
    """End the process without waiting for its threads, after writing out what was printed."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the signal may have come in the middle of a write
            stream.flush()
    os._exit(exit_code)
