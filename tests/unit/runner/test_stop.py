"""SIGTERM and Ctrl-C at every moment of a run: clean up when there is something to clean up, and always say so."""

import signal
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest
from tally.stop import Stop

from tests.unit.runner.process import Tally

SERVICES = """
class Service:
    def close(self): print("closed")
def register(container): container.register("shop", Service)
"""
WAITING = """
container.resolve("shop")
try:
    print("ready")
    await asyncio.sleep(60)
finally:
    await asyncio.sleep(0.01)
    print("cleaned up")
"""
DOES_NOT_STOP = """
print("ready")
while True:
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        print("cleaning")
"""


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_lets_the_job_clean_up_and_closes_its_services(tally: Tally, signum: int, code: int) -> None:
    tally.write("_services", SERVICES)
    tally.job(WAITING)
    running = tally.begin(until="ready", TALLY_LOG_FORMAT="text")
    running.signal(signum)
    ended = running.end()
    name = signal.Signals(signum).name
    assert (ended.code, ended.err) == (code, "")
    assert ended.out.index("cleaned up\n") < ended.out.index("closed\n")
    assert ended.outcome["outcome"] == "terminated"
    assert (ended.outcome["exitCode"], ended.outcome["message"]) == (code, f"stopped by {name}")
    assert f"WARNING {name} received: stopping the job." in ended.out
    assert f": stopped by {name}  duration_seconds=" in ended.out.splitlines()[-1]


def test_a_job_that_fails_while_it_cleans_up_says_so(tally: Tally) -> None:
    tally.job("try:\n    print('ready')\n    await asyncio.sleep(60)\nfinally:\n    raise OSError('disk full')")
    running = tally.begin(until="ready")
    running.signal(signal.SIGTERM)
    ended = running.end()
    assert ended.code == 143
    assert ended.outcome["message"] == "stopped by SIGTERM; while stopping: OSError: disk full"


def test_a_job_that_swallows_its_cancellation_was_stopped_nevertheless(tally: Tally) -> None:
    tally.job(
        "try:\n    print('ready')\n    await asyncio.sleep(60)\nexcept asyncio.CancelledError:\n    return 'half'"
    )
    running = tally.begin(until="ready")
    running.signal(signal.SIGTERM)
    ended = running.end()
    assert (ended.code, ended.outcome["outcome"]) == (143, "terminated")


def test_the_second_signal_ends_the_process_at_once(tally: Tally) -> None:
    tally.job(DOES_NOT_STOP)
    running = tally.begin(until="ready")
    running.signal(signal.SIGTERM)
    running.read_until("cleaning")
    running.signal(signal.SIGTERM)
    ended = running.end()
    assert (ended.code, ended.outcome["outcome"]) == (143, "terminated")


def test_something_is_written_even_when_the_kill_comes_first(tally: Tally) -> None:
    tally.job(DOES_NOT_STOP)
    running = tally.begin(until="ready")
    running.signal(signal.SIGTERM)
    running.read_until("cleaning")
    running.signal(signal.SIGKILL)
    ended = running.end()
    assert ended.code == -signal.SIGKILL
    assert ended.outcome["message"] == "stopped by SIGTERM; the job had not ended when this was written"


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("file", ["sync", "_services"])
def test_a_signal_before_the_job_begins_ends_the_process(tally: Tally, signum: int, code: int, file: str) -> None:
    tally.job("print('never')")
    tally.write(file, "import time\nprint('importing')\ntime.sleep(60)\n")
    running = tally.begin(until="importing")
    running.signal(signum)
    ended = running.end()
    assert (ended.code, ended.out, ended.err) == (code, "importing\n", "")
    assert (ended.outcome["outcome"], ended.outcome["exitCode"]) == ("terminated", code)


def test_a_plain_function_cannot_be_stopped_but_the_process_ends_and_services_close(tally: Tally) -> None:
    tally.write("_services", SERVICES)
    tally.job("container.resolve('shop')\nprint('ready')\ntime.sleep(60)\nprint('never')", "def run(container)")
    running = tally.begin(until="ready", TALLY_LOG_FORMAT="text")
    running.signal(signal.SIGTERM)
    ended = running.end()
    assert (ended.code, ended.outcome["message"]) == (143, "stopped by SIGTERM")
    assert "closed\n" in ended.out
    assert "never" not in ended.out


def test_a_signal_while_services_close_does_not_undo_a_success(tally: Tally) -> None:
    tally.write(
        "_services",
        "import time\nclass Slow:\n    def close(self):\n        print('closing')\n        time.sleep(0.3)\n"
        "def register(container): container.register('slow', Slow)\n",
    )
    tally.job("container.resolve('slow')\nreturn 'done'")
    running = tally.begin(until="closing")
    running.signal(signal.SIGTERM)
    ended = running.end()
    assert (ended.code, ended.outcome["outcome"], ended.outcome["result"]) == (0, "succeeded", "done")


def test_a_signal_does_not_wait_for_a_thread_that_the_job_left_behind(tally: Tally) -> None:
    tally.job("asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)\nreturn 'done'")
    running = tally.begin(until="completed")
    running.signal(signal.SIGTERM)
    ended = running.end()
    assert (ended.code, ended.err) == (0, "")
    assert (ended.outcome["outcome"], ended.outcome["result"]) == ("succeeded", "done")


def test_a_signal_that_another_thread_gets_wakes_the_job(tally: Tally) -> None:
    tally.job("""
import signal, threading
threading.Timer(0.2, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)).start()
await asyncio.sleep(600)
""")
    assert tally.run().code == 143


class Left(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stop]:
    """Listen to signals in this process; leaving raises `Left` instead."""

    def leave(exit_code: int) -> NoReturn:
        raise Left(exit_code)

    monkeypatch.setattr("tally.stop.leave", leave)
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    stop = Stop(lambda _signum: None)
    stop.listen()
    yield stop
    for signum, handler in before.items():
        signal.signal(signum, handler)


def signalled_while_writing(stop: Stop, write: Callable[[], None]) -> None:
    with stop.deferred():
        signal.raise_signal(signal.SIGTERM)
        write()


def test_a_signal_waits_until_what_is_being_written_is_whole(stop: Stop) -> None:
    written: list[str] = []
    with pytest.raises(Left, match="143"):
        signalled_while_writing(stop, lambda: written.append("whole"))
    assert written == ["whole"]


def test_a_signal_that_waited_while_the_outcome_was_settled_leaves_with_its_exit_code(stop: Stop) -> None:
    with pytest.raises(Left, match="2"):
        signalled_while_writing(stop, lambda: stop.settle(2))


def test_a_second_signal_does_not_interrupt_the_record_of_the_first(stop: Stop) -> None:
    recorded: list[int] = []

    def record(signum: int) -> None:
        if not recorded:
            signal.raise_signal(signal.SIGINT)
        recorded.append(signum)

    stop._record = record
    with pytest.raises(Left, match="130"):
        signal.raise_signal(signal.SIGTERM)
    assert recorded == [signal.SIGTERM]
