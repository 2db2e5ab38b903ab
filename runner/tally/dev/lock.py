"""One `tally dev` for one jobs folder, and no run of an earlier one beside it.

The lock is the kernel's, on an open file that each run inherits: it ends when the last process that has the file open
has ended, however it ended. So a `tally dev` that is started after another one was killed cannot start a job whose run
was left behind and goes on.
"""

import fcntl
import os
from pathlib import Path

from tally.errors import TallyError


class LockedError(TallyError):
    """Another process holds the lock."""


def acquire(path: Path) -> int:
    """Take the lock, or refuse at once.

    Args:
        path: A file in a folder that exists; it is made if it is not there, and stays.

    Returns:
        The file descriptor that holds the lock: runs inherit it, and closing it gives the lock up.

    Raises:
        LockedError: It is held; the message says by whom.
        OSError: The file cannot be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise LockedError(_held(holder)) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
    return descriptor


def _held(holder: str) -> str:
    if not holder.isdecimal() or _lives(int(holder)):
        process = f" (process {holder})" if holder else ""
        return f"Another tally dev works on this folder{process}. Stop it first, so that nothing runs twice."
    return (
        f"A run that an earlier tally dev (process {holder}) left behind still goes on. Wait until it has ended, "
        "or find it with `ps -ef | grep 'tally run'` and end it with `kill`."
    )


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        return True
    return True


def release(descriptor: int) -> None:
    """Give the lock up, unless a run still has it."""
    os.close(descriptor)
