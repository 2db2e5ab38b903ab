"""The database of a run: from `DATABASE_URL` to an engine that says plainly what is missing.

SQLAlchemy is imported when a job first asks for the database, since that takes longer than all the rest of a start.
"""

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tally.errors import ServiceError

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncEngine

VARIABLE = "DATABASE_URL"
DEFAULT_URL = "sqlite:///data.db"
_HOW = (
    f"Set {VARIABLE} to postgresql://USER:PASSWORD@HOST:5432/DATABASE, or to sqlite:///FILE "
    "(sqlite:////FOLDER/FILE for an absolute path)."
)
# What people write, and the driver that it means.
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
}
_CONNECT_SECONDS = 10  # a server that drops packets would be waited for as long as the kernel likes


def open_database(environ: Mapping[str, str] = os.environ) -> "AsyncEngine":
    """Make the engine; it connects when it is first used.

    Args:
        environ: DATABASE_URL names the database; absent or empty, it is `data.db` in the current folder.

    Returns:
        SQLAlchemy's `AsyncEngine`; its `aclose()` gives all connections back.

    Raises:
        ServiceError: A library is missing, or the URL cannot be used. Later, from a connection: the server cannot be
            reached, or the SQLite file is not there.
    """
    _require("sqlalchemy", "greenlet")
    url = _url(environ.get(VARIABLE) or DEFAULT_URL)
    _require("aiosqlite" if url.get_backend_name() == "sqlite" else "psycopg")
    return _engine(url)


def _require(*modules: str) -> None:
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise ServiceError(
                f"The services `database` and `query` need {module}: {error}. Write: pip install 'tally[database]'"
            ) from error


def _url(text: str) -> "URL":
    """Read the URL; nothing of what it holds may be in a message, as it may be a password."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or "@" in (url.host or ""):  # an unescaped @ of a password ends up there
        raise ServiceError(
            f"{VARIABLE} is no URL. {_HOW} In a password, write @ as %40, / as %2F, : as %3A and % as %25."
        )
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise ServiceError(f"{VARIABLE} starts with {url.drivername}://, for which there is no driver here. {_HOW}")
    url = url.set(drivername=driver)
    if url.get_backend_name() == "postgresql":
        return url
    if url.host:
        raise ServiceError(f"{VARIABLE} has two slashes before the file, where a server's name would stand. {_HOW}")
    # A job may change the current folder before the first connection.
    return url.set(database=str(Path(str(url.database)).absolute())) if _is_plain_file(url) else url


def _is_plain_file(url: "URL") -> bool:
    """Tell a file from SQLite's `:memory:` and from its own `file:` addresses, which say what to do if it is absent."""
    name = url.database or ":memory:"
    return url.get_backend_name() == "sqlite" and name != ":memory:" and not name.startswith("file:")


def _engine(url: "URL") -> "AsyncEngine":
    from sqlalchemy import event
    from sqlalchemy.engine.interfaces import Dialect
    from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

    class Database(AsyncEngine):
        """An engine that a container can close."""

        async def aclose(self) -> None:
            """Give all connections back."""
            await self.dispose()

    patience = {"connect_timeout": _CONNECT_SECONDS} if url.get_backend_name() == "postgresql" else {}
    # Rows may hold what must not be in a log; SQLAlchemy's errors would show them.
    made = create_async_engine(url, hide_parameters=True, connect_args=_without(patience, url.query))
    engine = Database(made.sync_engine)

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Dialect, _record: object, arguments: list[Any], options: dict[str, Any]) -> object:
        if _is_plain_file(url) and not Path(str(url.database)).exists():
            raise ServiceError(
                f"There is no SQLite file {url.database}. Create it with its tables, or set {VARIABLE} to where it is."
            )
        try:
            return dialect.connect(*arguments, **options)
        except dialect.loaded_dbapi.Error as error:
            raise ServiceError(f"The database {_place(url)} cannot be reached: {_line(error)}") from None

    return engine


def _without(defaults: dict[str, int], given: Mapping[str, object]) -> dict[str, int]:
    return {name: value for name, value in defaults.items() if name not in given}


def _place(url: "URL") -> str:
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.database or ''} at {f'{url.host}:{url.port or 5432}' if url.host else 'the local socket'}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
