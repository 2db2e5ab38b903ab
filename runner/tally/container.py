"""Where a job gets its services by name: built when first asked for, closed in reverse order, replaceable in a test."""

import inspect
import logging
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, Literal, Self, cast, overload

from tally.errors import ServiceError, UnknownServiceError

Factory = Callable[..., object]
# Closes one service; what it is given is the error that ended the job, or None.
_Closer = Callable[[BaseException | None], Awaitable[object] | None]

_log = logging.getLogger("tally.container")

# `query` joins these when jobs read a database.
_BUILT_IN: dict[str, Factory] = {
    "logger": lambda: logging.getLogger("job"),
    "input": dict,
}


class Container:
    """The services of one run.

    `logger` and `input` are built in. A team registers its own in `jobs/_services.py`:

        def register(container: Container) -> None:
            container.register("mailer", Mailer)
            container.register("shop", open_shop)

        def open_shop(container: Container) -> Iterator[Shop]:
            with Shop(container.resolve("logger")) as shop:
                yield shop          # what follows runs at the end, and sees the error of a job that failed

    A test hands over what the job shall get: `await run(Container({"mailer": FakeMailer()}))`.

    Args:
        overrides: Services by name that win over every registration; who passes them closes them.
    """

    def __init__(self, overrides: Mapping[str, object] | None = None) -> None:
        self._factories = dict(_BUILT_IN)
        self._overrides = dict(overrides or {})
        self._built: dict[str, object] = {}
        self._closers: list[tuple[str, _Closer]] = []
        self._building: list[str] = []
        self._lock = threading.RLock()  # a synchronous job may use threads of its own
        self._closed = False

    def register(self, name: str, factory: Factory) -> None:
        """Make a service known; it is built when it is first resolved, once a run.

        Args:
            name: What jobs resolve it by.
            factory: A function or class that takes nothing or the container, and returns the service; at the end
                the service's `aclose()` or `close()` is called, where it has one. Or a generator function that
                yields the service once; what follows its `yield` runs at the end.

        Raises:
            ServiceError: The name is taken, or the factory cannot be called so.
        """
        if name in _BUILT_IN:
            raise ServiceError(f"The service {name!r} is built in. Register yours under another name.")
        if name in self._factories:
            raise ServiceError(f"The service {name!r} is registered twice. Remove one, or use override() in a test.")
        self._factories[name] = _checked(name, factory)

    def override(self, name: str, value: object) -> None:
        """Hand over a ready service, whatever is registered: for tests.

        Args:
            name: What jobs resolve it by.
            value: The service. The container does not close it.
        """
        self._overrides[name] = value

    @overload
    def resolve(self, name: Literal["logger"]) -> logging.Logger: ...
    @overload
    def resolve(self, name: str) -> Any: ...  # noqa: ANN401 (services are known by name, not by type)
    def resolve(self, name: str) -> Any:
        """Give the service of that name, the same one for the whole run.

        Args:
            name: `logger`, `input`, or a name registered in `jobs/_services.py`.

        Raises:
            UnknownServiceError: Nothing is registered under the name; the message lists what is.
            ServiceError: The container is closed, or the service needs itself.
        """
        if self._closed:
            raise ServiceError(f"The service {name!r} was asked for after the run had ended.")
        if name in self._overrides:
            return self._overrides[name]
        with self._lock:
            if name not in self._built:
                self._built[name] = self._build(name)
            return self._built[name]

    async def aclose(self, error: BaseException | None = None) -> None:
        """Close what was built, the newest first; one that fails does not keep the others open.

        Args:
            error: What ended the job, raised again at the `yield` of each generator, so that a `with` around it can
                roll back; None after success.

        Raises:
            ServiceError: At least one service failed to close; each failure is in the log.
        """
        self._closed = True
        failed = []
        while self._closers:
            name, close = self._closers.pop()
            try:
                waiting = close(error)
                if inspect.isawaitable(waiting):
                    await waiting
            except Exception as reason:  # noqa: BLE001 (a service may fail in any way)
                # What a generator raises in answer to the job's own error is mostly that error again.
                if reason is not error:
                    _log.error("The service %r failed to close: %s", name, reason, exc_info=reason)
                    failed.append((name, reason))
        if failed:
            name, reason = failed[0]
            raise ServiceError(f"The service {name!r} failed to close: {reason}") from reason

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose(error)

    def _build(self, name: str) -> object:
        if name not in self._factories:
            raise UnknownServiceError(self._unknown(name))
        if name in self._building:
            raise ServiceError(f"The service {name!r} needs itself: {' -> '.join([*self._building, name])}.")
        self._building.append(name)
        try:
            service, close = _built(self._factories[name], self)
        finally:
            self._building.pop()
        if close is not None:
            self._closers.append((name, close))
        return service

    def _unknown(self, name: str) -> str:
        known = ", ".join(sorted({*self._factories, *self._overrides}))
        return (
            f"There is no service {name!r}. Known: {known}. "
            f'Register it in jobs/_services.py: container.register("{name}", factory).'
        )


def _checked(name: str, factory: Factory) -> Factory:
    if not callable(factory):
        raise ServiceError(f"The service {name!r} has no factory but {factory!r}. Write a function that returns it.")
    if inspect.iscoroutinefunction(factory) or inspect.isasyncgenfunction(factory):
        raise ServiceError(
            f"The factory of the service {name!r} is asynchronous, but resolve() is not. Write a plain function; "
            "the service may connect when it is first awaited, and its aclose() is awaited at the end."
        )
    if len(_required(factory)) > 1:
        raise ServiceError(f"The factory of the service {name!r} must take nothing, or the container alone.")
    return factory


def _required(factory: Factory) -> list[inspect.Parameter]:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except ValueError:  # some built-in types do not tell; they are called without arguments
        return []
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each for each in parameters if each.default is inspect.Parameter.empty and each.kind not in variable]


def _built(factory: Factory, container: Container) -> tuple[object, _Closer | None]:
    arguments = (container,) if _required(factory) else ()
    if inspect.isgeneratorfunction(factory):
        return _entered(contextmanager(cast("Callable[..., Generator[object]]", factory))(*arguments))
    service = factory(*arguments)
    close = getattr(service, "aclose", None) or getattr(service, "close", None)
    return service, (lambda _error: close()) if callable(close) else None


def _entered(context: AbstractContextManager[object, bool | None]) -> tuple[object, _Closer]:
    service = context.__enter__()

    def close(error: BaseException | None) -> None:
        # A service that swallows the error has closed; the job has failed nevertheless.
        context.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)

    return service, close
