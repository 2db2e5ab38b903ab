"""Where a job gets its services by name: built when first asked for, closed in reverse order, replaceable in a test."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, overload

from tally import factories
from tally.errors import ServiceError, UnknownServiceError
from tally.factories import Closer, Factory

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from tally.query import Query

_log = logging.getLogger("tally.container")


def _database() -> object:
    from tally.database import open_database  # not before a job asks for it, as SQLAlchemy is slow to import

    return open_database()


def _query(container: "Container") -> object:
    engine = container.resolve("database")  # says what to install, where it is missing
    from tally.query import Query

    return Query(engine)


_BUILT_IN: dict[str, Factory] = {
    "logger": lambda: logging.getLogger("job"),
    "input": dict,
    "database": _database,
    "query": _query,
}
# The service whose factory is running in this thread or task, and its container.
_building: ContextVar["tuple[Container, str] | None"] = ContextVar("building", default=None)


class Container:
    """The services of one run.

    Built in are `logger`, `input`, `query`, which reads the database that DATABASE_URL names (`tally.query.Query`), and
    `database`, SQLAlchemy's `AsyncEngine` for it, with which a team's own services write. A team registers its own in
    `jobs/_services.py`:

        def register(container: Container) -> None:
            container.register("mailer", Mailer)
            container.register("shop", open_shop)
            container.register("pool", open_pool)

        def open_shop(container: Container) -> Iterator[Shop]:
            with Shop(container.resolve("logger")) as shop:
                yield shop          # what follows runs at the end, and sees the error of a job that failed

        async def open_pool() -> AsyncIterator[Pool]:
            async with connect() as pool:
                yield pool          # a job writes: pool = await container.resolve("pool")

    A test hands over what the job shall get: `await run(Container({"mailer": FakeMailer()}))`. What the job awaits, the
    test registers as a team does, with an `async def`.

    Args:
        overrides: Services by name that win over every registration; who passes them closes them.
    """

    def __init__(self, overrides: Mapping[str, object] | None = None) -> None:
        self._factories = dict(_BUILT_IN)
        self._overrides = dict(overrides or {})
        self._built: dict[str, object] = {}
        self._closers: list[tuple[str, Closer]] = []
        self._needs: dict[str, set[str]] = {}  # which services a service asked for while it was built
        self._lock = threading.RLock()  # a synchronous job may use threads of its own
        self._waiting: dict[str, asyncio.Lock] = {}
        self._closed = False

    def register(self, name: str, factory: Factory) -> None:
        """Make a service known; it is built when it is first resolved, once a run.

        Args:
            name: What jobs resolve it by.
            factory: A function or class that takes nothing or the container, and returns the service; at the end
                the service's `aclose()` or `close()` is called, where it has one. Or a generator function that
                yields the service once; what follows its `yield` runs at the end. Either may be an `async def`;
                then a job awaits what `resolve` gives.

        Raises:
            ServiceError: The name is taken, or the factory cannot be called so.
        """
        if name in _BUILT_IN:
            raise ServiceError(f"The service {name!r} is built in. Register yours under another name.")
        if name in self._factories:
            raise ServiceError(f"The service {name!r} is registered twice. Remove one, or use override() in a test.")
        factories.check(name, factory)
        self._factories[name] = factory

    def override(self, name: str, value: object) -> None:
        """Hand over a ready service, whatever is registered: for tests.

        Args:
            name: What jobs resolve it by; a job still awaits one that is registered with an `async def`.
            value: The service. The container does not close it.
        """
        self._overrides[name] = value

    @overload
    def resolve(self, name: Literal["logger"]) -> logging.Logger: ...
    @overload
    def resolve(self, name: Literal["query"]) -> "Query": ...
    @overload
    def resolve(self, name: Literal["database"]) -> "AsyncEngine": ...
    @overload
    def resolve(self, name: str) -> Any: ...  # noqa: ANN401 (services are known by name, not by type)
    def resolve(self, name: str) -> Any:
        """Give the service of that name, the same one for the whole run.

        Args:
            name: `logger`, `input`, `query`, `database`, or a name registered in `jobs/_services.py`.

        Returns:
            The service; where its factory is an `async def`, something to await that gives it, as often as one likes.

        Raises:
            UnknownServiceError: Nothing is registered under the name; the message lists what is.
            ServiceError: The container is closed, or the service needs itself.
        """
        self._refuse_when_closed(name)
        if factories.is_async(self._factories.get(name)):
            return PendingService(name, self._awaited)
        if name in self._overrides:
            return self._overrides[name]
        if name not in self._factories:
            raise UnknownServiceError(self._unknown(name))
        with self._lock:
            if name not in self._built:
                with self._build_of(name):
                    self._keep(name, *factories.build(name, self._factories[name], self))
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
        failures = []
        while self._closers:
            name, close = self._closers.pop()
            try:
                await close(error)
            except BaseException as reason:  # noqa: BLE001 (a service may fail in any way; the rest is closed first)
                _log.error("The service %r failed to close: %s", name, reason, exc_info=reason)
                failures.append((name, reason))
        _raise_first(failures)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose(error)

    async def _awaited(self, name: str) -> object:
        """Build an asynchronous service in the task that first awaits it; the others wait, and build if it fails."""
        self._refuse_when_closed(name)
        if name in self._overrides:
            return self._overrides[name]
        if name not in self._built:
            with self._build_of(name):
                async with self._waiting.setdefault(name, asyncio.Lock()):
                    if name not in self._built:
                        self._keep(name, *await factories.build_async(self._factories[name], self))
        return self._built[name]

    def _keep(self, name: str, service: object, close: Closer | None) -> None:
        self._built[name] = service
        if close is not None:
            self._closers.append((name, close))

    @contextmanager
    def _build_of(self, name: str) -> Iterator[None]:
        """Note who needs whom: two services that wait for each other would wait forever."""
        current = _building.get()
        if current is not None and current[0] is self:
            self._needs.setdefault(current[1], set()).add(name)
            way = self._way(name, current[1])
            if way:
                raise ServiceError(f"The service {name!r} needs itself: {' -> '.join([*way, name])}.")
        token = _building.set((self, name))
        try:
            yield
        finally:
            _building.reset(token)

    def _way(self, start: str, end: str) -> list[str]:
        """Find which services lead from one to another: [] where none do."""
        ways, seen = [[start]], {start}
        while ways:
            way = ways.pop()
            if way[-1] == end:
                return way
            further = self._needs.get(way[-1], set()) - seen
            seen |= further
            ways += [[*way, each] for each in sorted(further)]
        return []

    def _refuse_when_closed(self, name: str) -> None:
        if self._closed:
            raise ServiceError(f"The service {name!r} was asked for after the run had ended.")

    def _unknown(self, name: str) -> str:
        known = ", ".join(sorted({*self._factories, *self._overrides}))
        return (
            f"There is no service {name!r}. Known: {known}. "
            f'Register it in jobs/_services.py: container.register("{name}", factory).'
        )


class PendingService:
    """What `resolve` gives for an asynchronous service: await it, as often and from as many tasks as you like.

    Args:
        name: The service's name.
        build: Gives the service of that name, and builds it if nobody has.
    """

    def __init__(self, name: str, build: Callable[[str], Awaitable[object]]) -> None:
        self._name = name
        self._build = build

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._build(self._name).__await__()

    def __getattr__(self, attribute: str) -> NoReturn:
        name = self._name
        raise AttributeError(
            f'The service {name!r} must be awaited: await container.resolve("{name}") has {attribute!r}.'
        )


def _raise_first(failures: list[tuple[str, BaseException]]) -> None:
    task = asyncio.current_task()
    for name, reason in failures:
        if isinstance(reason, asyncio.CancelledError) and task is not None and task.cancelling():
            raise reason
        raise ServiceError(f"The service {name!r} failed to close: {reason}") from reason
