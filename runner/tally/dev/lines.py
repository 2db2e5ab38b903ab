"""Splits what a run prints into lines, however long they are and whatever bytes they hold."""

import asyncio
from collections.abc import AsyncIterator

_LONGEST = 64 * 1024  # bytes; a longer line is told in pieces, so that none fills the memory
_CHUNK = 16 * 1024


async def lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Give the lines without their ends, each as soon as it is whole; the last one may have had no end.

    Args:
        stream: A pipe that a process writes to; what is no UTF-8 is escaped.
    """
    kept = b""
    while chunk := await stream.read(_CHUNK):
        *whole, kept = (kept + chunk).split(b"\n")
        for each in whole:
            yield _text(each)
        if len(kept) > _LONGEST:
            yield _text(kept)
            kept = b""
    if kept:
        yield _text(kept)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace").rstrip("\r")
