"""What the jobs remember from one run to the next: what was sent, and what was synced until when."""

from datetime import UTC, datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from jobs._shop.mailer import Mail
from jobs._shop.schema import mail as mails
from jobs._shop.schema import sync


async def claim(database: AsyncEngine, mail: Mail) -> bool:
    """Claim the right to send a mail; False where it was claimed before, by whomever."""
    row = {"id": mail.id, "recipient": mail.recipient, "claimed_at": datetime.now(UTC)}
    dialect = postgresql if database.dialect.name == "postgresql" else sqlite
    unless_claimed = dialect.insert(mails).values(row).on_conflict_do_nothing(index_elements=[mails.c.id])
    async with database.begin() as connection:
        return (await connection.execute(unless_claimed.returning(mails.c.id))).first() is not None


async def release(database: AsyncEngine, mail: Mail) -> None:
    """Give a claim back."""
    async with database.begin() as connection:
        await connection.execute(delete(mails).where(mails.c.id == mail.id))


async def record(database: AsyncEngine, mail: Mail) -> None:
    """Remember that a mail is out."""
    async with database.begin() as connection:
        await connection.execute(update(mails).where(mails.c.id == mail.id).values(sent_at=datetime.now(UTC)))


async def last_sync_time(database: AsyncEngine, job: str) -> datetime | None:
    """Tell until when a job has synced everything; None where it never has."""
    async with database.connect() as connection:
        found: datetime | None = await connection.scalar(select(sync.c.last_sync_time).where(sync.c.job == job))
        return found


async def set_last_sync_time(database: AsyncEngine, job: str, until: datetime) -> None:
    """Remember until when a job has synced everything."""
    async with database.begin() as connection:
        changed = await connection.execute(update(sync).where(sync.c.job == job).values(last_sync_time=until))
        if not changed.rowcount:
            await connection.execute(insert(sync).values(job=job, last_sync_time=until))
