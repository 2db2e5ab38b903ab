"""One execution as a process: exit code, log lines and termination message, whatever the job does."""

import json
import os
import pty
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tally.runner import describe, termination_log

from tests.unit.runner.process import TIMEOUT, Tally

SERVICES = """
from contextlib import contextmanager
class Service:
    def __init__(self, name): self.name = name; print("build", name)
    def close(self): print("close", self.name)
def first(): return Service("first")
async def second(container):
    container.resolve("first")
    service = Service("second")
    try: yield service
    except BaseException as error: print("second saw", repr(error)); raise
    finally: service.close()
def register(container):
    container.register("first", first)
    container.register("second", second)
"""


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ("return {'processed': 3}", {"processed": 3}),
        ("pass", None),
        ("return 'ünïcödé 💥'", "ünïcödé 💥"),
        ("sys.exit()", None),
        ("sys.exit(0)", None),
    ],
)
def test_a_job_that_returns_succeeds(tally: Tally, body: str, result: object) -> None:
    tally.job(body)
    ended = tally.run()
    assert (ended.code, ended.err) == (0, "")
    assert ended.outcome | {"startTime": 0, "completionTime": 0, "durationSeconds": 0} == {
        "outcome": "succeeded",
        "exitCode": 0,
        "startTime": 0,
        "completionTime": 0,
        "durationSeconds": 0,
        "attempt": 1,
        "message": None,
        "result": result,
    }
    started, completed = ended.records
    assert started["message"] == "Scheduled job sync started"
    assert re.fullmatch(r"Scheduled job sync completed in \d+\.\d+ s", completed["message"])
    assert completed["result"] == result
    assert completed["duration_seconds"] >= 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('no such product')", "ValueError: no such product"),
        ("raise ValueError('two\\nlines')", "ValueError: two"),
        ("raise ValueError", "ValueError"),
        (
            "raise ExceptionGroup('both', [KeyError('a'), KeyError('b')])",
            "ExceptionGroup: both (2 sub-exceptions): KeyError: 'a'",
        ),
        ("sys.exit(3)", "SystemExit: 3"),
        ("sys.exit('enough')", "SystemExit: enough"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise asyncio.CancelledError", "CancelledError"),
        ("asyncio.current_task().cancel(); await asyncio.sleep(60)", "CancelledError"),
        ("raise ValueError('half \\ud800')", r"ValueError: half \ud800"),
        ("def deep(): deep()\ndeep()", "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_a_job_that_raises_fails(tally: Tally, body: str, message: str) -> None:
    tally.job(body)
    ended = tally.run()
    assert (ended.code, ended.err) == (1, "")
    assert (ended.outcome["outcome"], ended.outcome["exitCode"], ended.outcome["message"]) == ("failed", 1, message)
    failure = ended.records[-1]
    assert (failure["level"], failure["message"]) == ("error", f"Scheduled job sync failed with error: {message}")
    assert "Traceback (most recent call last)" in failure["error"].splitlines()[0]
    assert "runner.py" not in failure["error"]


def test_the_traceback_begins_in_the_jobs_file(tally: Tally) -> None:
    tally.job("raise ValueError('no')")
    trace = tally.run().records[-1]["error"].splitlines()
    assert trace[1] == f'  File "{tally.jobs / "sync.py"}", line 5, in run'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("return 7", 0),
        ("raise StopIteration", 1),
        ("raise KeyboardInterrupt", 1),
        ("sys.exit(0)", 0),
        ("sys.exit(1)", 1),
    ],
)
def test_a_plain_function_runs_in_a_thread(tally: Tally, body: str, code: int) -> None:
    tally.job(
        f"import threading\nassert threading.current_thread() is not threading.main_thread()\n{body}",
        "def run(container)",
    )
    assert tally.run().code == code


def test_a_decorated_coroutine_function_is_awaited(tally: Tally) -> None:
    tally.write(
        "sync",
        "from tally import JobConfig\nconfig = JobConfig(name='sync', schedule='* * * * *')\n"
        "def decorated(function): return lambda container: function(container)\n"
        "@decorated\nasync def run(container): return 'awaited'\n",
    )
    assert tally.run().outcome["result"] == "awaited"


def test_a_result_that_json_cannot_say_is_told_and_written_as_text(tally: Tally) -> None:
    tally.job("from decimal import Decimal\nreturn {'total': Decimal('1.50')}")
    ended = tally.run()
    assert ended.outcome["result"] == {"total": "1.50"}
    assert ended.messages[1].startswith("The result of sync is not what JSON can say: a Decimal was written as text. ")


@pytest.mark.parametrize(
    "body", ["return '💥' * 100_000", "raise ValueError('💥' * 100_000)", "return [[[]]] * 100_000"]
)
def test_a_huge_result_or_message_fits_the_termination_message(tally: Tally, body: str) -> None:
    tally.job(body)
    ended = tally.run()
    assert tally.termination_log.stat().st_size <= 4096
    assert ended.outcome["truncated"] is True


def test_the_job_is_told_what_the_operator_wrote_into_the_pod(tally: Tally) -> None:
    tally.job(
        "given = container.resolve('input')\n"
        "return [execution.name, str(execution.slot), execution.attempt, execution.input, execution.limit, given]",
        "async def run(container, execution)",
    )
    ended = tally.run(
        TALLY_JOB_NAME="sync-29000000", TALLY_INPUT='{"since": "2026-01-01"}', TALLY_LIMIT="3", TALLY_LOG_FORMAT="json"
    )
    given = {"since": "2026-01-01"}
    assert ended.outcome["result"] == ["sync", "2025-02-19 21:20:00+00:00", 1, given, 3, given]
    assert {(line["job"], line["slot"], line["attempt"]) for line in ended.records} == {
        ("sync", "2025-02-19T21:20:00Z", 1)
    }


def test_the_command_lines_input_wins(tally: Tally) -> None:
    tally.job("return container.resolve('input')")
    assert tally.run("run", "sync", "--input", "[1]", TALLY_INPUT="[2]").outcome["result"] == [1]


@pytest.mark.parametrize(
    ("text", "environ", "message"),
    [
        ("1 / 0", {}, "sync.py, line 1: the import failed: ZeroDivisionError: division by zero"),
        ("", {}, "sync.py has no config. Write: "),
        (None, {}, "There is no job 'sync'"),
        ("", {"TALLY_JOBS": "/nowhere"}, "There is no jobs folder /nowhere."),
        ("", {"TALLY_ATTEMPT": "first"}, "TALLY_ATTEMPT is 'first'."),
        ("", {"TALLY_LOG_FORMAT": "xml"}, "TALLY_LOG_FORMAT is 'xml'. Write json or text."),
        ("job", {"TALLY_INPUT": "{"}, "TALLY_INPUT is no JSON: "),
        ("job", {"TALLY_LIMIT": "0"}, "TALLY_LIMIT is '0'."),
        ("services", {}, "_services.py, line 2: register failed: ZeroDivisionError"),
    ],
)
def test_a_job_that_cannot_be_loaded_exits_with_2(
    tally: Tally, text: str | None, environ: dict[str, str], message: str
) -> None:
    tally.job("return 1")
    if text == "services":
        tally.write("_services", "def register(container):\n    1 / 0\n")
    elif text is None:
        (tally.jobs / "sync.py").unlink()
    elif text != "job":
        tally.write("sync", text)
    ended = tally.run(**environ)
    assert (ended.code, ended.err) == (2, "")
    assert (ended.outcome["outcome"], ended.outcome["exitCode"]) == ("unloadable", 2)
    assert message in ended.outcome["message"]
    assert ended.messages == [f"Scheduled job sync could not be loaded: {ended.outcome['message']}"]


@pytest.mark.parametrize(
    ("body", "code", "seen"),
    [
        ("return 1", 0, []),
        ("raise ValueError('no')", 1, ["second saw ValueError('no')"]),
        ("sys.exit(3)", 1, ["second saw SystemExit(3)"]),
        ("for task in asyncio.all_tasks() - {asyncio.current_task()}: task.cancel()", 0, []),
    ],
)
def test_services_are_closed_in_reverse_order_also_after_a_failure(
    tally: Tally, body: str, code: int, seen: list[str]
) -> None:
    tally.write("_services", SERVICES)
    tally.job(f"await container.resolve('second')\n{body}")
    ended = tally.run(TALLY_LOG_FORMAT="text")
    assert ended.code == code
    printed = [line for line in ended.out.splitlines() if line.startswith(("build", "close", "second"))]
    assert printed == ["build first", "build second", *seen, "close second", "close first"]


def test_a_service_that_cannot_be_closed_fails_the_job(tally: Tally) -> None:
    tally.write(
        "_services",
        "class Shop:\n    def close(self): raise OSError('not saved')\n"
        "def register(container): container.register('shop', Shop)\n",
    )
    tally.job("container.resolve('shop')")
    ended = tally.run()
    assert ended.code == 1
    assert ended.outcome["message"] == "ServiceError: The service 'shop' failed to close: not saved"


def test_a_job_that_has_failed_keeps_its_own_error(tally: Tally) -> None:
    tally.write(
        "_services",
        "class Shop:\n    def close(self): raise OSError('not saved')\n"
        "def register(container): container.register('shop', Shop)\n",
    )
    tally.job("container.resolve('shop')\nraise ValueError('the reason')")
    ended = tally.run()
    assert ended.outcome["message"] == "ValueError: the reason"
    assert "The service 'shop' failed to close: not saved" in ended.messages


def test_tasks_that_the_job_forgot_are_cancelled_before_its_services_close(tally: Tally) -> None:
    tally.write("_services", SERVICES)
    tally.job("""
async def forgotten():
    try: await asyncio.sleep(60)
    finally: print("cancelled")
container.resolve("first")
task = asyncio.create_task(forgotten())
await asyncio.sleep(0)
""")
    ended = tally.run(TALLY_LOG_FORMAT="text")
    assert ended.code == 0
    assert ended.out.index("cancelled\n") < ended.out.index("close first")
    assert "1 of its tasks still running" in ended.out


def test_a_terminal_gets_text_and_a_pipe_gets_json(tally: Tally) -> None:
    tally.job("container.resolve('logger').info('halfway', extra={'items': 3})")
    assert tally.run().messages[1] == "halfway"
    main, terminal = pty.openpty()
    process = tally.start(stdout=terminal)
    os.close(terminal)
    with os.fdopen(main, "rb") as stream:
        shown = b""
        try:
            while part := stream.read1():
                shown += part
        except OSError:  # a terminal that nobody holds open any more
            pass
    assert process.wait(TIMEOUT) == 0
    started, halfway, completed = shown.decode().splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\dZ INFO    Scheduled job sync started", started)
    assert halfway[10:] == "INFO    halfway  items=3"
    assert re.fullmatch(
        r"INFO    Scheduled job sync completed in \S+ s  duration_seconds=\S+  result=null", completed[10:]
    )


def test_a_termination_log_that_cannot_be_written_is_told_and_no_failure(tally: Tally) -> None:
    tally.job("return 1")
    ended = tally.run(TALLY_TERMINATION_LOG="/nowhere/termination-log")
    assert ended.code == 0
    assert ended.messages[-1].startswith("The termination message could not be written: ")


def test_where_the_termination_message_goes() -> None:
    assert termination_log({"TALLY_TERMINATION_LOG": "/tmp/log"}) == Path("/tmp/log")
    assert termination_log({"TALLY_TERMINATION_LOG": ""}) is None


def test_describe_is_one_line() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert describe(MuteError()) == "MuteError: <test_describe_is_one_line.<locals>.MuteError>"
    assert describe(ValueError("  \n a\nb")) == "ValueError: a"


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Give a folder that every user can read and only root can write."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_it_runs_as_a_stranger_without_a_home_who_can_write_nothing(public_folder: Path) -> None:
    tally = Tally(public_folder)
    tally.job("return 1")
    program = (
        "import os, sys; os.setgroups([]); os.setgid(65532); os.setuid(65532);"
        "os.execve(sys.executable, [sys.executable, '-m', 'tally', 'run', 'sync'], dict(os.environ))"
    )
    runner = shutil.copytree(Path(__file__).parents[3] / "runner", public_folder / "runner")
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(runner), "TALLY_JOBS": str(tally.jobs)}
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or "python3"
    done = subprocess.run(
        [python, "-c", program], env=environ, cwd="/", capture_output=True, text=True, timeout=TIMEOUT
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["result"] == 1
    assert not list(tally.jobs.glob("__pycache__"))
