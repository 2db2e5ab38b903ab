"""The counts on a real disk: across restarts, crashes, other processes and files that are not ours."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tally.dev import lock
from tally.dev.store import StateError, Store, path_for

from tests.unit.runner.dev.played import wait_for_lock
from tests.unit.runner.process import RUNNER

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return path_for(tmp_path / "jobs")


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = opened(path)
    yield store
    store.close()


def opened(path: Path) -> Store:
    store = Store.open(path)
    store.take_up("sync", "* * * * *", "Etc/UTC", NOON)
    return store


def claimed(store: Store, minutes: int, limit: int | None = None) -> bool:
    return store.claim("sync", NOON + minutes * MINUTE, limit, NOON + minutes * MINUTE)


def test_a_slot_is_claimed_once_and_never_an_older_one(store: Store) -> None:
    assert [claimed(store, minutes) for minutes in (2, 2, 1, 3)] == [True, False, False, True]
    assert store.take_up("sync", "* * * * *", "Etc/UTC", NOON).executions == 2


def test_the_limit_is_the_databases_too(store: Store) -> None:
    assert [claimed(store, minutes, limit=2) for minutes in (1, 2, 3)] == [True, True, False]
    assert claimed(store, 4, limit=3)  # raised
    assert not claimed(store, 5, limit=1)  # lowered


def test_an_unknown_job_claims_nothing(store: Store) -> None:
    assert not store.claim("other", NOON, None, NOON)


def test_the_count_is_there_after_a_restart(path: Path) -> None:
    store = opened(path)
    claimed(store, 1)
    claimed(store, 2)
    store.end("sync", NOON + MINUTE, "failed", "ValueError: no", NOON)
    store.close()
    store = Store.open(path)
    record = store.take_up("sync", "* * * * *", "Etc/UTC", NOON + 3 * MINUTE)
    assert (record.executions, record.newest, record.anchor) == (2, NOON + 2 * MINUTE, NOON)
    assert store.recover() == ["sync"]
    assert store.recover() == []
    assert store.outcomes("sync") == ("failed", "unknown")
    store.close()


def test_an_every_counts_anew_after_its_schedule_changed(store: Store) -> None:
    later = NOON + timedelta(seconds=95)
    assert store.take_up("sync", "* * * * *", "Etc/UTC", later).anchor == NOON
    assert store.take_up("sync", "@every 5m", "Etc/UTC", later).anchor == NOON + MINUTE
    assert store.take_up("sync", "@every 5m", "Asia/Tokyo", later + MINUTE).anchor == NOON + 2 * MINUTE


def test_the_last_ten_outcomes_are_kept(store: Store) -> None:
    for minutes in range(1, 13):
        claimed(store, minutes)
        store.end("sync", NOON + minutes * MINUTE, f"o{minutes}", None, NOON)
    assert store.outcomes("sync") == tuple(f"o{minutes}" for minutes in range(3, 13))
    assert store.take_up("sync", "* * * * *", "Etc/UTC", NOON).executions == 12


def test_reset_forgets_the_count_but_not_what_ran_in_this_minute(store: Store) -> None:
    store.take_up("other", "* * * * *", "Etc/UTC", NOON)
    store.claim("other", NOON, None, NOON)
    claimed(store, 1, limit=1)
    store.reset("sync")
    assert (store.outcomes("sync"), store.outcomes("other")) == ((), ("running",))
    assert not claimed(store, 1, limit=1)
    assert claimed(store, 2, limit=1)
    store.reset(None)
    assert store.take_up("other", "* * * * *", "Etc/UTC", NOON).executions == 0
    with pytest.raises(StateError, match=r"^Nothing is counted for 'synk'\. Counted jobs: other, sync\.$"):
        store.reset("synk")


def test_the_folder_is_hidden_from_git(path: Path) -> None:
    Store.open(path).close()
    assert path.name == "jobs.db"
    assert (path.parent / ".gitignore").read_text(encoding="utf-8").splitlines()[-1] == "*"


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (["CREATE TABLE products (id)"], "is a database of something else. Move it away"),
        (["PRAGMA user_version = 3"], "is a database of something else. Move it away"),
        (["PRAGMA application_id = 1413565529", "PRAGMA user_version = 2"], r"newer Tally \(version 2\)"),
    ],
)
def test_another_database_is_refused(path: Path, statements: list[str], message: str) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    with pytest.raises(StateError, match=message):
        Store.open(path)


def test_a_broken_file_is_said_plainly_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database at all, but long enough to be taken for one" * 100)
    before = path.read_bytes()
    with pytest.raises(StateError, match=r"jobs\.db cannot be used: file is not a database\. .* move the file away"):
        Store.open(path)
    assert path.read_bytes() == before


def test_a_damaged_page_is_found_when_it_is_opened(store: Store, path: Path) -> None:
    for minutes in range(1, 11):
        claimed(store, minutes)
    whole = path.read_bytes()
    page = int.from_bytes(whole[16:18], "big")
    damaged = whole[:page] + b"\xff" * 64 + whole[page + 64 :]
    other = path.parent / "damaged" / "jobs.db"
    other.parent.mkdir()
    other.write_bytes(damaged)
    with pytest.raises(StateError, match=r"cannot be used"):
        Store.open(other)


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / ".tally").write_text("a file", encoding="utf-8")
    with pytest.raises(StateError, match=r"The folder .*\.tally for the counts cannot be used: File exists\."):
        Store.open(path_for(tmp_path / "jobs"))


def test_a_claim_that_cannot_be_written_whole_counts_nothing(store: Store) -> None:
    store._connection.execute(
        "CREATE TEMP TRIGGER full AFTER INSERT ON execution BEGIN SELECT raise(ABORT, 'full'); END"
    )
    with pytest.raises(StateError, match=r"cannot be used: full\. Without them nothing may start\."):
        claimed(store, 1)
    store._connection.execute("DROP TRIGGER full")
    assert store.take_up("sync", "* * * * *", "Etc/UTC", NOON).executions == 0
    assert claimed(store, 1)


OPENS = "import sys, pathlib; from tally.dev.store import Store; Store.open(pathlib.Path(sys.argv[1]))"


def opened_by_another(path: Path) -> str:
    """Open the store in another process, and give the last line of what it says."""
    done = subprocess.run(
        [sys.executable, "-c", OPENS, str(path)],
        env={"PYTHONPATH": str(RUNNER)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip().rpartition("\n")[2]


def test_a_second_process_is_refused_until_the_first_one_ends(path: Path) -> None:
    store = opened(path)
    said = opened_by_another(path)
    assert said == (
        f"tally.dev.lock.LockedError: Another tally dev works on this folder (process {os.getpid()}). "
        "Stop it first, so that nothing runs twice."
    )
    store.close()
    assert opened_by_another(path) == ""


def test_a_run_that_was_left_behind_keeps_the_lock(path: Path) -> None:
    """The first process has ended; the child that inherited its lock has not."""
    path.parent.mkdir()
    leaves = (
        "import os, subprocess, sys, pathlib; from tally.dev import lock\n"
        "held = lock.acquire(pathlib.Path(sys.argv[1]))\n"
        "child = subprocess.Popen(['cat'], stdin=0, stdout=2, pass_fds=[held]); print(os.getpid())\n"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", leaves, str(path.with_suffix(".lock"))],
        env={"PYTHONPATH": str(RUNNER), "PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None
    process = first.stdout.readline().strip()
    first.stdout.close()
    first.wait()
    try:
        with pytest.raises(
            lock.LockedError, match=rf"A run that an earlier tally dev \(process {process}\) left behind still goes on"
        ):
            Store.open(path)
    finally:
        assert first.stdin is not None
        first.stdin.close()  # ends the child
    wait_for_lock(path.with_suffix(".lock"))
    Store.open(path).close()
