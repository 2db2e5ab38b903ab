"""A shop as a test uses it: its database, its jobs run as `tally run` does, and all its rows to compare."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from tally import Container, Execution, loader, runner
from tally.database import open_database
from tally.execution import complete
from tally.stop import Stop

from jobs._shop import sample, schema

ROOT = Path(__file__).parents[2]
JOBS = ROOT / "jobs"
SUNDAY = datetime(2025, 11, 23, tzinfo=UTC)  # midnight; the sample data count back from it

Rows = dict[str, list[tuple[Any, ...]]]


class Shop:
    """One database with the sample data.

    Args:
        url: Its address.
        engine: Connections to it beside the jobs' own.
    """

    def __init__(self, url: str, engine: AsyncEngine) -> None:
        self.url = url
        self.engine = engine

    async def run(self, name: str, *, slot: datetime | None = SUNDAY, input: object = None) -> Any:  # noqa: A002, ANN401
        """Run a job on this shop; give what it returns, or raise what it raises."""
        return await run_here(name, slot=slot, input=input)

    async def rows(self, *tables: str) -> Rows:
        """Read tables as they are; all of them unless told which."""
        async with self.engine.connect() as connection:
            return {
                table.name: sorted((tuple(row) for row in await connection.execute(select(table))), key=repr)
                for table in schema.metadata.sorted_tables
                if not tables or table.name in tables
            }

    @asynccontextmanager
    async def refusing(self, change: Literal["UPDATE", "DELETE"], table: str, key: str) -> AsyncIterator[None]:
        """Let the database refuse to change a row, by a trigger."""
        when = f"BEFORE {change} ON {table} FOR EACH ROW WHEN (OLD.id = '{key}')"
        if self.engine.dialect.name == "sqlite":
            made = [f"CREATE TRIGGER refuse {when} BEGIN SELECT RAISE(ABORT, 'not this one'); END"]
            undone = ["DROP TRIGGER refuse"]
        else:
            body = "BEGIN RAISE EXCEPTION 'not this one'; END"
            made = [
                f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
                f"CREATE TRIGGER refuse {when} EXECUTE FUNCTION refuse()",
            ]
            undone = ["DROP FUNCTION refuse CASCADE"]
        await self.execute(*map(text, made))
        try:
            yield
        finally:
            await self.execute(*map(text, undone))

    async def execute(self, *statements: Any) -> None:  # noqa: ANN401
        """Change something by hand."""
        async with self.engine.begin() as connection:
            for statement in statements:
                await connection.execute(statement)


async def run_here(name: str, *, slot: datetime | None = SUNDAY, input: object = None) -> Any:  # noqa: A002, ANN401
    """Run a job as `tally run` does, in this process; give what it returns, or raise what it raises."""
    job = loader.load(JOBS, name)
    given = None if input is None else json.dumps(input)
    execution = complete(Execution(name=name, slot=slot), job.config, {}, given)
    container = Container({"logger": logging.getLogger(f"job.{name}"), "input": execution.input})
    loader.register_services(JOBS, container)
    ending = await runner.call(job, execution, container, Stop(lambda _signum: None))
    await container.aclose(ending.error)
    if ending.error is not None:
        raise ending.error
    return ending.result


@asynccontextmanager
async def shop(url: str) -> AsyncIterator[Shop]:
    """Put the sample data into a database, and nothing else.

    Args:
        url: Its address; a SQLite file is there.
    """
    async with Container({"database": open_database({"DATABASE_URL": url})}) as container:
        engine: AsyncEngine = container.resolve("database")
        async with engine.begin() as connection:
            await connection.run_sync(schema.metadata.drop_all)
        await sample.load(engine, SUNDAY)
        yield Shop(url, engine)
        await engine.dispose()
