"""The service `database`: what DATABASE_URL may say, and what is said when it, a library or the database is wrong."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import QueuePool
from sqlalchemy.ext.asyncio import AsyncEngine
from tally import Container
from tally.database import open_database
from tally.errors import ServiceError, TallyError
from tally.query import Query

from tests.postgres import Postgres

RUNNER = Path(__file__).parents[2] / "runner"
SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("url", "driver", "database"),
    [
        ("postgres://u:p@db:5432/shop", "postgresql+psycopg", "shop"),
        ("postgresql://u:p@db/shop?sslmode=require", "postgresql+psycopg", "shop"),
        ("postgresql+psycopg://u:p@db/shop", "postgresql+psycopg", "shop"),
        ("postgresql:///shop?host=/var/run", "postgresql+psycopg", "shop"),
        ("sqlite:////data/shop.db", "sqlite+aiosqlite", "/data/shop.db"),
        ("sqlite+aiosqlite:////data/shop.db", "sqlite+aiosqlite", "/data/shop.db"),
        ("sqlite://", "sqlite+aiosqlite", None),
        ("sqlite:///:memory:", "sqlite+aiosqlite", ":memory:"),
    ],
)
def test_a_url_leads_to_its_asynchronous_driver(url: str, driver: str, database: str | None) -> None:
    engine = open_database({"DATABASE_URL": url})
    assert isinstance(engine, AsyncEngine)
    assert (engine.url.drivername, engine.url.database) == (driver, database)


@pytest.mark.parametrize("environ", [{}, {"DATABASE_URL": ""}], ids=repr)
def test_without_a_url_it_is_a_file_in_the_folder_of_now(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    engine = open_database(environ)
    monkeypatch.chdir("/")
    assert engine.url.database == str(tmp_path / "data.db")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            f"mysql://u:{SECRET}@db/shop",
            r"starts with mysql://, for which there is no driver here\. Set DATABASE_URL to post",
        ),
        (f"postgresql+asyncpg://u:{SECRET}@db/shop", r"starts with postgresql\+asyncpg://"),
        (
            f"u:{SECRET}@db",
            r"is no URL\. Set DATABASE_URL to postgresql://USER:PASSWORD@HOST:5432/DATABASE, or to sqlite",
        ),
        (f"postgresql://u:{SECRET}@db:port/shop", r"is no URL.*In a password, write @ as %40"),
        (f"postgresql://u:x@{SECRET}@db/shop", r"is no URL.*In a password, write @ as %40"),
        (SECRET, "is no URL"),
        ("sqlite://data.db", r"two slashes before the file.*sqlite:///FILE"),
    ],
)
def test_a_url_that_cannot_be_says_what_to_write_and_no_password(url: str, said: str) -> None:
    with pytest.raises(ServiceError, match=said) as caught:
        open_database({"DATABASE_URL": url})
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None  # a traceback would show them


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            f"postgresql://u:{SECRET}@127.0.0.1:1/shop",
            r"shop at 127\.0\.0\.1:1 cannot be reached: .*Connection refused",
        ),
        (
            f"postgresql://u:{SECRET}@nowhere.invalid/shop",
            r"shop at nowhere\.invalid:5432 cannot be reached: .*resolve host",
        ),
        (f"postgresql://u:{SECRET}@127.0.0.1:1/shop?nonsense=1", "cannot be reached: .*nonsense"),
        (f"postgresql://u:{SECRET}@/shop?host=/nowhere", "shop at the local socket cannot be reached: .*No such file"),
    ],
)
async def test_a_server_that_cannot_be_reached_is_said_without_the_password(url: str, said: str) -> None:
    engine = open_database({"DATABASE_URL": url})
    with pytest.raises(ServiceError, match=said) as caught:
        await Query(engine).graph(entity="t")
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(ServiceError, match=said):
        async with engine.connect():
            pass


async def test_a_wrong_password_is_said_and_not_shown(postgres_server: Postgres) -> None:
    url = sa.make_url(postgres_server.url("postgres")).set(password=SECRET).render_as_string(hide_password=False)
    engine = open_database({"DATABASE_URL": url})
    with pytest.raises(ServiceError, match='password authentication failed for user "tally"') as caught:
        await Query(engine).graph(entity="t")
    assert SECRET not in str(caught.value)


async def test_a_database_that_is_not_there_is_said(postgres_server: Postgres) -> None:
    engine = open_database({"DATABASE_URL": postgres_server.url("nothing")})
    with pytest.raises(ServiceError, match='database "nothing" does not exist'):
        await Query(engine).graph(entity="t")


async def test_a_missing_file_is_said_and_not_made(tmp_path: Path) -> None:
    engine = open_database({"DATABASE_URL": f"sqlite:///{tmp_path}/shop.db"})
    said = rf"There is no SQLite file {tmp_path}/shop\.db\. Create it with its tables, or set DATABASE_URL"
    with pytest.raises(ServiceError, match=said):
        await Query(engine).graph(entity="t")
    with pytest.raises(ServiceError, match=said):
        async with engine.begin():
            pass
    assert not (tmp_path / "shop.db").exists()


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_text("dear diary, this is no database at all\n" * 100, encoding="utf-8")
    engine = open_database({"DATABASE_URL": f"sqlite:///{tmp_path}/shop.db"})
    with pytest.raises(TallyError, match="file is not a database"):
        await Query(engine).graph(entity="t")
    await engine.dispose()


async def test_an_error_of_a_teams_own_statement_hides_the_values(fresh: AsyncEngine) -> None:
    with pytest.raises(sa.exc.DBAPIError) as caught:
        async with fresh.connect() as connection:
            await connection.execute(sa.text("SELECT * FROM nothing WHERE a = :a"), {"a": SECRET})
    assert SECRET not in str(caught.value)


async def test_the_services_share_one_engine_which_is_closed_with_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.db").touch()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/shop.db")
    async with Container() as container:
        engine = container.resolve("database")
        async with engine.begin() as connection:
            await connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY)")
            await connection.exec_driver_sql("INSERT INTO t VALUES (7)")
        assert (await container.resolve("query").graph(entity="t")).data == [{"id": 7}]
        assert container.resolve("database") is engine
        pool = engine.pool
        assert isinstance(pool, QueuePool)
        assert pool.checkedin() == 1
    assert pool.checkedin() == 0


async def test_a_query_reads_the_database_that_a_test_hands_over(database: AsyncEngine) -> None:
    found = await Container({"database": database}).resolve("query").graph(entity="cart", fields=["id"])
    assert len(found.data) == 4


async def test_a_synchronous_job_queries_from_its_thread(database: AsyncEngine) -> None:
    query = Container({"database": database}).resolve("query")

    def job() -> list[int]:
        found = [asyncio.run(query.graph(entity="cart", fields=["id"])) for _ in range(3)]
        return [len(each.data) for each in found]

    assert await asyncio.to_thread(job) == [4, 4, 4]


@pytest.mark.parametrize(
    ("module", "url"),
    [
        ("sqlalchemy", "sqlite:///x"),
        ("greenlet", "sqlite:///x"),
        ("aiosqlite", "sqlite:///x"),
        ("psycopg", "postgres://x/y"),
    ],
)
@pytest.mark.parametrize("service", ["database", "query"])
def test_a_missing_library_says_what_to_install(
    module: str, url: str, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("DATABASE_URL", url)
    said = rf"The services `database` and `query` need {module}: .*pip install 'tally\[database\]'"
    with pytest.raises(ServiceError, match=said):
        Container().resolve(service)


@pytest.mark.parametrize(
    ("body", "imported"), [("pass", False), ('container.resolve("query")', True)], ids=["unused", "used"]
)
def test_a_job_imports_the_libraries_only_if_it_uses_them(tmp_path: Path, body: str, imported: bool) -> None:
    job = (
        "import sys\n"
        "from tally import JobConfig\n"
        'config = JobConfig(name="sync", schedule="* * * * *")\n'
        "async def run(container):\n"
        f"    {body}\n"
        '    return sorted({"sqlalchemy", "psycopg", "aiosqlite", "greenlet"} & set(sys.modules))\n'
    )
    (tmp_path / "sync.py").write_text(job, encoding="utf-8")
    environ = {"PYTHONPATH": str(RUNNER), "TALLY_JOBS": str(tmp_path), "TALLY_TERMINATION_LOG": str(tmp_path / "log")}
    subprocess.run(
        [sys.executable, "-m", "tally", "run", "sync"], env=environ, cwd=tmp_path, check=True, capture_output=True
    )
    said = (tmp_path / "log").read_text(encoding="utf-8")
    assert ('"sqlalchemy"' in said) is imported
    assert ('"result":[]' in said.replace(" ", "")) is not imported
