"""The logs of one run, as they come: read in a thread, handed over to the event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

from tally import names
from tally.kubectl.attending import attend
from tally.kubectl.cluster import Cluster
from tally.kubectl.errors import ClusterError, NotFoundError
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.resources import JOBS
from tally.kubectl.screens import ended

_LINES = "5000"  # of each pod, from its end
_BEHIND = 64  # pieces that may wait for a slow tab
_AT_ONCE = threading.BoundedSemaphore(20)


class _GoneError(Exception):
    """Nobody reads any more."""


def check(cluster: Cluster, scheduled_job: ScheduledJob, job: str) -> None:
    """See that a Job is one of a ScheduledJob.

    Raises:
        NotFoundError: It is not, or it has gone.
        ClusterError: It cannot be read.
    """
    body = cluster.get(JOBS, scheduled_job.namespace, job)
    if (body["metadata"].get("labels") or {}).get(names.LABEL_OWNER) != scheduled_job.uid:
        raise NotFoundError(f"The Job {job} is none of {scheduled_job.name}.")


async def followed(cluster: Cluster, namespace: str, job: str) -> AsyncIterator[bytes]:
    """Follow a run to its end.

    Args:
        cluster: Where.
        namespace: Of the Job.
        job: The Job's name.

    Yields:
        The logs of its pods, what it waits for, and how it ended.
    """
    if not _AT_ONCE.acquire(blocking=False):
        yield "· Too many logs are followed at once: close some of them.\n".encode()
        return
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[bytes | None] = asyncio.Queue(_BEHIND)
    gone = threading.Event()

    def hand_over(piece: bytes | None) -> None:
        if gone.is_set():
            raise _GoneError
        try:
            asyncio.run_coroutine_threadsafe(pieces.put(piece), loop).result()
        except RuntimeError as error:  # the loop is closed
            raise _GoneError from error

    threading.Thread(target=_read, args=(cluster, namespace, job, hand_over), name="logs", daemon=True).start()
    try:
        while (piece := await pieces.get()) is not None:
            yield piece
    finally:
        gone.set()
        while not pieces.empty():  # whoever waits to hand something over goes on, and sees that nobody reads
            pieces.get_nowait()


def _read(cluster: Cluster, namespace: str, job: str, hand_over: Callable[[bytes | None], None]) -> None:
    def say(words: str) -> None:
        hand_over(f"· {words}\n".encode())

    try:
        try:
            run = attend(cluster, namespace, job, say=say, write=hand_over, query={"tailLines": _LINES})
            say(f"The run {ended(run)}.")
        except ClusterError as error:
            say(str(error))
        hand_over(None)
    except _GoneError:
        return
    finally:
        _AT_ONCE.release()
