"""What a person sees while the cluster works: a line a step with its time, and a failed step's reason and log."""

import fcntl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

TICK_SECONDS = 20.0
LOG_LINES = 15


class StepError(Exception):
    """A step failed.

    Args:
        message: what failed, for a person.
        log: where the details stand, if anywhere.
    """

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log

    def explain(self) -> str:
        """The message with the end of the log and its place."""
        if self.log is None or not self.log.exists():
            return str(self)
        tail = self.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        return "\n".join([str(self), *(f"    {line}" for line in tail), f"  the whole log: {self.log}"])


@contextmanager
def step(title: str) -> Iterator[None]:
    """Prints the title with its time when done; a long step says every 20 seconds that it lives."""
    start = time.monotonic()
    done = threading.Event()

    def tick() -> None:
        while not done.wait(TICK_SECONDS):
            _say(f"  … {title:<52} {time.monotonic() - start:7.1f} s")

    threading.Thread(target=tick, daemon=True).start()
    try:
        yield
    except BaseException:
        _say(f"  ✗ {title:<52} {time.monotonic() - start:7.1f} s")
        raise
    finally:
        done.set()
    _say(f"  ✓ {title:<52} {time.monotonic() - start:7.1f} s")


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Lets one command at a time do what the lock file stands for; the others wait, and say so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step(f"waiting for another command ({path.name})"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(
    command: Sequence[str | Path], log: Path, *, env: dict[str, str] | None = None, cwd: Path | None = None
) -> None:
    """Runs a command with its output in a log.

    Raises:
        StepError: it could not start or ended with another code than 0.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as out:
        out.write(f"$ {' '.join(map(str, command))}\n")
        out.flush()
        try:
            code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=cwd).returncode
        except OSError as error:
            raise StepError(f"{command[0]} cannot be started: {error}", log) from error
    if code:
        raise StepError(f"{Path(command[0]).name} {' '.join(map(str, command[1:3]))} … ended with code {code}", log)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
