"""What `tally dev` remembers across restarts, in a small SQLite file: the count of each job, and its last outcomes.

A slot is written, and on the disk, before its run begins: what ran and crashed counts, and no slot begins twice. The
database itself holds both rules (`claim`), not only the planner.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from tally.dev import lock
from tally.dev.planner import Record
from tally.errors import TallyError

_APPLICATION = 0x54414C59  # "TALY": SQLite keeps it in the file's head, so that no other database is taken for ours
_VERSION = 1
_KEPT = 10  # outcomes of a job, as in a ScheduledJob's status
_SCHEMA = (
    """CREATE TABLE job (
        name TEXT PRIMARY KEY,
        schedule TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        anchor INTEGER NOT NULL,
        executions INTEGER NOT NULL DEFAULT 0,
        newest INTEGER
    ) STRICT""",
    """CREATE TABLE execution (
        name TEXT NOT NULL REFERENCES job ON DELETE CASCADE,
        slot INTEGER NOT NULL,
        began INTEGER NOT NULL,
        ended INTEGER,
        outcome TEXT NOT NULL DEFAULT 'running',
        message TEXT,
        PRIMARY KEY (name, slot)
    ) STRICT""",
)


class StateError(TallyError):
    """The state file cannot be used."""


class Store:
    """The state of one jobs folder; all times are aware, and kept as whole seconds since 1970.

    Args:
        path: The state file.
        connection: To it.
        descriptor: The open file that holds the lock; runs inherit it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the state file, or make it, for this process alone.

        Args:
            path: The file; its folder is made too, and hidden from git.

        Raises:
            LockedError: Another process works with it.
            StateError: It cannot be made or read, or is no state file of this version.
        """
        try:
            _make_folder(path.parent)
            descriptor = lock.acquire(path.with_suffix(".lock"))
        except OSError as error:
            raise StateError(f"The folder {path.parent} for the counts cannot be used: {error.strerror}.") from error
        try:
            connection = sqlite3.connect(path, isolation_level=None)
            store = cls(path, connection, descriptor)
            with store._guarded():
                prepare(connection, path)
        except BaseException:
            lock.release(descriptor)
            raise
        return store

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._connection.close()
        lock.release(self.descriptor)

    def recover(self) -> list[str]:
        """Note that executions which had begun when an earlier process ended will never tell their end.

        Returns:
            The names of their jobs.
        """
        with self._guarded() as connection:
            rows = connection.execute(
                "UPDATE execution SET outcome = 'unknown', message = 'tally dev ended before it'"
                " WHERE outcome = 'running' RETURNING name"
            )
            return sorted({name for (name,) in rows.fetchall()})

    def take_up(self, name: str, schedule: str, time_zone: str, now: datetime) -> Record:
        """Give what is remembered of a job; with another schedule than before, its `@every` counts from now.

        Args:
            name: The job's name.
            schedule: Its cron expression now.
            time_zone: Its zone now.
            now: The present time.
        """
        anchor = _seconds(now) // 60 * 60
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO job (name, schedule, time_zone, anchor) VALUES (:name, :schedule, :zone, :anchor)"
                " ON CONFLICT DO UPDATE SET schedule = :schedule, time_zone = :zone, anchor = :anchor"
                " WHERE (schedule, time_zone) <> (:schedule, :zone)",
                {"name": name, "schedule": schedule, "zone": time_zone, "anchor": anchor},
            )
            return self._record(name)

    def claim(self, name: str, slot: datetime, limit: int | None, now: datetime) -> bool:
        """Write down that the run for a slot begins; only after that it may.

        Args:
            name: The job's name.
            slot: The scheduled time.
            limit: How many executions there may be, ever.
            now: The present time.

        Returns:
            Whether it may begin: it is newer than all before it, and within the limit.
        """
        with self._transaction() as connection:
            changed = connection.execute(
                "UPDATE job SET executions = executions + 1, newest = :slot"
                " WHERE name = :name AND coalesce(newest < :slot, true) AND coalesce(executions < :limit, true)",
                {"name": name, "slot": _seconds(slot), "limit": limit},
            )
            if not changed.rowcount:
                return False
            connection.execute(
                "INSERT INTO execution (name, slot, began) VALUES (?, ?, ?)", (name, _seconds(slot), _seconds(now))
            )
            connection.execute(
                "DELETE FROM execution WHERE name = :name AND slot NOT IN"
                " (SELECT slot FROM execution WHERE name = :name ORDER BY slot DESC LIMIT :kept)",
                {"name": name, "kept": _KEPT},
            )
        return True

    def end(self, name: str, slot: datetime, outcome: str, message: str | None, now: datetime) -> None:
        """Write down how an execution ended.

        Args:
            name: The job's name.
            slot: The scheduled time.
            outcome: One word.
            message: One line that says what went wrong.
            now: The present time.
        """
        with self._guarded() as connection:
            connection.execute(
                "UPDATE execution SET outcome = ?, message = ?, ended = ? WHERE name = ? AND slot = ?",
                (outcome, message, _seconds(now), name, _seconds(slot)),
            )

    def outcomes(self, name: str) -> tuple[str, ...]:
        """Give how the last executions of a job ended, oldest first."""
        with self._guarded() as connection:
            rows = connection.execute("SELECT outcome FROM execution WHERE name = ? ORDER BY slot", (name,))
            return tuple(outcome for (outcome,) in rows.fetchall())

    def reset(self, name: str | None) -> None:
        """Forget the counts and outcomes. The newest slot is kept: what ran in this minute does not run again in it.

        Args:
            name: The job; None is all.

        Raises:
            StateError: Nothing is remembered of that job.
        """
        with self._transaction() as connection:
            known = [each for (each,) in connection.execute("SELECT name FROM job ORDER BY name").fetchall()]
            if name is not None and name not in known:
                raise StateError(f"Nothing is counted for {name!r}. Counted jobs: {', '.join(known) or 'none'}.")
            connection.execute("UPDATE job SET executions = 0 WHERE coalesce(name = ?, true)", (name,))
            connection.execute("DELETE FROM execution WHERE coalesce(name = ?, true)", (name,))

    def _record(self, name: str) -> Record:
        row = self._connection.execute("SELECT anchor, executions, newest FROM job WHERE name = ?", (name,)).fetchone()
        anchor, executions, newest = row
        return Record(
            anchor=datetime.fromtimestamp(anchor, UTC),
            executions=executions,
            newest=None if newest is None else datetime.fromtimestamp(newest, UTC),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._guarded() as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:  # commits, or rolls back
                yield connection

    @contextmanager
    def _guarded(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection
        except sqlite3.Error as error:
            raise StateError(
                f"The counts in {self.path} cannot be used: {error}. Without them nothing may start. "
                "Mend the cause, or move the file away: then all counts start at 0."
            ) from error


def path_for(folder: Path) -> Path:
    """Name the state file of a jobs folder: beside it, in `.tally`, so that two folders have two."""
    folder = folder.resolve()
    return folder.parent / ".tally" / f"{folder.name}.db"


def _make_folder(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text("# Made by tally dev: counts of this machine only.\n*\n", encoding="utf-8")


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new state file, and refuse a file that is another's, newer or broken.

    Args:
        connection: To the file.
        path: Where it is, for the message.

    Raises:
        StateError: It is another's, or newer.
        sqlite3.Error: It is broken.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != _APPLICATION and (application, version, tables) != (0, 0, 0):
        raise StateError(f"{path} is a database of something else. Move it away; tally dev makes its own.")
    if version > _VERSION:
        raise StateError(f"{path} was written by a newer Tally (version {version}). Use that one, or move it away.")
    if not tables:
        _create(connection)
    problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise sqlite3.DatabaseError(problem)


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
