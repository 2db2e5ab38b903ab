"""Starts and stops the components by pid file; a pid counts as ours only with the start time that was noted beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tally_cluster.progress import StepError

STOP_SECONDS = 20.0
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Process:
    """One background process of a cluster.

    Args:
        name: of its pid file and its log.
        folder: the cluster's folder.
    """

    name: str
    folder: Path

    @property
    def pid_file(self) -> Path:
        return self.folder / "pids" / self.name

    @property
    def log(self) -> Path:
        return self.folder / "logs" / f"{self.name}.log"

    def pid(self) -> int | None:
        """The running process's id; None when it has ended or another process has taken its number."""
        try:
            pid, started = self.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if start_time(int(pid)) == started else None

    def start(self, command: Sequence[str | Path], *, env: dict[str, str] | None = None) -> None:
        """Starts it in a session of its own, so that it outlives the command line."""
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **(env or {})}
        with self.log.open("ab") as out:
            try:
                child = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, env=environment
                )
            except OSError as error:
                raise StepError(f"{self.name} cannot be started: {error}", self.log) from error
        self.pid_file.write_text(f"{child.pid} {start_time(child.pid)}")

    def stop(self) -> None:
        """Asks it to end, insists after a while, and forgets it."""
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            if not wait_for(lambda: self.pid() is None, STOP_SECONDS):
                os.kill(pid, signal.SIGKILL)
                wait_for(lambda: self.pid() is None, STOP_SECONDS)
        self.pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """Ends it without a chance to clean up, as a crash would."""
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: self.pid() is None, STOP_SECONDS)

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Waits for readiness.

        Raises:
            StepError: it ended, or was not ready in time.
        """
        if wait_for(lambda: self.pid() is None or ready(), seconds) and self.pid() is not None:
            return
        reason = "ended" if self.pid() is None else f"was not ready after {seconds:.0f} s"
        raise StepError(f"{self.name} {reason}", self.log)


def start_time(pid: int) -> str | None:
    """The kernel's start tick of a live process; None for none and for a zombie, which is as good as none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Polls until the condition holds or the time is over, and says which."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
