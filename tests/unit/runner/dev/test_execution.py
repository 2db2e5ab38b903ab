"""One execution with real processes: what a run is told, how it ends, and how it is ended."""

import asyncio
import json
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tally.config import JobConfig
from tally.dev.execution import Ended, Execution, Surroundings
from tally.dev.lines import lines
from tally.dev.planner import Start

from tests.unit.runner.process import RUNNER, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable

SLOT = datetime(2026, 3, 10, 12, 5, tzinfo=UTC)
IMPORTS = "import asyncio, os, signal, subprocess, sys, time\nfrom tally import JobConfig\n"
SLEEPS = """
    try:
        print("begun"); await asyncio.sleep(600)
    finally:
        print("undone")
"""
IGNORES = """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("begun"); time.sleep(600)
"""


class Scene:
    """A job, and what its execution said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.reactions: dict[str, Callable[[], None]] = {}

    def execution(self, body: str, environ: dict[str, str] | None = None, **fields: Any) -> Execution:  # noqa: ANN401
        surroundings = {name: fields.pop(name) for name in ("grace", "first_pause") if name in fields}
        given = {"name": "sync", "schedule": "* * * * *", **fields}
        text = f"{IMPORTS}config = JobConfig(**{given})\n"
        (self.folder / "sync.py").write_text(
            f"{text}async def run(container, execution):\n    {body.strip()}\n", encoding="utf-8"
        )
        return Execution(
            Start(config=JobConfig(**given), slot=SLOT),
            Surroundings(folder=self.folder, environ={"PYTHONPATH": str(RUNNER), **(environ or {})}, **surroundings),
            self._hear,
        )

    def _hear(self, line: str) -> None:
        self.said.append(line)
        self.reactions.get(line, lambda: None)()

    def ran(self, body: str, **given: Any) -> Ended:  # noqa: ANN401
        async def run() -> Ended:
            return await asyncio.wait_for(self.execution(body, **given).run(), TIMEOUT)

        return asyncio.run(run())

    def stopped(self, body: str, on: str = "begun", *, kill: bool = False, **given: Any) -> Ended:  # noqa: ANN401
        """Run it, and stop it at a line that it says."""

        async def run() -> Ended:
            execution = self.execution(body, **given)
            self.reactions[on] = lambda: execution.stop("Ctrl-C")
            if kill:
                self.reactions["It is told to stop."] = execution.kill
            return await asyncio.wait_for(execution.run(), TIMEOUT)

        return asyncio.run(run())


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_run_is_told_what_a_pod_is_told(scene: Scene) -> None:
    ended = scene.ran(
        "return [execution.slot.isoformat(), execution.attempt, execution.input, execution.limit]",
        environ={"TALLY_INPUT": '{"of": "another run"}', "TALLY_LIMIT": "99"},
        input={"since": "2026"},
        number_of_executions=3,
    )
    assert (ended.outcome, ended.result) == ("succeeded", ["2026-03-10T12:05:00+00:00", 1, {"since": "2026"}, 3])
    assert scene.said[0].endswith("INFO    Scheduled job sync started")
    assert ended.seconds > 0


def test_its_lines_can_be_json(scene: Scene) -> None:
    scene.ran("pass", environ={"TALLY_LOG_FORMAT": "json"})
    assert json.loads(scene.said[0])["slot"] == "2026-03-10T12:05:00Z"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('no such product')", "ValueError: no such product"),
        ("os._exit(7)", "exit code 7"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "ended by SIGKILL"),
        ("open(os.environ['TALLY_TERMINATION_LOG'], 'w').write('[1]'); os._exit(9)", "exit code 9"),
    ],
)
def test_a_run_that_fails_says_why(scene: Scene, body: str, message: str) -> None:
    ended = scene.ran(body)
    assert (ended.outcome, ended.message) == ("failed", message)


def test_a_broken_job_fails_as_in_a_pod(scene: Scene) -> None:
    ended = scene.ran("return )")
    assert ended.outcome == "failed"
    assert "sync.py, line 5: the import failed: SyntaxError" in (ended.message or "")


def test_attempts_are_made_until_one_succeeds(scene: Scene) -> None:
    ended = scene.ran("return execution.attempt if execution.attempt == 3 else 1 / 0", retries=5, first_pause=0.01)
    assert (ended.outcome, ended.result) == ("succeeded", 3)
    assert [line for line in scene.said if line.startswith("Attempt")] == [
        "Attempt 1 of 6 failed; the next one comes in 0.01 s.",
        "Attempt 2 of 6 failed; the next one comes in 0.02 s.",
    ]


def test_attempts_have_an_end(scene: Scene) -> None:
    ended = scene.ran("print('here'); raise ValueError(execution.attempt)", retries=1, first_pause=0)
    assert (ended.outcome, ended.message, scene.said.count("here")) == ("failed", "ValueError: 2", 2)


def test_a_run_that_takes_too_long_is_told_to_stop_and_not_tried_again(scene: Scene) -> None:
    ended = scene.ran(SLEEPS, timeout_seconds=1, retries=3)
    assert (ended.outcome, ended.message) == ("failed", "it took longer than timeout_seconds=1")
    # On a busy machine it may not have begun within the second; where it had, it has undone.
    assert scene.said.count("Its time is over; it is told to stop.") == 1
    assert scene.said.count("undone") == scene.said.count("begun")
    assert [line for line in scene.said if line.startswith("Attempt")] == []


def test_the_time_counts_over_all_attempts_and_the_pauses(scene: Scene) -> None:
    ended = scene.ran("1 / 0", timeout_seconds=1, retries=3, first_pause=600)
    assert (ended.outcome, ended.message) == ("failed", "it took longer than timeout_seconds=1")
    assert ended.timed_out


def test_a_stopped_run_undoes_and_is_not_tried_again(scene: Scene) -> None:
    ended = scene.stopped(SLEEPS, retries=3)
    assert (ended.outcome, ended.message, ended.killed) == ("stopped", "Ctrl-C", False)
    assert (scene.said.count("begun"), scene.said.count("undone")) == (1, 1)


def test_a_pause_can_be_stopped(scene: Scene) -> None:
    ended = scene.stopped("1 / 0", on="Attempt 1 of 2 failed; the next one comes in 600 s.", retries=1, first_pause=600)
    assert (ended.outcome, ended.message) == ("stopped", "Ctrl-C, after: ZeroDivisionError: division by zero")


def test_a_run_that_ended_well_while_it_was_stopped_succeeded(scene: Scene) -> None:
    ended = scene.stopped("""
    try:
        print("begun"); await asyncio.sleep(600)
    except asyncio.CancelledError:
        os._exit(0)
    """)
    assert ended.outcome == "succeeded"


@pytest.mark.parametrize("kill", [False, True])
def test_a_run_that_does_not_stop_is_killed(scene: Scene, kill: bool) -> None:
    ended = scene.stopped(IGNORES, grace=600 if kill else 0.05, kill=kill)
    assert (ended.outcome, ended.killed) == ("stopped", True)
    assert ended.message == "Ctrl-C; it had not ended and was killed"


def test_what_a_run_leaves_behind_ends_with_it(scene: Scene) -> None:
    # The child holds the run's output open: were it left alone, the execution would wait for it.
    ended = scene.ran("return bool(subprocess.Popen(['sleep', '600']))")
    assert ended.outcome == "succeeded"


def test_what_left_the_runs_group_is_not_waited_for(scene: Scene) -> None:
    ended = scene.ran("return subprocess.Popen(['sleep', '600'], start_new_session=True).pid")
    os.kill(ended.result, signal.SIGKILL)  # fails if it does not go on
    assert ended.outcome == "succeeded"


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([b"one\ntwo\n"], ["one", "two"]),
        ([b"on", b"e\r\ntw", b"o"], ["one", "two"]),
        ([b"\n\n"], ["", ""]),
        ([b"gr\xc3", b"\xbc\xc3\x9fe \xff\n"], ["grüße \\xff"]),
        ([b"x" * 200_000, b"\nend"], ["x" * 65536 + "x" * 16384, "x" * 65536 + "x" * 16384, "x" * 36160, "end"]),
    ],
)
async def test_lines(chunks: list[bytes], expected: list[str]) -> None:
    stream = asyncio.StreamReader(limit=2**20)
    for chunk in chunks:
        stream.feed_data(chunk)
    stream.feed_eof()
    assert [line async for line in lines(stream)] == expected
