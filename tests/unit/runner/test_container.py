"""Services: built once and lazily, sync or async, closed newest first whatever happens, replaceable in a test."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import cast

import pytest
from tally import Container
from tally.errors import ServiceError, UnknownServiceError


class Service:
    """Notes in `log` when it is built and closed."""

    def __init__(self, log: list[str], name: str, fails: BaseException | None = None) -> None:
        self.log, self.name, self.fails = log, name, fails
        log.append(f"build {name}")

    def close(self) -> None:
        self.log.append(f"close {self.name}")
        if self.fails:
            raise self.fails


class AsyncService(Service):
    async def aclose(self) -> None:
        await asyncio.sleep(0)
        super().close()


def of_every_kind(log: list[str], *, failing: str = "", overrides: Mapping[str, object] | None = None) -> Container:
    """Hold one service of each kind, each of which needs the one before."""

    def made(name: str, kind: type[Service] = Service) -> Service:
        return kind(log, name, RuntimeError(f"{name} is stuck") if name == failing else None)

    def generator(container: Container) -> Iterator[Service]:
        container.resolve("plain")
        service = made("generator")
        try:
            yield service
        finally:
            service.close()

    async def coroutine(container: Container) -> Service:
        container.resolve("generator")
        await asyncio.sleep(0)
        return made("coroutine", AsyncService)

    async def asyncgen(container: Container) -> AsyncIterator[Service]:
        await container.resolve("coroutine")
        service = made("asyncgen", AsyncService)
        try:
            yield service
        finally:
            await service.aclose()  # type: ignore[attr-defined]

    container = Container(overrides)
    container.register("plain", lambda: made("plain"))
    container.register("generator", generator)
    container.register("coroutine", coroutine)
    container.register("asyncgen", asyncgen)
    return container


KINDS = ["plain", "generator", "coroutine", "asyncgen"]
CLOSED_NEWEST_FIRST = [f"close {name}" for name in reversed(KINDS)]


async def test_nothing_is_built_before_it_is_asked_for() -> None:
    log: list[str] = []
    async with of_every_kind(log):
        pass
    assert log == []


async def test_resolving_an_async_service_builds_it_only_when_it_is_awaited() -> None:
    log: list[str] = []
    container = of_every_kind(log)
    container.resolve("coroutine")
    assert log == []
    await container.resolve("coroutine")
    assert log == ["build plain", "build generator", "build coroutine"]


async def test_services_are_closed_in_reverse_order_of_building() -> None:
    log: list[str] = []
    async with of_every_kind(log) as container:
        await container.resolve("asyncgen")
        assert log == [f"build {name}" for name in KINDS]
        log.clear()
    assert log == CLOSED_NEWEST_FIRST


@pytest.mark.parametrize("error", [ValueError("no"), asyncio.CancelledError(), SystemExit(3)], ids=repr)
async def test_services_are_closed_in_reverse_order_also_after_a_failure(error: BaseException) -> None:
    log: list[str] = []
    container = of_every_kind(log)
    await container.resolve("asyncgen")
    log.clear()
    await container.aclose(error)
    assert log == CLOSED_NEWEST_FIRST


@pytest.mark.parametrize("failing", KINDS)
async def test_a_service_that_fails_to_close_does_not_keep_the_others_open(
    failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    log: list[str] = []
    container = of_every_kind(log, failing=failing)
    await container.resolve("asyncgen")
    log.clear()
    with pytest.raises(ServiceError, match=f"'{failing}' failed to close: {failing} is stuck"):
        await container.aclose()
    assert log == CLOSED_NEWEST_FIRST
    assert f"The service '{failing}' failed to close: {failing} is stuck" in caplog.text


@pytest.mark.parametrize(
    "fatal", [SystemExit("bye"), KeyboardInterrupt("bye"), asyncio.CancelledError("bye")], ids=repr
)
async def test_not_even_an_exit_keeps_the_others_open(fatal: BaseException) -> None:
    log: list[str] = []
    container = Container()
    container.register("first", lambda: Service(log, "first"))
    container.register("second", lambda: Service(log, "second", fatal))
    container.resolve("first")
    container.resolve("second")
    with pytest.raises(ServiceError, match="'second' failed to close: bye"):
        await container.aclose()
    assert log[2:] == ["close second", "close first"]


async def test_a_cancellation_while_closing_is_passed_on_when_all_is_closed() -> None:
    log: list[str] = []

    async def slow() -> AsyncIterator[None]:
        yield
        await asyncio.Event().wait()

    container = Container()
    container.register("first", lambda: Service(log, "first"))
    container.register("slow", slow)
    container.resolve("first")
    await container.resolve("slow")
    closing = asyncio.create_task(container.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert log == ["build first", "close first"]


@pytest.mark.parametrize("kind", ["generator", "asyncgen"])
async def test_a_generator_sees_the_error_of_a_job_that_failed(kind: str) -> None:
    seen: list[BaseException] = []

    def generator() -> Iterator[int]:
        try:
            yield 1
        except ValueError as error:
            seen.append(error)
            raise

    async def asyncgen() -> AsyncIterator[int]:
        try:
            yield 1
        except ValueError as error:
            seen.append(error)
            raise

    container = Container()
    container.register("generator", generator)
    container.register("asyncgen", asyncgen)
    found = container.resolve(kind)
    assert (await found if kind == "asyncgen" else found) == 1
    error = ValueError("the job")
    await container.aclose(error)
    assert seen == [error]


@pytest.mark.parametrize("name", KINDS)
async def test_a_service_is_the_same_object_each_time(name: str) -> None:
    async with of_every_kind([]) as container:

        async def found() -> object:
            service = container.resolve(name)
            return await service if name in ("coroutine", "asyncgen") else service

        assert await found() is await found()


async def test_concurrent_awaits_share_one_build() -> None:
    log: list[str] = []
    async with of_every_kind(log) as container:
        pending = container.resolve("coroutine")
        found = await asyncio.gather(*[container.resolve("coroutine") for _ in range(20)], pending, _await(pending))
    assert len(set(map(id, found))) == 1
    assert log.count("build coroutine") == 1


async def _await(pending: Awaitable[object]) -> object:
    return await pending


async def test_threads_share_one_build() -> None:
    log: list[str] = []
    gate = threading.Barrier(4)
    container = Container()

    def build() -> Service:
        time.sleep(0.05)  # long enough for the others to ask
        return Service(log, "plain")

    container.register("plain", build)

    def ask() -> object:
        gate.wait()
        return container.resolve("plain")

    found = await asyncio.gather(*[asyncio.to_thread(ask) for _ in range(4)])
    assert len(set(map(id, found))) == 1
    assert log == ["build plain"]


async def test_when_the_builder_is_cancelled_another_builds() -> None:
    began: list[int] = []

    async def slow() -> str:
        began.append(1)
        if len(began) == 1:
            await asyncio.Event().wait()
        return "built"

    container = Container()
    container.register("slow", slow)
    first = asyncio.create_task(_await(container.resolve("slow")))
    second = asyncio.create_task(_await(container.resolve("slow")))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "built"
    assert len(began) == 2
    assert first.cancelled()


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_failed_build_raises_its_own_error_and_is_tried_again(asynchronous: bool) -> None:
    tries: list[int] = []

    def build() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("not yet")
        return "ready"

    async def build_async() -> str:
        return build()

    container = Container()
    container.register("shop", build_async if asynchronous else build)

    async def found() -> object:
        service = container.resolve("shop")
        return await service if asynchronous else service

    with pytest.raises(ConnectionError, match="not yet"):
        await found()
    assert await found() == "ready"


async def test_a_forgotten_await_is_told() -> None:
    async with of_every_kind([]) as container:
        with pytest.raises(
            AttributeError, match=r"must be awaited: await container\.resolve\(\"coroutine\"\) has 'send'"
        ):
            container.resolve("coroutine").send("x")


async def test_a_service_that_needs_itself_is_told_the_way() -> None:
    container = Container()
    container.register("a", lambda container: container.resolve("b"))
    container.register("b", lambda container: container.resolve("c"))
    container.register("c", lambda container: container.resolve("a"))
    with pytest.raises(ServiceError, match="'a' needs itself: a -> b -> c -> a"):
        container.resolve("a")


async def test_services_that_wait_for_each_other_from_two_tasks_are_told_too() -> None:
    container = Container()

    async def first(container: Container) -> object:
        await asyncio.sleep(0)
        return await container.resolve("second")

    async def second(container: Container) -> object:
        await asyncio.sleep(0)
        return await container.resolve("first")

    container.register("first", first)
    container.register("second", second)
    async with asyncio.timeout(5):
        both = await asyncio.gather(
            _await(container.resolve("first")), _await(container.resolve("second")), return_exceptions=True
        )
    assert all(isinstance(error, ServiceError) and "needs itself" in str(error) for error in both)


async def test_two_services_may_need_the_same_third_one() -> None:
    container = Container()
    container.register("base", list)
    container.register("left", lambda container: [container.resolve("base")])
    container.register("right", lambda container: [container.resolve("base"), container.resolve("left")])
    assert container.resolve("right") == [[], [[]]]


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        (cast("Callable[..., object]", 3), "has no factory but 3. Write a function that returns it."),
        (lambda _one, _two: 1, "must take nothing, or the container alone"),
        (lambda *, config: config, "must take nothing, or the container alone"),
    ],
    ids=["no function", "two arguments", "a keyword"],
)
def test_what_is_no_factory_is_refused(factory: Callable[..., object], words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        Container().register("shop", factory)


async def _coroutine() -> int:
    return 1


def _generator() -> Iterator[int]:
    yield 1


async def _asyncgen() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("hidden", "words"),
    [
        (lambda: _coroutine(), "returned an object of type coroutine. Register the `async def` itself"),
        (lambda: _generator(), "returned an object of type generator. Register the function with the `yield` itself"),
        (
            lambda: _asyncgen(),
            "returned an object of type async_generator. Register the function with the `yield` itself",
        ),
    ],
    ids=["coroutine", "generator", "async generator"],
)
def test_a_factory_that_hides_its_kind_is_told(hidden: Callable[[], object], words: str) -> None:
    container = Container()
    container.register("shop", hidden)
    with pytest.raises(ServiceError, match=words):
        container.resolve("shop")


@pytest.mark.parametrize(
    "factory",
    [
        lambda: 1,
        lambda _container: 1,
        lambda _container=None: 1,
        lambda *_all: 1,
        partial(int, "1"),
        partial(_coroutine),
    ],
    ids=["nothing", "container", "optional", "variable", "partial", "async partial"],
)
async def test_a_factory_takes_nothing_or_the_container(factory: Callable[..., object]) -> None:
    container = Container()
    container.register("one", factory)
    found = container.resolve("one")
    assert (found if isinstance(found, int) else await found) == 1


def test_names_are_taken_once() -> None:
    container = Container()
    container.register("shop", list)
    with pytest.raises(ServiceError, match="'shop' is registered twice"):
        container.register("shop", dict)
    with pytest.raises(ServiceError, match="'logger' is built in"):
        container.register("logger", list)


def test_an_unknown_name_lists_the_known_ones() -> None:
    container = Container({"fake": 1})
    container.register("shop", list)
    said = r"no service 'shpo'\. Known: database, fake, input, logger, query, shop\. Register it in"
    with pytest.raises(UnknownServiceError, match=said):
        container.resolve("shpo")


async def test_nothing_is_given_after_the_end() -> None:
    async with of_every_kind([]) as container:
        pending = container.resolve("coroutine")
    for name in ("logger", "plain", "coroutine"):
        with pytest.raises(ServiceError, match=f"'{name}' was asked for after the run had ended"):
            container.resolve(name)
    with pytest.raises(ServiceError, match="'coroutine' was asked for after the run had ended"):
        await pending


def test_logger_and_input_are_there_without_a_run() -> None:
    container = Container()
    assert isinstance(container.resolve("logger"), logging.Logger)
    assert container.resolve("input") == {}


@pytest.mark.parametrize("before", [True, False], ids=["before register", "after register"])
@pytest.mark.parametrize("name", KINDS)
async def test_an_override_wins_is_not_closed_and_is_awaited_as_the_real_one(name: str, before: bool) -> None:
    log: list[str] = []
    fake = Service([], "fake")
    container = of_every_kind(log, overrides={name: fake} if before else {})
    if not before:
        container.override(name, fake)
    found = container.resolve(name)
    assert (await found if name in ("coroutine", "asyncgen") else found) is fake
    await container.aclose()
    assert log == []
    assert fake.log == ["build fake"]
