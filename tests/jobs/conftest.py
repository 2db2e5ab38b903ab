"""The shop on each database, and the servers that its jobs talk to."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tally import loader

from tests.jobs import servers
from tests.jobs.shop import JOBS, Shop
from tests.jobs.shop import shop as open_shop
from tests.postgres import Postgres, postgres_server

__all__ = ["postgres_server"]


@pytest.fixture(autouse=True)
def these_jobs() -> None:
    """Let `jobs` be this repository's, whichever folder another test has opened."""
    loader.load(JOBS, "limited-test")


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Postgres) -> str:
    """One database for all tests: making one takes longer than most of them."""
    return postgres_server.create("shop")


@pytest.fixture(params=["sqlite", "postgresql"])
async def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """The shop, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        (tmp_path / "shop.db").touch()
        url = f"sqlite:///{tmp_path}/shop.db"
    else:
        url = request.getfixturevalue("postgres_url")
    monkeypatch.setenv("DATABASE_URL", url)
    async with open_shop(url) as opened:
        yield opened


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[servers.MailServer]:
    """A mail server, known to the jobs."""
    with servers.mail_server() as server:
        monkeypatch.setenv("SMTP_URL", server.url)
        yield server


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[servers.CatalogServer]:
    """The third-party catalogue, known to the jobs."""
    with servers.catalog_server() as server:
        monkeypatch.setenv("CATALOG_URL", server.url)
        yield server
