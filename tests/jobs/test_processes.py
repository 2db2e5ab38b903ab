"""The jobs as their pods run them: `tally run` in a process of its own, its exit code and its termination message."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tally.cli import main
from tally.errors import ServiceError

from tests.jobs.servers import CatalogServer, MailServer
from tests.jobs.shop import JOBS, SUNDAY, Shop, run_here
from tests.unit.runner.process import Ended, Running, Tally

MINUTES = int(SUNDAY.timestamp()) // 60
SLOT = "2025-11-23T00:00:00Z"
ON_POSTGRESQL = pytest.mark.parametrize("shop", ["postgresql"], indirect=True)
RESULTS = {
    "cleanup-expired-carts": {"processed": 3},
    "recalculate-bestsellers": {"processed": 2, "bestsellers": 2},
    "send-abandoned-cart-emails": {"processed": 4, "failed": 0},
    "send-weekly-newsletter": {"processed": 3, "failed": 0},
    "sync-products": {"processed": 8, "failed": 0},
    "sync-products-daily": {"processed": 6, "failed": 0},
}


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Running]:
    """Start a job in the slot of the Sunday; the variables are those of the test."""

    def started(name: str, **environ: str) -> Running:
        tally = Tally(tmp_path)
        given = {"TALLY_JOBS": str(JOBS), "TALLY_JOB_NAME": f"{name}-{MINUTES}", **environ}
        return Running(tally, tally.start(("run", name), given))

    monkeypatch.chdir(tmp_path)
    return started


@pytest.fixture
def run(start: Callable[..., Running]) -> Callable[..., Awaitable[Ended]]:
    """Run a job to its end."""

    async def ended(name: str, **environ: str) -> Ended:
        return await asyncio.to_thread(start(name, **environ).end)

    return ended


@ON_POSTGRESQL
@pytest.mark.parametrize("name", RESULTS)
async def test_a_job_succeeds_and_says_its_result(
    shop: Shop, mails: MailServer, catalog: CatalogServer, run: Callable[..., Awaitable[Ended]], name: str
) -> None:
    ended = await run(name, DATABASE_URL=shop.url, SMTP_URL=mails.url, CATALOG_URL=catalog.url)
    assert (ended.code, ended.outcome["outcome"]) == (0, "succeeded")
    result: dict[str, Any] = ended.outcome["result"]
    result.pop("milliseconds", None)
    assert result == RESULTS[name]
    assert ended.messages[0] == f"Scheduled job {name} started"
    assert {(record["job"], record["slot"]) for record in ended.records} == {(name, SLOT)}


async def test_a_job_without_its_database_fails_and_says_so(
    run: Callable[..., Awaitable[Ended]], mails: MailServer
) -> None:
    url = "postgresql://tally:secret@127.0.0.1:1/shop"
    ended = await run("send-weekly-newsletter", DATABASE_URL=url, SMTP_URL=mails.url)
    assert (ended.code, ended.outcome["outcome"]) == (1, "failed")
    assert "The database shop at 127.0.0.1:1 cannot be reached" in ended.outcome["message"]
    assert "secret" not in ended.out + ended.err
    assert mails.received == []


@pytest.mark.parametrize("name", RESULTS)
async def test_no_job_does_anything_without_its_database(
    mails: MailServer, catalog: CatalogServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://tally:secret@127.0.0.1:1/shop")
    with pytest.raises(ServiceError, match=r"The database shop at 127\.0\.0\.1:1 cannot be reached"):
        await run_here(name)
    assert (mails.received, catalog.puts) == ([], [])


@ON_POSTGRESQL
async def test_sigterm_while_a_mail_is_sent(
    shop: Shop, mails: MailServer, start: Callable[..., Running], run: Callable[..., Awaitable[Ended]]
) -> None:
    name = "send-abandoned-cart-emails"
    mails.gate.clear()
    running = start(name, DATABASE_URL=shop.url, SMTP_URL=mails.url)
    assert await asyncio.to_thread(mails.arrived.wait, 60)
    running.signal(signal.SIGTERM)
    await asyncio.to_thread(running.read_until, "SIGTERM received")
    mails.gate.set()
    ended = await asyncio.to_thread(running.end)
    assert (ended.code, ended.outcome["outcome"]) == (143, "terminated")
    assert [at is not None for *_, at in (await shop.rows("mail"))["mail"]] == [True]

    assert (await run(name, DATABASE_URL=shop.url, SMTP_URL=mails.url)).outcome["result"] == {
        "processed": 3,
        "failed": 0,
    }
    assert len(set(mails.recipients)) == len(mails.recipients) == 4


def test_every_job_passes_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--jobs", str(JOBS)]) == 0
    checked = {line.split()[1] for line in capsys.readouterr().out.splitlines()}
    assert checked == {*RESULTS, "limited-test"}
