"""The syncs with the third-party catalogue: only what has changed, nothing lost after a failure, twice does no harm."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from jobs._shop import schema
from tests.jobs.servers import CatalogServer
from tests.jobs.shop import SUNDAY, Shop

NEXT = SUNDAY + timedelta(minutes=5)
ALL = {"assam", "darjeeling", "sencha", "earl-grey", "rooibos", "iron-teapot", "paper-filters", "oolong-2019-harvest"}
INACTIVE = {"paper-filters", "oolong-2019-harvest"}


def changed(product: str, when: datetime) -> object:
    return update(schema.product).where(schema.product.c.id == product).values(title="New", updated_at=when)


async def test_a_sync_takes_what_has_changed_since_the_last_one(shop: Shop, catalog: CatalogServer) -> None:
    assert await shop.run("sync-products") == {"processed": 8, "failed": 0}
    assert set(catalog.puts) == ALL
    sencha = {"id": "sencha", "title": "Sencha", "price_cents": 790, "active": True}
    assert catalog.products["sencha"] == {**sencha, "updated_at": "2025-11-18T20:00:00+00:00"}
    rows = await shop.rows()
    assert rows["sync"] == [("sync-products", SUNDAY)]

    assert await shop.run("sync-products") == {"processed": 0, "failed": 0}
    assert await shop.rows() == rows

    await shop.execute(changed("sencha", SUNDAY), changed("rooibos", NEXT))
    assert await shop.run("sync-products", slot=NEXT) == {"processed": 1, "failed": 0}
    assert catalog.puts[8:] == ["sencha"]
    assert catalog.products["sencha"]["title"] == "New"

    assert await shop.run("sync-products", slot=NEXT + timedelta(minutes=5)) == {"processed": 1, "failed": 0}
    assert catalog.puts[9:] == ["rooibos"]


async def test_a_run_by_hand_takes_all_until_now_and_a_slot_before_it_does_not_go_back(
    shop: Shop, catalog: CatalogServer
) -> None:
    before = datetime.now(UTC)
    await shop.run("sync-products", slot=None)
    [(_, until)] = (await shop.rows("sync"))["sync"]
    assert before <= until <= datetime.now(UTC)
    assert await shop.run("sync-products", slot=SUNDAY) == {"processed": 0, "failed": 0}
    assert (await shop.rows("sync"))["sync"] == [("sync-products", until)]
    assert len(catalog.puts) == len(ALL)


async def test_the_input_says_where_the_first_sync_begins(shop: Shop, catalog: CatalogServer) -> None:
    assert await shop.run("sync-products", input={"since": "2025-11-20"}) == {"processed": 2, "failed": 0}
    assert set(catalog.puts) == {"assam", "darjeeling"}
    await shop.execute(changed("assam", SUNDAY))
    assert await shop.run("sync-products", slot=NEXT, input={"since": "2025-11-20"}) == {"processed": 1, "failed": 0}


@pytest.mark.parametrize(("job", "count"), [("sync-products", 8), ("sync-products-daily", 6)])
async def test_a_product_that_is_refused_does_not_stop_the_others(
    shop: Shop, catalog: CatalogServer, caplog: pytest.LogCaptureFixture, job: str, count: int
) -> None:
    catalog.failing = {"sencha"}
    assert await shop.run(job) == {"processed": count - 1, "failed": 1}
    assert len(catalog.puts) == count
    assert "sencha" not in catalog.products
    said = "product sencha failed: The catalogue answered 500 to PUT /api/products/sencha: out of order"
    assert said in caplog.messages


async def test_a_product_that_is_refused_is_synced_as_soon_as_it_can_be(shop: Shop, catalog: CatalogServer) -> None:
    catalog.failing = {"sencha"}
    await shop.run("sync-products")
    assert (await shop.rows("sync"))["sync"] == [("sync-products", SUNDAY - timedelta(hours=100))]
    catalog.failing = set()
    await shop.run("sync-products", slot=NEXT)
    assert set(catalog.products) == ALL
    assert (await shop.rows("sync"))["sync"] == [("sync-products", NEXT)]


@pytest.mark.parametrize("job", ["sync-products", "sync-products-daily"])
async def test_a_job_fails_when_everything_is_refused_and_loses_nothing(
    shop: Shop, catalog: CatalogServer, job: str
) -> None:
    catalog.failing = {"all"}
    with pytest.raises(Exception, match=r"All [68] items failed"):
        await shop.run(job)
    catalog.failing = set()
    await shop.run(job)
    assert set(catalog.products) >= ALL - INACTIVE


@pytest.mark.parametrize("job", ["sync-products", "sync-products-daily"])
async def test_a_job_fails_when_nobody_answers_and_loses_nothing(
    shop: Shop, catalog: CatalogServer, monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    before = await shop.rows()
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("CATALOG_URL", "http://127.0.0.1:1")
        with pytest.raises(ConnectionError, match=r"The catalogue at 127\.0\.0\.1 does not answer"):
            await shop.run(job)
    assert await shop.rows() == before
    await shop.run(job)
    assert set(catalog.products) >= ALL - INACTIVE


async def test_the_daily_sync_takes_all_active_products_each_time(shop: Shop, catalog: CatalogServer) -> None:
    rows = await shop.rows()
    for _ in range(2):
        assert await shop.run("sync-products-daily") == {"processed": 6, "failed": 0}
        assert set(catalog.products) == ALL - INACTIVE
    assert await shop.rows() == rows


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "CATALOG_URL is not set. Write for example CATALOG_URL=http://catalog:8080."),
        ("catalog:8080", "CATALOG_URL is 'catalog:8080'. Write for example http://catalog:8080."),
    ],
)
async def test_an_address_that_is_missing_or_wrong_is_said(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, url: str | None, said: str
) -> None:
    monkeypatch.delenv("CATALOG_URL", raising=False)
    if url:
        monkeypatch.setenv("CATALOG_URL", url)
    with pytest.raises((LookupError, ValueError), match=said):
        await shop.run("sync-products")
