"""Tells that a Python file of the jobs folder was saved, by watchfiles."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

# Seconds between two looks at whether the folder is still the same one: a checkout of another branch may have taken it
# away and brought it back, and then nothing is told of the new one.
_LOOK = 2.0


async def saves(folder: Path, look: float = _LOOK) -> AsyncIterator[frozenset[str]]:
    """Give a sign after each save, and one soon after the start: something may have been saved before we looked.

    Args:
        folder: The jobs folder.
        look: Seconds between two looks at whether it is still the same folder.

    Yields:
        The names of the jobs whose own files were saved; there may be none.
    """
    from watchfiles import Change, PythonFilter, awatch

    while True:
        folder_then = _identity(folder)
        if folder_then is None:
            await asyncio.sleep(look)
            continue
        first = True
        timeout = round(1000 * look)
        watch = awatch(folder, watch_filter=PythonFilter(), debounce=200, rust_timeout=timeout, yield_on_timeout=True)
        async for changes in watch:
            moved = _identity(folder) != folder_then
            if changes or first or moved:
                yield frozenset(_job(path) for change, path in changes if change != Change.deleted)
            if moved:
                break
            first = False


def _job(path: str) -> str:
    return Path(path).stem.replace("_", "-")


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
