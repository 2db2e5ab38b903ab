"""Work that is done whole or undone: a workflow's steps each say how to undo them, and a failure undoes what has begun.

    async def release(container: Container, reservation: str | None) -> None: ...

    @step(compensate=release, max_retries=2, retry_interval=5)
    async def reserve(container: Container, product_id: str) -> str: ...

    @workflow
    async def order_workflow(container: Container, order: Order) -> list[str]:
        reservations = await asyncio.gather(*(reserve(container, each) for each in order.product_ids))
        if order.is_gift:
            await wrap(container, order.id)
        return reservations

    result = await order_workflow(container).run(input=order)       # in a job, or in another workflow

A workflow is Python: `if`, `for`, `try` and `asyncio.gather` compose its steps. It lives in one process and remembers
nothing across a crash: what must survive one is kept in the database, by `execution.slot`.
"""

import functools
import inspect
import math
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, Literal, ParamSpec, Protocol, TypeVar, cast, overload

from tally import compensation
from tally.compensation import Compensate, Failure, Run, State, WorkflowError
from tally.container import Container
from tally.outlasting import called

__all__ = ["Failure", "WorkflowError", "WorkflowResult", "step", "workflow"]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_I = TypeVar("_I")

_Step = Callable[_P, Coroutine[Any, Any, _R]]


@dataclass(frozen=True, kw_only=True)
class WorkflowResult(Generic[_R]):
    """How a workflow ended.

    Args:
        result: What it returned; None where it did not end well.
        errors: Every failure, in the order in which they happened: of a step after its last retry, of the workflow's
            own code, of a compensation, of the workflows inside. Those that the workflow caught are here too.
        state: `done`: it returned. `reverted`: it failed, and all that had begun was undone. `failed`: it failed, and
            what `errors` names with `while_doing="compensation"` is not undone.
    """

    result: _R
    errors: tuple[Failure, ...]
    state: State


class BoundWorkflow(Generic[_I, _R]):
    """A workflow with the container that it shall use; `run` runs it.

    Args:
        function: The workflow's function.
        container: The services of this run.
    """

    def __init__(self, function: Callable[[Container, _I], Awaitable[_R]], container: Container) -> None:
        self._function = function
        self._container = container

    @overload
    async def run(self, *, input: _I, throw_on_error: Literal[True] = True) -> WorkflowResult[_R]: ...
    @overload
    async def run(self, *, input: _I, throw_on_error: bool) -> WorkflowResult[_R | None]: ...
    async def run(  # the contract's words
        self,
        *,
        input: _I,  # noqa: A002
        throw_on_error: bool = True,
    ) -> WorkflowResult[_R] | WorkflowResult[_R | None]:
        """Run the workflow to its end, and undo what it did if it fails.

        When its function raises, the steps that are still running in parallel finish (they are not retried, and no
        other step begins); then what has begun is compensated, the newest first. A compensation that fails does not
        stop the others.

        A cancellation (SIGTERM, a timeout around the run) compensates too: steps in parallel are cancelled, a thread
        is waited for. Nothing cuts a compensation short but the end of the grace period.

        A workflow that is run by another one undoes itself when it fails, so that the outer one may catch the error
        and go on. Once it has ended well, its steps are the outer one's, and are undone with them.

        Args:
            input: What the workflow's function gets beside the container.
            throw_on_error: False gives a result in the state `reverted` or `failed` instead of raising.

        Returns:
            What the workflow returned, and what failed on the way.

        Raises:
            asyncio.CancelledError: The run was cancelled, whatever `throw_on_error` says.
            WorkflowError: A step runs it, or its outer workflow is over; or its function returned while steps ran.
            BaseException: What its function raised, with a note for each compensation that failed. What is no
                `Exception`, as a `SystemExit`, is raised whatever `throw_on_error` says.
        """
        run = Run(self._function.__name__, self._container, compensation.outer_run(self._function.__name__))
        value, error = await run.execute(functools.partial(self._function, self._container, input))
        if error is None:
            return WorkflowResult(result=cast("_R", value), errors=tuple(run.errors), state="done")
        if throw_on_error or not isinstance(error, Exception):
            raise error
        nothing: _R | None = None
        return WorkflowResult(result=nothing, errors=tuple(run.errors), state=run.state_after_failure())


def workflow(function: Callable[[Container, _I], Awaitable[_R]]) -> Callable[[Container], BoundWorkflow[_I, _R]]:
    """Make a workflow of a coroutine function that awaits steps.

    Args:
        function: An `async def` that takes the container and the input.

    Returns:
        What takes the container and gives the workflow, ready to run: `await order_workflow(container).run(input=...)`.

    Raises:
        WorkflowError: It is no `async def`, or takes something else.
    """
    name = getattr(function, "__name__", repr(function))
    if not inspect.iscoroutinefunction(function):
        raise WorkflowError(f"The workflow {name!r} must be a coroutine function. Write: async def {name}(...).")
    if not _takes_two(function):
        raise WorkflowError(
            f"The workflow {name!r} must take the container and the input. Write: async def {name}(container, input)."
        )

    @functools.wraps(function)
    def bind(container: Container) -> BoundWorkflow[_I, _R]:
        return BoundWorkflow(function, container)

    return bind


class _StepDecorator(Protocol):
    @overload
    def __call__(self, function: Callable[_P, Awaitable[_R]], /) -> _Step[_P, _R]: ...
    @overload
    def __call__(self, function: Callable[_P, _R], /) -> _Step[_P, _R]: ...


@overload
def step(function: Callable[_P, Awaitable[_R]], /) -> _Step[_P, _R]: ...
@overload
def step(function: Callable[_P, _R], /) -> _Step[_P, _R]: ...
@overload
def step(
    *, compensate: Compensate | None = None, max_retries: int = 0, retry_interval: float = 0
) -> _StepDecorator: ...
def step(
    function: Callable[..., Any] | None = None,
    /,
    *,
    compensate: Compensate | None = None,
    max_retries: int = 0,
    retry_interval: float = 0,
) -> Any:
    """Make a step of a function: a workflow awaits it, may retry it, and undoes it when something fails.

    Its arguments are what the workflow hands over; one that needs the container takes it as one of them. A plain
    function runs in a thread. Called outside of a workflow, as in a test, it is just the function: it is not retried
    and nothing is undone. A step does not call other steps: the workflow does, so that each is undone on its own.

    Args:
        function: The step, where the decorator is written without parentheses.
        compensate: Undoes the step; a function, async or plain, that takes the container of the run and what the step
            returned. So a step returns what its compensation must know, such as the keys of the rows that it wrote.
            The step that failed, or was cancelled, is compensated with None, as it may have been half done. None: there
            is nothing to undo.
        max_retries: How often the step is tried again after an `Exception`, 0 or more. The tries count as one step.
        retry_interval: How long to wait before each of these, in seconds.

    Raises:
        WorkflowError: An argument cannot be; the message says which.
    """
    if function is None:
        return functools.partial(_step, compensate=compensate, max_retries=max_retries, retry_interval=retry_interval)
    return _step(function, compensate=compensate, max_retries=max_retries, retry_interval=retry_interval)


def _step(
    function: Callable[..., Any],
    *,
    compensate: Compensate | None,
    max_retries: int,
    retry_interval: float,
) -> Callable[..., Coroutine[Any, Any, Any]]:
    name = getattr(function, "__name__", repr(function))
    _check(name, function, compensate)
    _check_retries(name, max_retries, retry_interval)
    retries = compensation.Retries(max_retries, retry_interval)

    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (the function's own)
        run = compensation.current_run(name)
        attempt = functools.partial(function, *args, **kwargs)
        if run is not None:
            return await run.take(name, attempt, compensate, retries)
        value, interruption = await called(attempt)
        if interruption is not None:
            raise interruption
        return value

    return call


def _check(name: str, function: Callable[..., Any], compensate: Callable[..., object] | None) -> None:
    if not callable(function) or inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise WorkflowError(f"The step {name!r} must be a function without a yield, async or plain.")
    if compensate is not None and not (callable(compensate) and _takes_two(compensate)):
        raise WorkflowError(
            f"The step {name!r} has a compensation that cannot be called. "
            f"Write: async def undo_{name}(container, result), where result is what the step returned, or None."
        )


def _check_retries(name: str, max_retries: int, retry_interval: float) -> None:
    if isinstance(max_retries, bool) or not isinstance(max_retries, int) or max_retries < 0:
        raise WorkflowError(f"The step {name!r} has max_retries={max_retries!r}. It must be a whole number, 0 or more.")
    if not isinstance(retry_interval, int | float) or not (math.isfinite(retry_interval) and retry_interval >= 0):
        raise WorkflowError(f"The step {name!r} has retry_interval={retry_interval!r}. It must be seconds, 0 or more.")


def _takes_two(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    except ValueError:  # a function written in C may have no signature to read
        return True
    return True
