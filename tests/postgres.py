"""A PostgreSQL server for tests: Debian's own, in a temporary folder, gone when the tests are.

with postgres() as server:
    url = server.create("shop")     # postgresql://..., a fresh, empty database
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from tally_cluster.processes import wait_for
from tally_cluster.progress import StepError, run
from tally_cluster.toolchain import apt_install

from tests.ports import free_port

LOOPBACK = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
START_ATTEMPTS = 5
# Debian starts a server of its own as soon as it is installed, unless this says no.
NO_MAIN_CLUSTER = Path("/etc/postgresql-common/createcluster.d/tally-tests.conf")
# No test needs its rows after a power cut.
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "unix_socket_directories": ""}


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A running server.

    Args:
        host: The address that it listens on.
        port: The port there.
        password: Its only user's; the user is `tally` and may do everything.
    """

    host: str
    port: int
    password: str = field(repr=False)

    def url(self, name: str) -> str:
        """Give the address of one of its databases, as a `DATABASE_URL`."""
        return f"postgresql://tally:{self.password}@{self.host}:{self.port}/{name}"

    def create(self, name: str) -> str:
        """Make a fresh database; one that has the name goes, with whoever is connected to it.

        Args:
            name: Its name.

        Returns:
            Its `postgresql://` URL.
        """
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = sql.Identifier(name)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(known))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(known))
        return self.url(name)


@contextmanager
def postgres(listen: str = LOOPBACK) -> Iterator[Postgres]:
    """Start a server, and stop it at the end whatever happens.

    Args:
        listen: The address of this machine that it listens on; whoever reaches it and has the password is let in. The
            bridge's address makes it reachable for pods.

    Raises:
        StepError: PostgreSQL cannot be installed, or does not start.
    """
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="tally-postgres-") as name:
        folder = Path(name)
        password = secrets.token_hex(16)
        _initialise(programs, folder, password)
        process, server = _start(programs, folder, listen, password)
        try:
            yield server
        finally:
            _stop(process)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A server on the loopback; a suite's conftest imports this fixture."""
    with postgres() as server:
        yield server


def _programs() -> Path:
    found = _installed()
    if found is None:
        NO_MAIN_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
        NO_MAIN_CLUSTER.write_text("create_main_cluster = false\n", encoding="utf-8")
        apt_install(["postgresql"])
        found = _installed()
    if found is None:
        raise StepError("Debian's package postgresql was installed, and no /usr/lib/postgresql/*/bin/postgres is there")
    return found


def _installed() -> Path | None:
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(versions, key=lambda path: int(path.parent.name), default=None)


def _unprivileged() -> list[str]:
    """Run as the package's user where we are root, which the server refuses to be; and never outlive the tests."""
    user = ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *user, "--pdeathsig=QUIT"]


def _initialise(programs: Path, folder: Path, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password, encoding="utf-8")
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        for path in (folder, secret):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    how = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    who = ["--username=tally", f"--pwfile={secret}"]
    run([*_unprivileged(), programs / "initdb", *how, *who, "--pgdata", folder / "data"], folder / "log")
    (folder / "data" / "pg_hba.conf").write_text("host all all all scram-sha-256\n", encoding="utf-8")


def _start(programs: Path, folder: Path, listen: str, password: str) -> tuple[subprocess.Popen[bytes], Postgres]:
    """Start it on a free port; one that another process takes in the meantime is given up for the next."""
    log = folder / "log"
    for _attempt in range(START_ATTEMPTS):
        server = Postgres(host=listen, port=free_port(listen), password=password)
        given = {**SETTINGS, "listen_addresses": listen, "port": str(server.port)}
        options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        command: list[str | Path] = [*_unprivileged(), programs / "postgres", "-D", folder / "data"]
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*command, *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # an interrupt at the keyboard is ours to handle
            )
        try:
            ready = wait_for(lambda: process.poll() is not None or _answers(server), START_SECONDS)  # noqa: B023
        except BaseException:
            _stop(process)
            raise
        if ready and process.poll() is None:
            return process, server
        _stop(process)
        if "could not bind" not in log.read_text(encoding="utf-8", errors="replace"):
            break
    kept = Path(tempfile.gettempdir()) / "tally-postgres.log"
    shutil.copy(log, kept)
    raise StepError(f"PostgreSQL did not start on {listen}", kept)


def _answers(server: Postgres) -> bool:
    try:
        psycopg.connect(server.url("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Have it end at once, clients or not; insist after a while."""
    process.send_signal(signal.SIGQUIT)  # its rows may go
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
