"""Puts `tally dev` together: the folder, the counts, the screen, and what the signals do."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from tally.dev import reading, watching
from tally.dev.execution import Execution, Surroundings
from tally.dev.screen import Lines, Screen
from tally.dev.session import Clock, Session, SystemClock
from tally.dev.store import Store, path_for
from tally.errors import TallyError

_SIGNALS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


def run(
    folder: Path,
    environ: Mapping[str, str],
    *,
    resets: bool = False,
    reset: str | None = None,
    clock: Clock | None = None,
) -> int:
    """Run the jobs of a folder on their schedules until a signal comes.

    Args:
        folder: The jobs folder.
        environ: This process's environment.
        resets: Whether counts are forgotten first.
        reset: Whose; None is all jobs'.
        clock: The time; this machine's own if None.

    Returns:
        The exit code: 0, or 1 when a run did not end in time and was killed.

    Raises:
        TallyError: It cannot start, or cannot keep the counts.
    """
    _check_installed()
    if not folder.is_dir():
        raise TallyError(f"There is no jobs folder {folder}. Name it by --jobs FOLDER or the variable TALLY_JOBS.")
    store = Store.open(path_for(folder))
    try:
        if resets:
            store.reset(reset)
        return asyncio.run(_run(folder, environ, store, clock or SystemClock()))
    finally:
        store.close()


async def _run(folder: Path, environ: Mapping[str, str], store: Store, clock: Clock) -> int:
    surroundings = Surroundings(folder=folder, environ=environ, inherited=(store.descriptor,))
    screen = _screen(environ)
    session = Session(
        store=store,
        clock=clock,
        screen=screen,
        begin=lambda start, say: Execution(start, surroundings, say),
        read=lambda: reading.read(folder),
        grace=surroundings.grace,
    )
    loop = asyncio.get_running_loop()
    for signum, name in _SIGNALS.items():
        loop.add_signal_handler(signum, session.interrupt, name)
    # It may come after a write has failed for the same reason: that is no second signal.
    loop.add_signal_handler(signal.SIGHUP, session.stop, "The terminal is gone")
    try:
        screen.say(None, _greeting(folder, store.path))
        for name in store.recover():
            screen.say(name, "A run of an earlier tally dev never told its end. It counts.")
        return 0 if await session.run(watching.saves(folder)) else 1
    finally:
        with contextlib.suppress(OSError):  # the terminal may be gone
            screen.close()


def _greeting(folder: Path, counts: Path) -> str:
    shortest = min(os.path.relpath(counts), str(counts), key=len)
    return f"Runs the jobs in {folder}; their counts are in {shortest}. Ctrl-C stops."


def _screen(environ: Mapping[str, str]) -> Screen:
    if not sys.stdout.isatty() or environ.get("TERM") == "dumb":  # which cannot draw over what it shows
        return Lines()
    from tally.dev.live import LiveScreen

    return LiveScreen()


def _check_installed() -> None:
    missing = [name for name in ("rich", "watchfiles") if find_spec(name) is None]
    if missing:
        raise TallyError(f"tally dev needs {' and '.join(missing)}. Install it: pip install 'tally[dev]'.")
