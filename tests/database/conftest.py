"""Each test runs on both databases, as a job would meet them: by DATABASE_URL."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from tally.database import open_database
from tally.query import Query

from tests.database import shop
from tests.postgres import Postgres, postgres_server

__all__ = ["postgres_server"]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Make an empty database of one of both kinds."""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres_server")
        return lambda: _far_from_utc(server.create(f"test_{uuid4().hex}"))
    folder = tmp_path_factory.mktemp("sqlite")

    def make() -> str:
        path = folder / f"{uuid4().hex}.db"
        Path(path).touch()
        return f"sqlite:///{path}"

    return make


def _far_from_utc(url: str) -> str:
    """Let sessions have a time zone in which what is wrong about zones shows."""
    return f"{url}?options=-ctimezone%3DAsia/Kathmandu"


@pytest.fixture
async def fresh(fresh_url: Callable[[], str]) -> AsyncIterator[AsyncEngine]:
    """An empty database."""
    engine = open_database({"DATABASE_URL": fresh_url()})
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def database(fresh_url: Callable[[], str]) -> AsyncIterator[AsyncEngine]:
    """The shop, which no test changes."""
    engine = open_database({"DATABASE_URL": fresh_url()})
    async with engine.begin() as connection:
        await connection.run_sync(shop.METADATA.create_all)
        for table, rows in shop.ROWS.items():
            await connection.execute(table.insert(), rows)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def query(database: AsyncEngine) -> Query:
    """The service, in the middle of a run."""
    return Query(database)


@contextmanager
def statements(engine: AsyncEngine) -> Iterator[list[str]]:
    """Note each statement that is executed."""
    seen: list[str] = []

    def note(_connection: sa.Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        seen.append(f"{statement} {parameters}")

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
