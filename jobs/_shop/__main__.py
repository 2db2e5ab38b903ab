"""`python -m jobs._shop`: makes the shop's tables in the database of DATABASE_URL, and puts the sample data in."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL
from tally import Container

from jobs._shop import sample


async def main() -> None:
    """Load the sample data, and say what was done."""
    async with Container() as container:
        database = container.resolve("database")
        _make_file(database.url)
        loaded = await sample.load(database, datetime.now(UTC))
        print(f"The shop is in {database.url.render_as_string(hide_password=True)}")
        for table, count, new in loaded:
            print(f"  {table:<10} {count:>3} rows, {new or 'none'} of them new")


def _make_file(url: URL) -> None:
    """Make SQLite's file: a job does not, as it would hide a misspelt DATABASE_URL."""
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).touch()


if __name__ == "__main__":
    asyncio.run(main())
