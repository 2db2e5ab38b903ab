"""The mails: each comes once, whatever is refused, broken, stopped or run again."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from jobs._shop import schema
from tests.jobs.servers import MailServer
from tests.jobs.shop import SUNDAY, Shop

CARTS = "send-abandoned-cart-emails"
NEWSLETTER = "send-weekly-newsletter"
ABANDONED = {"cleo@example.com", "dan@example.com", "eve@example.com", "guest@example.com"}
SUBSCRIBERS = {"ada@example.com", "bob@example.com", "dan@example.com"}
BOTH = pytest.mark.parametrize(("job", "all_of_them"), [(CARTS, ABANDONED), (NEWSLETTER, SUBSCRIBERS)])


async def sent(shop: Shop) -> set[str]:
    """Tell to whom the shop remembers to have sent something."""
    return {recipient for _, recipient, _, at in (await shop.rows("mail"))["mail"] if at is not None}


@BOTH
async def test_everybody_gets_one_mail_however_often_the_job_runs(
    shop: Shop, mails: MailServer, job: str, all_of_them: set[str]
) -> None:
    assert await shop.run(job) == {"processed": len(all_of_them), "failed": 0}
    assert sorted(mails.recipients) == sorted(all_of_them)
    assert await sent(shop) == all_of_them

    rows = await shop.rows()
    assert await shop.run(job) == {"processed": 0, "failed": 0}
    assert await shop.rows() == rows
    assert len(mails.received) == len(all_of_them)


async def test_a_mail_says_what_lies_in_the_cart(shop: Shop, mails: MailServer) -> None:
    await shop.run(CARTS)
    message = dict(mails.received)["cleo@example.com"]
    assert message["From"] == "The tea shop <shop@example.com>"
    assert message["Date"]
    assert message["Subject"] == "You left something in your cart"
    assert message["Message-ID"] == "<abandoned-cart.cart-03.20251121T180000.000000@example.com>"
    assert message.get_payload() == "It is still there:\r\n\r\n  1 x Darjeeling\r\n  1 x Iron teapot\r\n"


async def test_a_cart_that_is_abandoned_again_is_worth_another_mail(shop: Shop, mails: MailServer) -> None:
    await shop.run(CARTS)
    touched = update(schema.cart).where(schema.cart.c.id == "cart-03").values(updated_at=SUNDAY)
    await shop.execute(touched)
    assert await shop.run(CARTS, slot=SUNDAY + timedelta(hours=18)) == {"processed": 1, "failed": 0}  # cart-02
    assert await shop.run(CARTS, slot=SUNDAY + timedelta(hours=24)) == {"processed": 2, "failed": 0}  # cart-01, cart-03
    assert mails.recipients[4:5] == ["bob@example.com"]
    assert set(mails.recipients[5:]) == {"ada@example.com", "cleo@example.com"}


async def test_each_sunday_has_its_newsletter(shop: Shop, mails: MailServer) -> None:
    await shop.run(NEWSLETTER)
    await shop.run(NEWSLETTER, slot=SUNDAY + timedelta(days=7))
    assert sorted(mails.recipients) == sorted([*SUBSCRIBERS] * 2)
    first, second = (message for recipient, message in mails.received if recipient == "ada@example.com")
    assert first["Subject"] == "Tea of the week, 23 November 2025"
    text = "New with us:\r\n\r\n  Assam\r\n  Darjeeling\r\n  Sencha\r\n"
    assert first.get_payload() == text
    assert second["Subject"] == "Tea of the week, 30 November 2025"


async def test_a_job_with_nobody_to_write_to_succeeds(shop: Shop, mails: MailServer) -> None:
    await shop.execute(update(schema.customer).values(newsletter_subscribed=False))
    assert await shop.run(NEWSLETTER) == {"processed": 0, "failed": 0}
    assert mails.received == []


@BOTH
@pytest.mark.parametrize(("how", "answer"), [("refused", "550 no such customer"), ("rejected", "554 looks like spam")])
async def test_a_mail_that_is_refused_does_not_stop_the_others_and_is_tried_again(
    shop: Shop,
    mails: MailServer,
    caplog: pytest.LogCaptureFixture,
    job: str,
    all_of_them: set[str],
    how: str,
    answer: str,
) -> None:
    getattr(mails, how).add("dan@example.com")
    others = all_of_them - {"dan@example.com"}
    assert await shop.run(job) == {"processed": len(others), "failed": 1}
    assert set(mails.recipients) == others
    said = f"failed: The mail to dan@example.com was refused: {answer}"
    assert any(line.endswith(said) for line in caplog.messages)
    # The claim of the refused mail was compensated.
    assert {recipient for _, recipient, _, _ in (await shop.rows("mail"))["mail"]} == others

    getattr(mails, how).clear()
    assert await shop.run(job) == {"processed": 1, "failed": 0}
    assert sorted(mails.recipients) == sorted(all_of_them)


@BOTH
async def test_a_job_fails_when_everybody_is_refused(
    shop: Shop, mails: MailServer, job: str, all_of_them: set[str]
) -> None:
    before = await shop.rows()
    mails.refused = all_of_them
    with pytest.raises(Exception, match=f"All {len(all_of_them)} items failed"):
        await shop.run(job)
    assert await shop.rows() == before


@BOTH
async def test_a_job_fails_when_there_is_no_mail_server_and_nothing_is_remembered(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, job: str, all_of_them: set[str]
) -> None:
    before = await shop.rows()
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:1")
    with pytest.raises(ConnectionError, match=r"The mail server 127\.0\.0\.1:1 cannot be used"):
        await shop.run(job)
    assert all_of_them
    assert await shop.rows() == before


@BOTH
@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "SMTP_URL is not set. Write for example SMTP_URL=smtp://mail:25."),
        ("mail:25", "SMTP_URL is 'mail:25'. Write for example smtp://mail:25."),
    ],
)
async def test_an_address_that_is_missing_or_wrong_is_said(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, job: str, all_of_them: set[str], url: str | None, said: str
) -> None:
    monkeypatch.delenv("SMTP_URL", raising=False)
    if url:
        monkeypatch.setenv("SMTP_URL", url)
    with pytest.raises((LookupError, ValueError), match=said):
        await shop.run(job)
    assert all_of_them
    assert (await shop.rows("mail"))["mail"] == []


async def test_a_mail_of_which_nobody_knows_is_not_sent_twice(
    shop: Shop, mails: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    mails.silent = {"dan@example.com"}
    await shop.run(CARTS)
    assert sorted(mails.recipients) == sorted(ABANDONED)
    assert any(line.startswith("The mail server did not say whether it took the mail") for line in caplog.messages)
    rows = await shop.rows()
    assert [recipient for _, recipient, _, at in rows["mail"] if at is None] == ["dan@example.com"]

    mails.silent = set()
    assert await shop.run(CARTS) == {"processed": 0, "failed": 0}
    assert await shop.rows() == rows
    assert len(mails.received) == len(ABANDONED)


@BOTH
async def test_a_mail_that_is_out_and_cannot_be_remembered_is_not_sent_twice(
    shop: Shop, mails: MailServer, job: str, all_of_them: set[str]
) -> None:
    ids = {CARTS: "abandoned-cart.cart-04.20251120T220000.000000", NEWSLETTER: "newsletter.2025-11-23.customer-dan"}
    async with shop.refusing("UPDATE", "mail", ids[job]):
        with pytest.raises(DBAPIError, match="not this one"):
            await shop.run(job)
    await shop.run(job)
    assert sorted(mails.recipients) == sorted(all_of_them)


async def test_two_runs_at_once_send_each_mail_once(shop: Shop, mails: MailServer) -> None:
    results = await asyncio.gather(*(shop.run(NEWSLETTER) for _ in range(3)))
    assert sum(result["processed"] for result in results) == len(SUBSCRIBERS)
    assert sorted(mails.recipients) == sorted(SUBSCRIBERS)


@BOTH
async def test_stopped_while_a_mail_is_sent_it_remembers_that_mail_and_sends_the_others_next_time(
    shop: Shop, mails: MailServer, job: str, all_of_them: set[str]
) -> None:
    mails.gate.clear()
    running = asyncio.create_task(shop.run(job))
    assert await asyncio.to_thread(mails.arrived.wait, 60)
    running.cancel()
    mails.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await sent(shop) == set(mails.recipients)
    assert len(mails.recipients) == 1

    assert await shop.run(job) == {"processed": len(all_of_them) - 1, "failed": 0}
    assert sorted(mails.recipients) == sorted(all_of_them)


async def test_an_address_that_cannot_be_is_one_item_that_fails(
    shop: Shop, mails: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    address = "dan@example.com\nBcc: all@example.com"
    await shop.execute(update(schema.customer).where(schema.customer.c.id == "customer-dan").values(email=address))
    assert await shop.run(NEWSLETTER) == {"processed": 2, "failed": 1}
    assert any("Nothing can be sent to 'dan@example.com\\nBcc" in line for line in caplog.messages)
    assert set(mails.recipients) == SUBSCRIBERS - {"dan@example.com"}
    assert await sent(shop) == set(mails.recipients)
