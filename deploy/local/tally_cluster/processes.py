"""Starts and stops the components by pid file; a pid is ours only with the start time that was noted beside it."""

import os
import signal
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
        """Holds the pid and its start time."""
        return self.folder / "pids" / self.name

    @property
    def log(self) -> Path:
        """Everything that it printed, over all its lives."""
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
        executable, *_ = words = [str(word) for word in command]
        output = (os.POSIX_SPAWN_OPEN, 1, str(self.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        streams = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), output, (os.POSIX_SPAWN_DUP2, 1, 2)]
        try:
            # Not Popen, which wants to see its children end: these outlive us.
            pid = os.posix_spawnp(executable, words, {**os.environ, **(env or {})}, file_actions=streams, setsid=True)
        except OSError as error:
            raise StepError(f"{self.name} cannot be started: {error}", self.log) from error
        self.pid_file.write_text(f"{pid} {start_time(pid)}")

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
