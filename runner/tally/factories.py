"""How a service comes to be and goes: what a factory may look like, how it is called, and what closes what it gave."""

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

from tally.errors import ServiceError

Factory = Callable[..., object]
# Closes one service; what it is given is the error that ended the job, or None.
Closer = Callable[[BaseException | None], Awaitable[object]]


def check(name: str, factory: Factory) -> None:
    """Refuse what cannot be called as a factory.

    Args:
        name: The service's name, for the message.
        factory: What was registered.

    Raises:
        ServiceError: It is no function or class, or needs more than the container.
    """
    if not callable(factory):
        raise ServiceError(f"The service {name!r} has no factory but {factory!r}. Write a function that returns it.")
    required = _required(factory)
    if len(required) > 1 or any(each.kind is each.KEYWORD_ONLY for each in required):
        raise ServiceError(f"The factory of the service {name!r} must take nothing, or the container alone.")


def is_async(factory: Factory | None) -> bool:
    """Tell whether a service has to be awaited: its factory is an `async def`, with or without a `yield`."""
    return inspect.iscoroutinefunction(factory) or inspect.isasyncgenfunction(factory)


def build(name: str, factory: Factory, container: object) -> tuple[object, Closer | None]:
    """Call a synchronous factory.

    Args:
        name: The service's name, for the message.
        factory: A function or class, or a generator function that yields once.
        container: What the factory gets if it takes anything.

    Returns:
        The service, and what closes it; None where nothing does.

    Raises:
        ServiceError: It returned something that only an `async def` or a generator function can stand for.
    """
    arguments = (container,) if _required(factory) else ()
    if inspect.isgeneratorfunction(factory):
        context = contextmanager(cast("Callable[..., Generator[object]]", factory))(*arguments)
        service = context.__enter__()

        async def leave(error: BaseException | None) -> None:
            # A service that swallows the error has closed; the job has failed nevertheless.
            context.__exit__(*_details(error))

        return service, leave
    service = factory(*arguments)
    if inspect.iscoroutine(service) or inspect.isgenerator(service) or inspect.isasyncgen(service):
        raise ServiceError(_hidden(name, service))
    return service, _closer_of(service)


async def build_async(factory: Factory, container: object) -> tuple[object, Closer | None]:
    """Call an asynchronous factory.

    Args:
        factory: A coroutine function, or an asynchronous generator function that yields once.
        container: What the factory gets if it takes anything.

    Returns:
        The service, and what closes it; None where nothing does.
    """
    arguments = (container,) if _required(factory) else ()
    if inspect.isasyncgenfunction(factory):
        context = asynccontextmanager(cast("Callable[..., AsyncGenerator[object]]", factory))(*arguments)
        service = await context.__aenter__()

        async def leave(error: BaseException | None) -> None:
            await context.__aexit__(*_details(error))

        return service, leave
    service = await cast("Awaitable[object]", factory(*arguments))
    return service, _closer_of(service)


def _required(factory: Factory) -> list[inspect.Parameter]:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except ValueError:  # some built-in types do not tell; they are called without arguments
        return []
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each for each in parameters if each.default is inspect.Parameter.empty and each.kind not in variable]


def _closer_of(service: object) -> Closer | None:
    close = getattr(service, "aclose", None) or getattr(service, "close", None)
    if not callable(close):
        return None

    async def leave(_error: BaseException | None) -> None:
        waiting = close()
        if inspect.isawaitable(waiting):
            await waiting

    return leave


def _details(error: BaseException | None) -> tuple[Any, Any, Any]:
    return (None, None, None) if error is None else (type(error), error, error.__traceback__)


def _hidden(name: str, service: Any) -> str:  # noqa: ANN401 (whatever a stranger's factory returned)
    said = f"The factory of the service {name!r} returned an object of type {type(service).__name__}."
    if inspect.iscoroutine(service):
        service.close()  # or Python warns that nobody awaited it
        return f"{said} Register the `async def` itself, not a call of it."
    return f"{said} Register the function with the `yield` itself, not a call of it."
