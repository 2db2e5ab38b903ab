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
    stderr: int,
    environ: Mapping[str, str] | None = None,
    inherited: tuple[int, ...] = (),
) -> Process:
    """Start a module of this package as a child, in a process group of its own: Ctrl-C is for `tally dev` only.

    Args:
        module: The module that runs as the main one.
        arguments: What it gets.
        stderr: Where its standard error goes, as subprocess says it; the standard output is a pipe.
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
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        env=environ,
        start_new_session=True,
        pass_fds=inherited,
    )


async def end_group(child: Process) -> None:
    """End what is left of a child and of the processes that it has started, as the end of a pod does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.wait()
