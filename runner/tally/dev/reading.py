"""Reads what the jobs of a folder say of themselves, in a process of its own.

Importing a job runs its author's code. In a child, that code cannot stop the schedules, a file that was saved is read
anew with all that it imports, and what hangs or exits is told like any other mistake. `python -m tally.dev.reading
FOLDER` is that child: it prints one JSON object.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tally import cron, loader
from tally.config import JobConfig
from tally.container import Container
from tally.dev import children
from tally.errors import LoadError

_PATIENCE = 60  # seconds; a healthy folder takes well under one


@dataclass(frozen=True, kw_only=True)
class Folder:
    """What a jobs folder holds.

    Args:
        configs: The sound jobs, by name.
        broken: The names of the files that hold no sound job.
        errors: What is wrong, each with its file.
    """

    configs: Mapping[str, JobConfig]
    broken: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


async def read(folder: Path, patience: float = _PATIENCE) -> Folder:
    """Read a jobs folder.

    Args:
        folder: The jobs folder.
        patience: How long it may take, in seconds.

    Raises:
        LoadError: The folder cannot be read at all: it is not there, or a file in it hangs or ends the process.
    """
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as complaints:
        child = await children.start("tally.dev.reading", str(folder), stdout=told.fileno(), stderr=complaints.fileno())
        try:
            async with asyncio.timeout(patience):
                exit_code = await child.wait()
        except TimeoutError:
            raise LoadError(
                f"The jobs in {folder} were not read within {patience:g} s: a file waits while it is imported. "
                "Move what waits into run(container)."
            ) from None
        finally:
            await children.end_group(child)
        return _parsed(folder, exit_code, *map(_text, (told, complaints)))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "backslashreplace")


def _parsed(folder: Path, exit_code: int, told: str, complaints: str) -> Folder:
    try:
        said = json.loads(told)
    except ValueError:
        last = complaints.strip().rpartition("\n")[2]
        raise LoadError(
            f"A file in {folder} ended the process that imported it, with exit code {exit_code}. {last}".rstrip()
        ) from None
    if said["refusal"]:
        raise LoadError(said["refusal"])
    configs = [JobConfig(**each) for each in said["configs"]]
    return Folder(
        configs={config.name: config for config in configs},
        broken=tuple(said["broken"]),
        errors=tuple(said["errors"]),
    )


def _told(folder: Path) -> dict[str, Any]:
    try:
        jobs, errors = loader.load_all(folder)
        names = loader.names(folder)
    except LoadError as error:
        return {"refusal": str(error)}
    problems = {job.name: _problem(job.config, job.path) for job in jobs}
    sound = [job for job in jobs if problems[job.name] is None]
    try:
        loader.register_services(folder, Container())
    except LoadError as error:
        errors.append(error)
    return {
        "refusal": None,
        "configs": [asdict(job.config) for job in sound],
        "broken": sorted({*names} - {job.name for job in sound}),
        "errors": [*map(str, errors), *filter(None, problems.values())],
    }


def _problem(config: JobConfig, path: Path) -> str | None:
    """Say what only this machine's calendar can: an unknown zone, or a schedule that never fires."""
    try:
        zone = ZoneInfo(config.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return (
            f"{path}: the time zone {config.time_zone!r} is none that this machine knows. "
            'Write an IANA name: time_zone="Europe/Berlin".'
        )
    if cron.parse(config.schedule).next(datetime.now(zone)) is None:
        return (
            f"{path}: the schedule {config.schedule!r} does not fire within five years. "
            'Write a day that comes: schedule="0 0 28 2 *".'
        )
    return None


def _main() -> None:
    # What a job prints while it is imported must not get into the answer.
    answer = os.dup(1)
    os.dup2(2, 1)
    text = json.dumps(_told(Path(sys.argv[1])))
    with os.fdopen(answer, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os._exit(0)  # threads that an import has started are not waited for


if __name__ == "__main__":
    _main()
