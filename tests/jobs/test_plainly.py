"""A job is a plain coroutine function: a unit test hands over what it shall get, and awaits it."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from tally import Container, Execution

from jobs import limited_test, send_abandoned_cart_emails, sync_products_daily
from jobs._items import ItemError
from tests.jobs.shop import SUNDAY


class Catalog:
    """Keeps what it is given, and refuses what has no title."""

    def __init__(self) -> None:
        self.products: list[str] = []

    async def upsert(self, product: dict[str, Any]) -> None:
        if not product["title"]:
            raise ItemError("no title")
        self.products.append(product["id"])


class Products:
    """Has two products, one of them without a title."""

    async def list_products(self, *, active: bool) -> list[dict[str, Any]]:
        assert active
        return [{"id": "assam", "title": "Assam"}, {"id": "blank", "title": ""}]


class Query:
    """Finds nothing, and keeps what it was asked."""

    async def graph(self, **asked: Any) -> SimpleNamespace:  # noqa: ANN401
        self.asked = asked
        return SimpleNamespace(data=[])


async def test_a_job_gets_its_services_from_the_test(caplog: pytest.LogCaptureFixture) -> None:
    catalog = Catalog()
    container = Container({"product": Products(), "catalog": catalog})
    assert await sync_products_daily.run(container) == {"processed": 1, "failed": 1}
    assert catalog.products == ["assam"]
    assert "product blank failed: no title" in caplog.messages


async def test_a_job_gets_its_slot_from_the_test() -> None:
    query = Query()
    execution = Execution(name="send-abandoned-cart-emails", slot=SUNDAY)
    assert await send_abandoned_cart_emails.run(Container({"query": query}), execution) == {"processed": 0, "failed": 0}
    assert query.asked["filters"] == {
        "updated_at": {"$lte": SUNDAY.replace(day=22)},
        "completed_at": None,
        "email": {"$ne": None},
    }


@pytest.mark.parametrize(("slot", "said"), [(SUNDAY, "00:00"), (None, "no scheduled time")])
async def test_the_limited_test_says_its_slot(slot: Any, said: str) -> None:  # noqa: ANN401
    container = Container({"input": {"items": ["tea"]}, "logger": logging.getLogger("job")})
    execution = Execution(name="limited-test", slot=slot, limit=3)
    assert await limited_test.run(container, execution) == {"slot": said, "processed": 1}
