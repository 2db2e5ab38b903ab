"""Waiting that no cancellation cuts short: for a thread, which cannot be stopped, and for what must come to its end."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


async def called(function: Callable[[], Any]) -> tuple[Any, asyncio.CancelledError | None]:
    """Call a step or a compensation, a plain function in a thread.

    Args:
        function: A `functools.partial` of it, with all that it takes.

    Returns:
        What it returned; and the cancellation that came while a thread ran: a thread cannot be stopped, so it was
        waited for, and the caller raises the cancellation when it has noted what the thread did.
    """
    if inspect.iscoroutinefunction(function):
        return await function(), None
    thread = asyncio.ensure_future(asyncio.to_thread(_caught, function))
    interruption = await outlast(thread)
    value, error = thread.result()
    if error is not None:
        if interruption is not None:
            raise interruption from error
        raise error
    # A decorator may have hidden a coroutine function.
    return (await value if inspect.isawaitable(value) else value), interruption


def _caught(function: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return function(), None
    except BaseException as error:  # noqa: BLE001 (a StopIteration would never leave the thread)
        return None, error


async def outlast(
    task: "asyncio.Future[Any]", on_cancel: Callable[[], object] = lambda: None
) -> asyncio.CancelledError | None:
    """Wait for a task until it ends, whatever is cancelled meanwhile.

    Args:
        task: What to wait for; its error is the caller's to look at.
        on_cancel: Called for each cancellation.

    Returns:
        The last cancellation that came.
    """
    interruption = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as cancelled:
            interruption = cancelled
            on_cancel()
    return interruption
