"""How `tally dev` starts Python and ends it: children find modules where it does, and none outlives its group."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping
from pathlib import Path


async def start(
    module: str,
    *arguments: str,
    stdout: int,
    stderr: int = asyncio.subprocess.STDOUT,
    environ: Mapping[str, str] | None = None,
    inherited: tuple[int, ...] = (),
) -> Process:
    """Start a module of this package as a child, in a process group of its own: Ctrl-C is for `tally dev` only.

    Args:
        module: The module that runs as the main one.
        arguments: What it gets.
        stdout: The file descriptor that is its standard output. No pipe of asyncio's: `wait` would then wait also for
            whoever else has the pipe open.
        stderr: The same for its standard error; the default is the standard output.
        environ: Its environment; None is this process's.
        inherited: File descriptors that it shall have open too.
    """
    # `python -m` puts the working directory in front of the path; neither `tally` nor a pod does, and a job must not
    # find here what it will not find there.
    started_as_module = Path(sys.argv[0]).name == "__main__.py"
    options = () if started_as_module else ("-P",)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *options,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env=environ,
        start_new_session=True,
        pass_fds=inherited,
    )


async def pipe() -> tuple[asyncio.StreamReader, asyncio.ReadTransport, int]:
    """Make a pipe for a child to write into.

    Returns:
        The end to read from, its transport, and the file descriptor of the other end; both are to be closed.
    """
    readable, writable = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(readable, "rb")
    )
    return reader, transport, writable


async def end_group(child: Process) -> None:
    """End what is left of a child and of the processes that it has started, as the end of a pod does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.wait()
