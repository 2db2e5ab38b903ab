"""The machinery under `tally.workflows`: which steps of a run have begun, which still run, and how they are undone.

A run goes through three stages. Its function runs in a task of its own, and each step it awaits enters itself here,
found by a context variable. Then the run is closed: no step begins any more, those that run finish. Then, if anything
went wrong, what has begun is compensated in another task, which no cancellation reaches. Steps are ordered by their
beginnings over all workflows of a process, so that those of an inner workflow have their place among the outer one's.

The pattern is a saga (Garcia-Molina and Salem, 1987): each step commits by itself, and is undone by a step of its own.
"""

import asyncio
import functools
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, Union

from tally.container import Container
from tally.errors import TallyError
from tally.jsontext import text_of
from tally.outlasting import called, outlast

State = Literal["done", "reverted", "failed"]
Compensate = Callable[[Container, Any], object]

_log = logging.getLogger("tally.workflow")
_order = itertools.count()
# The run that a step called here belongs to; the step's name inside of a step; None outside of both.
_current: ContextVar[Union["Run", str, None]] = ContextVar("workflow", default=None)


class WorkflowError(TallyError):
    """A workflow or a step is written, or used, in a way that cannot be."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One thing that failed in a workflow.

    Args:
        name: The step's name; the workflow's where its own code raised.
        while_doing: `run`, or `compensation`: then the step is not undone.
        error: What was raised.
    """

    name: str
    while_doing: Literal["run", "compensation"]
    error: BaseException


@dataclass(frozen=True)
class Retries:
    """How often a step is tried again, and how many seconds lie before each try."""

    most: int
    interval: float


@dataclass(kw_only=True)
class _Begun:
    """A step that has begun; `result` stays None until it has ended well."""

    name: str
    container: Container
    compensate: Compensate | None
    order: int
    result: Any = None


class Run:
    """One run of a workflow.

    Args:
        name: The workflow's name.
        container: What its compensations get.
        outer: The run that this one is a part of; None for none.
    """

    def __init__(self, name: str, container: Container, outer: "Run | None") -> None:
        self.name = name
        self.errors: list[Failure] = []
        self._container = container
        self._outer = outer
        self._begun: list[_Begun] = []
        self._running: dict[asyncio.Task[Any], str] = {}
        self._idle = asyncio.Event()
        self._closed = False

    async def execute(self, function: Callable[[], Awaitable[Any]]) -> tuple[Any, BaseException | None]:
        """Go through all stages.

        Args:
            function: Calls the workflow's function.

        Returns:
            What it returned, and None; or None, and what the run failed with, after all was compensated.
        """
        if self._outer is None:
            return await self._execute(function)
        with self._outer._doing(self.name):
            value, error = await self._execute(function)
            self._outer.errors += self.errors
            if error is None:
                self._outer._begun += self._begun
            return value, error

    async def take(self, name: str, attempt: Callable[[], Any], compensate: Compensate | None, retries: Retries) -> Any:  # noqa: ANN401
        """Run a step as a part of this run.

        Args:
            name: The step's name.
            attempt: Calls the step's function; called again for each retry.
            compensate: Undoes the step; None where there is nothing to undo.
            retries: How often it is tried again.
        """
        with self._doing(name):
            begun = _Begun(name=name, container=self._container, compensate=compensate, order=next(_order))
            self._begun.append(begun)
            token = _current.set(name)
            try:
                begun.result, interruption = await self._tried(name, attempt, retries)
                if interruption is not None:
                    raise interruption
            except BaseException as error:
                self.errors.append(Failure(name=name, while_doing="run", error=error))
                raise
            finally:
                _current.reset(token)
            return begun.result

    def state_after_failure(self) -> State:
        """Say whether all was undone."""
        return "failed" if any(each.while_doing == "compensation" for each in self.errors) else "reverted"

    @property
    def closed(self) -> bool:
        """Tell whether no step may begin any more: this run's function is over, or one around it."""
        return self._closed or (self._outer is not None and self._outer.closed)

    async def _execute(self, function: Callable[[], Awaitable[Any]]) -> tuple[Any, BaseException | None]:
        # In a task of its own, so that a cancellation of the run is known even where the function turns it into
        # something else; a task's own count of cancellations is wrong after a TaskGroup in Python 3.11.
        body = asyncio.create_task(self._call(function))
        interruption = await outlast(body, body.cancel)
        self._closed = True
        value, error = (None, asyncio.CancelledError()) if body.cancelled() else body.result()
        if interruption is not None or isinstance(error, asyncio.CancelledError):
            self._cancel_running()
        while self._running:
            idle = asyncio.ensure_future(self._idle.wait())
            interruption = await outlast(idle, self._cancel_running) or interruption
        error = error or interruption
        if error is None:
            return value, None
        interruption = await self._compensate(error) or interruption
        if interruption is None or isinstance(error, asyncio.CancelledError):
            return None, error
        # The cancellation came after the failure, or the function has turned it into something else.
        interruption.__cause__ = error
        return None, interruption

    async def _call(self, function: Callable[[], Awaitable[Any]]) -> tuple[Any, BaseException | None]:
        _current.set(self)
        try:
            value = await function()
            if self._running:
                names = ", ".join(self._running.values())
                text = f"The workflow {self.name!r} returned while it still ran {names}. Await every step."
                raise WorkflowError(text)
        except BaseException as error:  # noqa: BLE001 (whatever ends a workflow, what it began is undone)
            if not any(each.error is error for each in self.errors):
                self.errors.append(Failure(name=self.name, while_doing="run", error=error))
            return None, error
        finally:
            self._closed = True
        return value, None

    def _cancel_running(self) -> None:
        for task in list(self._running):
            task.cancel()

    @contextmanager
    def _doing(self, name: str) -> Iterator[None]:
        """Enter what runs in this task, a step or an inner workflow, so that the run's end waits for it."""
        if self.closed:
            raise WorkflowError(f"{name!r} did not begin: the workflow {self.name!r} is over.")
        task = _this_task()
        self._running[task] = name
        self._idle.clear()
        try:
            yield
        finally:
            del self._running[task]
            if not self._running:
                self._idle.set()

    async def _tried(
        self, name: str, attempt: Callable[[], Any], retries: Retries
    ) -> tuple[Any, asyncio.CancelledError | None]:
        for retry in range(1, retries.most + 1):
            try:
                return await called(attempt)
            except Exception as error:
                if self.closed:
                    raise
                text = "The step %s failed, retry %d of %d follows in %g s: %s"
                _log.warning(text, name, retry, retries.most, retries.interval, text_of(error))
                await asyncio.sleep(retries.interval)
                if self.closed:
                    raise
        return await called(attempt)

    async def _compensate(self, error: BaseException) -> asyncio.CancelledError | None:
        count = sum(each.compensate is not None for each in self._begun)
        cancelled = isinstance(error, asyncio.CancelledError)
        reason = "was cancelled" if cancelled else f"failed with {type(error).__name__}: {text_of(error)}"
        _log.warning("The workflow %s %s (steps to compensate: %d)", self.name, reason, count)
        return await outlast(asyncio.ensure_future(self._compensate_all(error)))

    async def _compensate_all(self, error: BaseException) -> None:
        _current.set(None)
        for begun in sorted(self._begun, key=lambda each: each.order, reverse=True):
            if begun.compensate is not None:
                await self._compensate_one(begun, begun.compensate, error)

    async def _compensate_one(self, begun: _Begun, compensate: Compensate, error: BaseException) -> None:
        try:
            await called(functools.partial(compensate, begun.container, begun.result))
        except BaseException as failure:  # noqa: BLE001 (it may fail in any way; the others are undone nevertheless)
            text = "The step %s of the workflow %s could not be compensated: %s"
            _log.error(text, begun.name, self.name, text_of(failure), exc_info=failure)
            self.errors.append(Failure(name=begun.name, while_doing="compensation", error=failure))
            error.add_note(f"The step {begun.name} could not be compensated: {text_of(failure)}")


def current_run(step: str) -> Run | None:
    """Find the run that a step which is called here belongs to; None outside of a workflow.

    Args:
        step: The step's name, for the message.

    Raises:
        WorkflowError: It is called by another step.
    """
    return _run_unless_in_a_step(f"The step {step!r} was called", "Call it in the workflow, to have it undone.")


def outer_run(workflow: str) -> Run | None:
    """Find the run that a workflow which is run here becomes a part of; None for none.

    Args:
        workflow: The workflow's name, for the message.

    Raises:
        WorkflowError: It is run by a step.
    """
    return _run_unless_in_a_step(f"The workflow {workflow!r} was run", "Run it in the workflow, to have it undone.")


def _run_unless_in_a_step(what: str, instead: str) -> Run | None:
    current = _current.get()
    if isinstance(current, str):
        raise WorkflowError(f"{what} by the step {current!r}. {instead}")
    return current


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise WorkflowError("A workflow needs a running asyncio task: await it in a job's `async def run`.")
    return task
