"""Workflows: a failure or a cancellation undoes what has begun, newest first, and the result says what is left."""

import asyncio
import inspect
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tally import Container, WorkflowResult, step, workflow
from tally.workflows import BoundWorkflow, WorkflowError

Body = Callable[[], Awaitable[object]]
Step = Callable[[], Coroutine[Any, Any, str]]


@dataclass
class Shop:
    """Notes what is done to it; a step named in `failing` or `stuck` fails, or cannot be undone."""

    log: list[str] = field(default_factory=list)
    failing: dict[str, int] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)

    def step(
        self, name: str, *, max_retries: int = 0, retry_interval: float = 0
    ) -> Callable[[], Coroutine[Any, Any, str]]:
        """Make a step that waits for its gate, where it has one, and returns its name in capitals."""

        async def undo(_container: Container, result: str | None) -> None:
            if name in self.stuck:
                raise OSError(f"{name} is stuck")
            self.log.append(f"undo {name} {result}")

        async def act() -> str:
            self.log.append(name)
            if name in self.gates:
                await self.gates[name].wait()
                self.log.append(f"{name} is through")
            if self.failing.get(name, 0) > 0:
                self.failing[name] -= 1
                raise ValueError(f"{name} is broken")
            return name.upper()

        act.__name__ = name
        return step(compensate=undo, max_retries=max_retries, retry_interval=retry_interval)(act)


def flow(body: Body, name: str = "order") -> BoundWorkflow[None, object]:
    """Make a workflow of a function that takes nothing."""

    async def run(_container: Container, _input: None) -> object:
        return await body()

    run.__name__ = name
    return workflow(run)(Container())


async def ended(body: Body) -> WorkflowResult[object]:
    return await flow(body).run(input=None, throw_on_error=False)


def named(result: WorkflowResult[Any]) -> list[tuple[str, str, str]]:
    return [(each.name, each.while_doing, str(each.error)) for each in result.errors]


async def until(shop: Shop, line: str) -> None:
    """Wait until the shop has noted a line; a test that waits for nothing ends here."""
    for _ in range(1000):
        if line in shop.log:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{line!r} never came: {shop.log}")


async def test_a_workflow_gets_its_container_and_input_and_returns_what_its_function_returns() -> None:
    @step
    async def read(container: Container, key: str) -> str:
        return f"{container.resolve('name')} {key}"

    @workflow
    async def reading(container: Container, keys: list[str]) -> list[str]:
        return [await read(container, each) for each in keys if each]

    result = await reading(Container({"name": "shop"})).run(input=["a", "", "b"])
    assert (result.result, result.state, result.errors) == (["shop a", "shop b"], "done", ())


async def test_a_failure_compensates_what_began_newest_first_and_the_failed_step_with_none() -> None:
    shop = Shop(failing={"c": 1})
    a, b, c, d = (shop.step(name) for name in "abcd")

    async def body() -> None:
        for each in (a, b, c, d):
            await each()

    result = await ended(body)
    assert shop.log == ["a", "b", "c", "undo c None", "undo b B", "undo a A"]
    assert (result.state, result.result, named(result)) == ("reverted", None, [("c", "run", "c is broken")])


async def test_the_steps_own_error_is_raised_unless_told_otherwise() -> None:
    with pytest.raises(ValueError, match="a is broken"):
        await flow(Shop(failing={"a": 1}).step("a")).run(input=None)


async def test_an_error_of_the_workflows_own_code_compensates_too() -> None:
    shop = Shop()
    a = shop.step("a")

    async def body() -> None:
        await a()
        raise KeyError("rate")

    result = await ended(body)
    assert shop.log == ["a", "undo a A"]
    assert named(result) == [("order", "run", "'rate'")]


async def test_a_failing_compensation_does_not_stop_the_others_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop(failing={"c": 2}, stuck={"b"})
    a, b, c = (shop.step(name) for name in "abc")

    async def body() -> None:
        for each in (a, b, c):
            await each()

    result = await ended(body)
    assert shop.log[3:] == ["undo c None", "undo a A"]
    assert result.state == "failed"
    assert named(result)[1:] == [("b", "compensation", "b is stuck")]
    assert "The step b of the workflow order could not be compensated: b is stuck" in caplog.text
    with pytest.raises(ValueError, match="c is broken") as caught:
        await flow(body).run(input=None)
    assert caught.value.__notes__ == ["The step b could not be compensated: b is stuck"]


async def test_a_caught_failure_is_listed_and_the_workflow_goes_on() -> None:
    shop = Shop(failing={"a": 1})
    a, b = shop.step("a"), shop.step("b")

    async def body() -> str:
        try:
            return await a()
        except ValueError:
            return await b()

    result = await ended(body)
    assert (result.state, result.result, named(result)) == ("done", "B", [("a", "run", "a is broken")])
    assert shop.log == ["a", "b"]


@pytest.mark.parametrize(
    ("failures", "max_retries", "log", "state", "waits"),
    [
        (0, 2, ["a"], "done", []),
        (1, 2, ["a", "a"], "done", [5]),
        (2, 2, ["a", "a", "a"], "done", [5, 5]),
        (3, 2, ["a", "a", "a", "undo a None"], "reverted", [5, 5]),
        (1, 0, ["a", "undo a None"], "reverted", []),
    ],
)
async def test_a_step_is_retried_after_its_interval_and_compensated_once(
    monkeypatch: pytest.MonkeyPatch, failures: int, max_retries: int, log: list[str], state: str, waits: list[float]
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("tally.compensation.asyncio.sleep", sleep)
    shop = Shop(failing={"a": failures})
    result = await ended(shop.step("a", max_retries=max_retries, retry_interval=5))
    assert (shop.log, result.state, waited) == (log, state, waits)


async def test_a_step_that_waits_for_its_retry_is_not_tried_again_after_another_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting, interval = asyncio.Event(), asyncio.Event()

    async def sleep(_seconds: float) -> None:
        waiting.set()
        await interval.wait()

    monkeypatch.setattr("tally.compensation.asyncio.sleep", sleep)
    shop = Shop(failing={"a": 1, "b": 1}, gates={"b": asyncio.Event()})
    a, b = shop.step("a", max_retries=1), shop.step("b")
    running = asyncio.create_task(ended(lambda: asyncio.gather(a(), b())))
    await waiting.wait()
    shop.gates["b"].set()
    while "b is through" not in shop.log:
        await asyncio.wait([running], timeout=0)
    await asyncio.wait([running], timeout=0.01)
    interval.set()
    assert (await running).state == "reverted"
    assert shop.log == ["a", "b", "b is through", "undo b None", "undo a None"]


async def test_parallel_steps_finish_before_compensation_begins_and_are_neither_retried_nor_followed() -> None:
    shop = Shop(failing={"a": 1, "b": 1}, gates={"b": asyncio.Event(), "c": asyncio.Event()})
    a, d = shop.step("a"), shop.step("d")
    b, c = shop.step("b", max_retries=3, retry_interval=3600), shop.step("c")

    async def branch() -> None:
        await c()
        await d()

    async def body() -> None:
        await asyncio.gather(b(), branch(), a())

    running = asyncio.create_task(ended(body))
    await until(shop, "a")
    for _ in range(10):
        await asyncio.sleep(0)
    assert shop.log == ["b", "c", "a"]
    for gate in shop.gates.values():
        gate.set()
    assert (await running).state == "reverted"
    assert shop.log[3:] == ["b is through", "c is through", "undo a None", "undo c C", "undo b None"]


async def test_an_inner_workflow_that_runs_in_parallel_to_a_failure_begins_no_other_step() -> None:
    shop = Shop(failing={"a": 1}, gates={"b": asyncio.Event()})
    a, b, c = (shop.step(name) for name in "abc")

    async def inner() -> None:
        await b()
        await c()

    running = asyncio.create_task(ended(lambda: asyncio.gather(flow(inner, "inner").run(input=None), a())))
    await until(shop, "b")
    for _ in range(10):
        await asyncio.sleep(0)
    shop.gates["b"].set()
    assert (await running).state == "reverted"
    assert shop.log == ["a", "b", "b is through", "undo b B", "undo a None"]


async def test_a_cancellation_reaches_a_step_that_nobody_awaits() -> None:
    shop = Shop(gates={"a": asyncio.Event(), "b": asyncio.Event()})
    a, b = shop.step("a"), shop.step("b")
    left: list[asyncio.Task[str]] = []

    async def body() -> None:
        left.append(asyncio.create_task(a()))
        await b()

    running = asyncio.create_task(ended(body))
    await until(shop, "a")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert shop.log == ["b", "a", "undo a None", "undo b None"]


async def test_a_task_group_cancels_its_other_steps_and_each_is_compensated() -> None:
    shop = Shop(failing={"b": 1}, gates={"a": asyncio.Event()})
    a, b = shop.step("a"), shop.step("b")

    async def body() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(a())
            group.create_task(b())

    with pytest.raises(ExceptionGroup):
        await flow(body).run(input=None)
    assert shop.log == ["a", "b", "undo b None", "undo a None"]


async def test_an_inner_workflow_that_ended_well_is_undone_with_the_outer_one() -> None:
    shop = Shop(failing={"c": 1})
    a, b, c = (shop.step(name) for name in "abc")

    async def body() -> None:
        await a()
        await flow(b, "inner").run(input=None)
        await c()

    assert (await ended(body)).state == "reverted"
    assert shop.log == ["a", "b", "c", "undo c None", "undo b B", "undo a A"]


async def test_an_inner_workflow_that_fails_undoes_itself_once_and_the_outer_one_may_go_on() -> None:
    shop = Shop(failing={"c": 1})
    a, b, c, d = (shop.step(name) for name in "abcd")

    async def inner() -> None:
        await b()
        await c()

    async def body(then: str = "") -> None:
        await a()
        result = await flow(inner, "inner").run(input=None, throw_on_error=False)
        assert result.state == "reverted"
        await d()
        if then:
            raise RuntimeError(then)

    result = await ended(body)
    assert shop.log == ["a", "b", "c", "undo c None", "undo b B", "d"]
    assert (result.state, named(result)) == ("done", [("c", "run", "c is broken")])
    shop.log.clear()
    shop.failing["c"] = 1
    assert (await ended(lambda: body("late"))).state == "reverted"
    assert shop.log[5:] == ["d", "undo d D", "undo a A"]


@pytest.mark.parametrize("throw_on_error", [True, False])
async def test_a_cancellation_compensates_and_is_raised_again(throw_on_error: bool) -> None:
    shop = Shop(gates={"b": asyncio.Event()})
    a, b = shop.step("a"), shop.step("b", max_retries=3)

    async def body() -> None:
        await a()
        await b()

    running = asyncio.create_task(flow(body).run(input=None, throw_on_error=throw_on_error))
    await until(shop, "b")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert shop.log == ["a", "b", "undo b None", "undo a A"]


async def test_a_cancellation_that_the_workflow_swallows_is_raised_nevertheless() -> None:
    shop = Shop(gates={"a": asyncio.Event()})
    a, b = shop.step("a"), shop.step("b")

    async def body() -> str:
        try:
            return await a()
        except asyncio.CancelledError:
            return await b()

    running = asyncio.create_task(ended(body))
    await until(shop, "a")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert shop.log == ["a", "b", "undo b B", "undo a None"]


async def test_a_cancellation_while_compensating_cuts_nothing_short_and_is_raised_afterwards() -> None:
    log: list[str] = []
    undoing = asyncio.Event()

    async def slowly(_container: Container, _result: str | None) -> None:
        log.append("undoing")
        undoing.set()
        for _ in range(5):
            await asyncio.sleep(0)
        log.append("undone")

    @step(compensate=slowly)
    async def act() -> None:
        raise ValueError("no")

    running = asyncio.create_task(ended(act))
    await undoing.wait()
    running.cancel()
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert log == ["undoing", "undone"]


async def test_a_cancellation_while_parallel_steps_finish_cancels_them() -> None:
    shop = Shop(failing={"a": 1}, gates={"b": asyncio.Event()})
    a, b = shop.step("a"), shop.step("b")
    running = asyncio.create_task(ended(lambda: asyncio.gather(b(), a())))
    await until(shop, "a")
    for _ in range(10):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert shop.log == ["b", "a", "undo a None", "undo b None"]


async def test_a_timeout_inside_a_workflow_is_an_error_like_any_other() -> None:
    shop = Shop(gates={"a": asyncio.Event()})
    a, b = shop.step("a"), shop.step("b")

    async def body() -> str:
        try:
            async with asyncio.timeout(0):
                return await a()
        except TimeoutError:
            return await b()

    assert ((await ended(body)).state, shop.log) == ("done", ["a", "b"])


async def test_a_timeout_around_a_workflow_compensates() -> None:
    shop = Shop(gates={"a": asyncio.Event()})
    a = shop.step("a")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await ended(a)
    assert shop.log == ["a", "undo a None"]


async def test_a_plain_step_runs_in_a_thread_which_a_cancellation_waits_for() -> None:
    begun, release, log, shop = threading.Event(), threading.Event(), [], Shop()
    after = shop.step("after")

    def undo(_container: Container, result: str | None) -> None:
        log.append(f"undo {result}")

    @step(compensate=undo, max_retries=2)
    def act() -> str:
        begun.set()
        release.wait(10)
        return threading.current_thread().name

    async def body() -> None:
        await act()
        await after()

    running = asyncio.create_task(ended(body))
    await asyncio.to_thread(begun.wait, 10)
    running.cancel()
    await asyncio.sleep(0)
    assert log == []
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (len(log), shop.log) == (1, [])
    assert log[0] not in ("undo None", "undo MainThread")


async def test_a_plain_step_may_raise_anything() -> None:
    @step
    def act() -> None:
        raise StopIteration

    assert (await ended(act)).state == "reverted"


async def test_a_system_exit_compensates_and_is_raised() -> None:
    shop = Shop()
    a = shop.step("a")

    async def body() -> None:
        await a()
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        await ended(body)
    assert shop.log == ["a", "undo a A"]


async def test_a_step_outside_of_a_workflow_is_just_its_function() -> None:
    shop = Shop(failing={"a": 1})
    a = shop.step("a", max_retries=5)
    assert inspect.iscoroutinefunction(a)
    with pytest.raises(ValueError, match="a is broken"):
        await a()
    assert await a() == "A"
    assert shop.log == ["a", "a"]


async def test_a_step_may_be_the_compensation_of_another_one_and_is_then_just_its_function() -> None:
    shop = Shop(failing={"b": 1})
    log: list[str] = []

    def restore(_container: Container, _result: None) -> None:
        log.append("restored")

    @step(compensate=restore)
    async def delete(_container: Container, key: str | None) -> None:
        log.append(f"deleted {key}")

    @step(compensate=delete)
    async def create() -> str:
        return "key"

    b = shop.step("b")

    async def inner() -> None:
        await create()
        await b()

    result = await ended(lambda: flow(inner, "inner").run(input=None))
    assert (result.state, log) == ("reverted", ["deleted key"])


async def test_a_workflow_that_returns_while_a_step_runs_fails() -> None:
    shop = Shop(gates={"a": asyncio.Event()})
    a = shop.step("a")
    left: list[asyncio.Task[str]] = []

    async def body() -> None:
        left.append(asyncio.create_task(a()))
        await until(shop, "a")
        asyncio.get_running_loop().call_soon(shop.gates["a"].set)

    with pytest.raises(WorkflowError, match=r"returned while it still ran a\. Await every step"):
        await flow(body).run(input=None)
    assert shop.log == ["a", "a is through", "undo a A"]
    await left[0]


async def test_a_step_calls_neither_a_step_nor_a_workflow() -> None:
    inner = Shop().step("inner")

    @step
    async def calls_step() -> None:
        await inner()

    @step
    async def runs_workflow() -> None:
        await flow(inner).run(input=None)

    with pytest.raises(WorkflowError, match="The step 'inner' was called by the step 'calls_step'"):
        await flow(calls_step).run(input=None)
    with pytest.raises(WorkflowError, match="The workflow 'order' was run by the step 'runs_workflow'"):
        await flow(runs_workflow).run(input=None)


def takes_one(_container: Container) -> None: ...
def yields() -> Iterator[None]:
    yield


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: step(max_retries=-1)(takes_one), "max_retries=-1. It must be a whole number"),
        (lambda: step(max_retries=True)(takes_one), "max_retries=True"),
        (lambda: step(retry_interval=-1)(takes_one), "retry_interval=-1. It must be seconds"),
        (lambda: step(retry_interval=float("nan"))(takes_one), "retry_interval=nan"),
        (
            lambda: step(compensate=cast("Any", takes_one))(takes_one),
            r"async def undo_takes_one\(container, result\)",
        ),
        (lambda: step(yields), "must be a function without a yield"),
        (lambda: workflow(cast("Any", takes_one)), "Write: async def takes_one"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_written(make: Callable[[], object], message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        make()


async def test_retries_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await ended(Shop(failing={"a": 1}).step("a", max_retries=1))
    assert "The step a failed, retry 1 of 1 follows in 0 s: a is broken" in caplog.text
