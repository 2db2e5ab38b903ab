"""The queue: a key once, never twice at a time, and no earlier than asked."""

import asyncio
import weakref

import pytest
from tally_operator.workqueue import WorkQueue


async def taken(queue: WorkQueue[str]) -> str | None:
    """Take a key if one is ready; None otherwise. The loop goes round a few times, the clock hardly moves."""
    getting = asyncio.ensure_future(queue.get())
    for _ in range(5):
        await asyncio.sleep(0)
    if getting.done():
        return getting.result()
    getting.cancel()
    await asyncio.gather(getting, return_exceptions=True)
    return None


async def test_keys_come_in_the_order_in_which_they_were_added() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for key in "abc":
        queue.add(key)
    assert len(queue) == 3
    assert [await taken(queue) for _ in range(4)] == ["a", "b", "c", None]
    assert len(queue) == 0


async def test_a_key_that_is_added_ten_times_is_worked_once() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for _ in range(10):
        queue.add("a")
    assert [await taken(queue), await taken(queue)] == ["a", None]


async def test_a_key_that_is_added_while_it_is_worked_is_worked_again_afterwards() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    assert await taken(queue) == "a"
    queue.add("a")
    queue.add("a")
    assert await taken(queue) is None, "never twice at the same time"
    queue.done("a")
    assert [await taken(queue), await taken(queue)] == ["a", None]
    queue.done("a")
    assert await taken(queue) is None


async def test_a_waiting_worker_wakes_up() -> None:
    queue: WorkQueue[str] = WorkQueue()
    workers = [asyncio.ensure_future(queue.get()) for _ in range(2)]
    await asyncio.sleep(0)
    queue.add("a")
    queue.add("b")
    assert set(await asyncio.gather(*workers)) == {"a", "b"}


class Clock:
    """The loop's time, in our hands."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 1000.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.seconds)

    async def pass_(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def test_a_later_key_comes_when_its_time_has_come(clock: Clock) -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 10)
    assert await taken(queue) is None
    await clock.pass_(9.9)
    assert await taken(queue) is None
    await clock.pass_(0.2)
    assert [await taken(queue), await taken(queue)] == ["a", None]


@pytest.mark.parametrize("delays", [(10, 20), (20, 10), (10, 10)])
async def test_of_several_times_the_earliest_counts_and_counts_once(clock: Clock, delays: tuple[int, int]) -> None:
    queue: WorkQueue[str] = WorkQueue()
    for delay in delays:
        queue.add_after("a", delay)
    await clock.pass_(10.1)
    assert await taken(queue) == "a"
    queue.done("a")
    await clock.pass_(20)
    assert await taken(queue) is None


async def test_no_time_at_all_is_now(clock: Clock) -> None:
    del clock
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 0)
    queue.add_after("b", -5)
    assert [await taken(queue), await taken(queue)] == ["a", "b"]


async def test_a_key_that_is_worked_now_is_not_worked_later_too(clock: Clock) -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 10)
    queue.add("a")
    assert await taken(queue) == "a"
    queue.done("a")
    await clock.pass_(11)
    assert await taken(queue) is None


async def test_a_later_time_can_be_dropped_and_asked_for_again(clock: Clock) -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 10)
    queue.forget_delay("a")
    queue.add_after("a", 30)
    await clock.pass_(11)
    assert await taken(queue) is None
    await clock.pass_(20)
    assert await taken(queue) == "a"


async def test_what_is_asked_for_no_more_is_not_held_until_its_time() -> None:
    queue: WorkQueue[object] = WorkQueue()
    keys: weakref.WeakSet[frozenset[str]] = weakref.WeakSet()
    for number in range(20_000):
        key = frozenset([str(number)])
        keys.add(key)
        queue.add_after(key, 10_000_000)
        queue.forget_delay(key)
        del key
    assert len(keys) <= 1001


async def test_a_time_that_is_asked_for_again_and_again_is_held_once(clock: Clock) -> None:
    queue: WorkQueue[str] = WorkQueue()
    asked = [str(number) for number in range(2000)]
    for turn in range(10):
        for key in asked:
            queue.forget_delay(key)
            queue.add_after(key, 100 + turn)
    await clock.pass_(108.5)
    assert await taken(queue) is None
    await clock.pass_(1)
    assert {await taken(queue) for _ in asked} == set(asked)
    assert await taken(queue) is None


async def test_a_key_whose_time_comes_while_it_is_worked_waits(clock: Clock) -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    assert await taken(queue) == "a"
    queue.add_after("a", 10)
    await clock.pass_(11)
    assert await taken(queue) is None
    queue.done("a")
    assert await taken(queue) == "a"


async def test_never_twice_at_the_same_time_whatever_workers_do() -> None:
    queue: WorkQueue[int] = WorkQueue()
    working: set[int] = set()
    worked = 0

    async def work() -> None:
        nonlocal worked
        while (key := await queue.get()) is not None:
            assert key not in working
            working.add(key)
            for _ in range(key % 3):
                await asyncio.sleep(0)
            working.remove(key)
            worked += 1
            queue.done(key)

    workers = [asyncio.ensure_future(work()) for _ in range(4)]
    for number in range(300):
        queue.add(number % 7)
        if number % 5 == 0:
            await asyncio.sleep(0)
    async with asyncio.timeout(10):
        while len(queue):  # noqa: ASYNC110 (the queue tells nobody that it is empty)
            await asyncio.sleep(0)
    assert not any(worker.done() for worker in workers), "a worker has failed"
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    assert 7 <= worked <= 300


async def test_a_closed_queue_hands_out_nothing_and_lets_its_workers_go() -> None:
    queue: WorkQueue[str] = WorkQueue()
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    queue.close()
    async with asyncio.timeout(10):
        assert await waiting is None
        queue.add("a")
        assert await queue.get() is None


async def test_tells_which_key_is_held_for_the_longest(clock: Clock) -> None:
    queue: WorkQueue[str] = WorkQueue()
    assert queue.held(clock.seconds) == (None, 0)
    for key in "ab":
        queue.add(key)
        assert await taken(queue) == key
        await clock.pass_(10)
    assert queue.held(clock.seconds) == ("a", 20)
    queue.done("a")
    assert queue.held(clock.seconds) == ("b", 10)
    queue.add("a")
    await taken(queue)
    await clock.pass_(5)
    assert queue.held(clock.seconds) == ("b", 15)


async def test_tells_how_long_nobody_has_taken_what_is_ready(clock: Clock) -> None:
    queue: WorkQueue[str] = WorkQueue()
    await clock.pass_(50)
    assert queue.standing(clock.seconds) == 0, "there is nothing to do"
    for key in "ab":
        queue.add(key)
    await clock.pass_(10)
    queue.add("c")
    assert queue.standing(clock.seconds) == 10
    await taken(queue)
    await clock.pass_(1)
    assert queue.standing(clock.seconds) == 1, "it moves"
    await taken(queue)
    await taken(queue)
    await clock.pass_(50)
    assert queue.standing(clock.seconds) == 0


async def test_tells_how_long_nobody_has_taken_what_is_due(clock: Clock) -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 10)
    await clock.pass_(10)
    assert queue.standing(clock.seconds) == 0
    await clock.pass_(30)
    assert queue.standing(clock.seconds) == 30
    assert await taken(queue) == "a"
    assert queue.standing(clock.seconds) == 0


async def test_a_worker_that_never_waits_lets_others_have_their_turn() -> None:
    queue: WorkQueue[int] = WorkQueue()
    for key in range(100):
        queue.add(key)

    async def work() -> None:
        while len(queue):
            queue.done(await queue.get() or 0)

    working, turns = asyncio.ensure_future(work()), 0
    while not working.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 100, "the event loop stood still"
