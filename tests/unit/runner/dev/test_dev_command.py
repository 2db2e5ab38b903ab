"""`tally dev` as a process: its start, its words, its signals, and what a crash leaves behind."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.runner.dev.played import wait_for_lock
from tests.unit.runner.process import RUNNER, TIMEOUT, Running, Tally

REPOSITORY = RUNNER.parent
YEARLY = (
    "from tally import JobConfig\nconfig = JobConfig(name='sync', schedule='@yearly'{more})\ndef run(container): ...\n"
)
COUNTS = """
import asyncio, os, pathlib
from tally import JobConfig
config = JobConfig(name="sync", schedule="* * * * *", number_of_executions={limit})
async def run(container, execution):
    with open(os.environ["LEDGER"], "a") as ledger:
        print(execution.slot.isoformat(), file=ledger)
    {body}
"""


@pytest.fixture
def jobs(tally: Tally) -> Tally:
    tally.write("sync", YEARLY.format(more=""))
    return tally


@pytest.fixture
def running(jobs: Tally) -> Iterator[Running]:
    running = jobs.begin("dev", until="next run in")
    yield running
    running.process.kill()
    running.end()


def test_a_save_is_noticed_and_ctrl_c_ends_it(jobs: Tally, running: Running) -> None:
    jobs.write("sync", YEARLY.format(more=", number_of_executions=3"))
    running.read_until("sync | has changed: @yearly, 0 of 3 executions, next run in")
    jobs.write("sync", "1 / 0")
    running.read_until("sync | is broken")
    running.read_until("tally | error: ")
    jobs.write("sync", YEARLY.format(more=""))
    running.read_until("sync | is mended: @yearly, 0 executions")
    jobs.write("sync", YEARLY.format(more="") + "# another comment\n")
    running.read_until("sync | is saved: its next run is by the new file.")
    running.signal(signal.SIGINT)
    ended = running.end()
    assert (ended.code, ended.err) == (0, "")
    assert f"Runs the jobs in {jobs.jobs}; their counts are in {str(jobs.folder)[1:]}/.tally/jobs.db." in ended.out


def test_a_second_one_on_the_folder_is_refused(jobs: Tally, running: Running) -> None:
    ended = jobs.run("dev")
    assert ended.code == 2
    assert ended.err == (
        f"tally: Another tally dev works on this folder (process {running.process.pid}). "
        "Stop it first, so that nothing runs twice.\n"
    )
    running.signal(signal.SIGTERM)
    assert running.end().code == 0


def test_a_signal_ends_it_while_a_file_hangs_at_its_import(tally: Tally) -> None:
    tally.write("sync", "import time; time.sleep(600)")
    running = tally.begin("dev", until="Runs the jobs")
    running.signal(signal.SIGHUP)
    assert running.end().code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--jobs", "/nowhere"],
            "There is no jobs folder /nowhere. Name it by --jobs FOLDER or the variable TALLY_JOBS.",
        ),
        (["--reset", "synk"], "Nothing is counted for 'synk'. Counted jobs: none."),
    ],
)
def test_what_cannot_start_says_why(jobs: Tally, arguments: list[str], message: str) -> None:
    ended = jobs.run("dev", *arguments)
    assert (ended.code, ended.err) == (2, f"tally: {message}\n")


def test_a_folder_whose_files_end_the_process_is_refused(tally: Tally) -> None:
    tally.write("sync", "import os; os._exit(4)")
    ended = tally.run("dev")
    assert ended.code == 2
    assert ended.err == f"tally: A file in {tally.jobs} ended the process that imported it, with exit code 4.\n"


def test_what_is_not_installed_is_named(jobs: Tally) -> None:
    program = "import sys; sys.modules['rich'] = None; from tally.cli import main; sys.exit(main(['dev']))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(RUNNER), "TALLY_JOBS": str(jobs.jobs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "tally: tally dev needs rich. Install it: pip install 'tally[dev]'.\n")


def test_help_teaches(tally: Tally) -> None:
    ended = tally.run("dev", "--help")
    assert ended.code == 0
    assert [
        word for word in ("tally dev --reset limited-test", "30 seconds", "exit codes") if word not in ended.out
    ] == []


def test_a_terminal_gets_a_table(jobs: Tally) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, 80))
    process = subprocess.Popen(
        [sys.executable, "-m", "tally", "dev"],
        env={"PYTHONPATH": str(RUNNER), "TALLY_JOBS": str(jobs.jobs), "TERM": "xterm", "PYTHONUTF8": "1"},
        cwd="/",
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = ""
    while "@yearly" not in shown:
        shown += shown_next(ours)
    process.send_signal(signal.SIGINT)
    while more := shown_next(ours):
        shown += more
    os.close(ours)
    assert process.wait(TIMEOUT) == 0
    lines = [line.strip("\r ") for line in shown.splitlines()]
    assert "JOB   SCHEDULE  RUNS  LAST  RUNNING  NEXT" in lines
    assert any(re.fullmatch(r"sync  @yearly      0 {17}in \d+ d( \d+ h)?", line) for line in lines)


def shown_next(terminal: int) -> str:
    """Read on, without what colours and moves the cursor; nothing when the last process has closed the terminal."""
    assert select.select([terminal], [], [], TIMEOUT)[0], "it shows nothing more"
    try:
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(terminal, 65536).decode())
    except OSError:
        return ""


class Fast:
    """`tally dev` by a fast clock, with a ledger that the job writes each of its runs into."""

    def __init__(self, folder: Path) -> None:
        self.jobs = folder / "jobs"
        self.ledger = folder / "ledger"
        self.jobs.mkdir()
        self.ledger.touch()

    def write(self, limit: int, body: str = "pass") -> None:
        (self.jobs / "sync.py").write_text(COUNTS.format(limit=limit, body=body), encoding="utf-8")

    def start(self, begins: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.runner.dev.fast", str(self.jobs)],
            cwd=REPOSITORY,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": f"{RUNNER}:{REPOSITORY}",
                "BEGINS": f"2026-03-10T{begins}",
                "LEDGER": str(self.ledger),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        # A line that never comes must fail the test, not hang it.
        watchdog = threading.Timer(TIMEOUT, process.kill)
        watchdog.daemon = True
        watchdog.start()
        return process

    @property
    def slots(self) -> list[str]:
        return self.ledger.read_text(encoding="utf-8").splitlines()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return line
    raise AssertionError(f"it ended, and no line held {text!r}")


def ended(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=TIMEOUT)
    return out


def test_jobs_run_at_their_times_and_raising_the_limit_resumes(tmp_path: Path) -> None:
    fast = Fast(tmp_path)
    fast.write(limit=2)
    process = fast.start("11:59:50")
    read_until(process, "Execution 2 of 2 begins")
    read_until(process, "Scheduled job sync completed")
    fast.write(limit=3)
    read_until(process, "sync | has changed: * * * * *, 2 of 3 executions, next run in")
    read_until(process, "Execution 3 of 3 begins")
    read_until(process, "Scheduled job sync completed")
    process.send_signal(signal.SIGTERM)
    ended(process)
    assert process.returncode == 0
    assert len(set(fast.slots)) == len(fast.slots) == 3


def test_after_a_crash_the_count_goes_on_and_a_run_left_behind_is_waited_for(tmp_path: Path) -> None:
    fast = Fast(tmp_path)
    os.mkfifo(tmp_path / "gate")
    fast.write(limit=2, body=f"print('waits'); await asyncio.to_thread(open, {str(tmp_path / 'gate')!r})")
    first = fast.start("11:59:50")
    read_until(first, "waits")
    first.kill()
    ended(first)
    refused = fast.start("11:59:50")
    assert "left behind still goes on" in ended(refused)
    assert refused.returncode == 1
    fast.write(limit=2)
    (tmp_path / "gate").write_bytes(b"")  # lets the run that was left behind end
    wait_for_lock(tmp_path / ".tally" / "jobs.lock")
    second = fast.start("11:59:50")  # the same minute again
    read_until(second, "A run of an earlier tally dev never told its end. It counts.")
    read_until(second, "Execution 2 of 2 begins")
    read_until(second, "Scheduled job sync completed")
    second.send_signal(signal.SIGINT)
    ended(second)
    assert second.returncode == 0
    assert len(fast.slots) == 2
    assert fast.slots[0] < fast.slots[1]


def test_a_run_undoes_what_it_began_before_ctrl_c_ends(tmp_path: Path) -> None:
    fast = Fast(tmp_path)
    body = "try: print('waits'); await asyncio.sleep(600)\n    finally: await asyncio.sleep(0.1); print('undone')"
    fast.write(limit=2, body=body)
    process = fast.start("11:59:50")
    read_until(process, "waits")
    process.send_signal(signal.SIGINT)
    read_until(process, "1 run has 30 s to undo what was begun")
    out = ended(process)
    assert process.returncode == 0
    assert out.index("sync | undone") < out.index("sync | Execution stopped after")
