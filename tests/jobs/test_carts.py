"""Deleting expired carts, all or none; and what the completed ones add up to."""

import asyncio
import importlib
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from tally import Container, WorkflowResult

from jobs._shop import schema
from tests.jobs.shop import SUNDAY, Shop

EXPIRED = {"cart-07", "cart-08", "cart-09"}
MONTH_AGO = SUNDAY - timedelta(days=30)


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each cart a batch of its own."""
    monkeypatch.setattr("jobs._workflows.delete_carts._BATCH", 1)


async def delete_carts(shop: Shop, *, throw_on_error: bool = True) -> WorkflowResult[int]:
    """Run the workflow by itself."""
    module = importlib.import_module("jobs._workflows.delete_carts")  # the one that the jobs use now
    expired = module.ExpiredCarts(cart_ids=sorted(EXPIRED), idle_since=MONTH_AGO)
    flow = module.delete_carts_workflow(Container({"database": shop.engine}))
    ended: WorkflowResult[int] = await flow.run(input=expired, throw_on_error=throw_on_error)
    return ended


async def first_batch_is_gone(shop: Shop) -> None:
    for _ in range(3000):
        if "cart-07" not in {row[0] for row in (await shop.rows("cart"))["cart"]}:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("cart-07 is still there")


async def test_expired_carts_go_with_their_items_and_nothing_else_does(shop: Shop) -> None:
    before = await shop.rows()
    assert await shop.run("cleanup-expired-carts") == {"processed": 3}
    after = await shop.rows()
    assert after["cart"] == [row for row in before["cart"] if row[0] not in EXPIRED]
    assert after["cart_item"] == [row for row in before["cart_item"] if row[1] not in EXPIRED]
    untouched = set(before) - {"cart", "cart_item"}
    assert {table: after[table] for table in untouched} == {table: before[table] for table in untouched}

    assert await shop.run("cleanup-expired-carts") == {"processed": 0}
    assert await shop.rows() == after


async def test_the_input_says_how_long_a_cart_may_lie_idle(shop: Shop) -> None:
    assert await shop.run("cleanup-expired-carts", input={"idle_days": 1}) == {"processed": 7}
    left = [row[0] for row in (await shop.rows("cart"))["cart"]]
    assert left == ["cart-01", "cart-02", "cart-10", "cart-11", "cart-12"]  # fresh, fresh, and three orders


@pytest.mark.usefixtures("one_by_one")
async def test_when_the_last_batch_fails_the_earlier_ones_are_put_back(shop: Shop) -> None:
    before = await shop.rows()
    async with shop.refusing("DELETE", "cart", "cart-09"):
        with pytest.raises(DBAPIError, match="not this one"):
            await shop.run("cleanup-expired-carts")
        assert await shop.rows() == before
        ended = await delete_carts(shop, throw_on_error=False)
        assert (ended.state, [each.name for each in ended.errors]) == ("reverted", ["delete_batch"])
        assert await shop.rows() == before
    assert await shop.run("cleanup-expired-carts") == {"processed": 3}


@pytest.mark.parametrize("shop", ["postgresql"], indirect=True)  # only it locks single rows
@pytest.mark.usefixtures("one_by_one")
async def test_stopped_between_two_batches_it_puts_the_first_back(shop: Shop) -> None:
    before = await shop.rows()
    async with shop.engine.begin() as other:
        await other.execute(select(schema.cart).where(schema.cart.c.id == "cart-08").with_for_update())
        running = asyncio.create_task(delete_carts(shop))
        await first_batch_is_gone(shop)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert await shop.rows() == before


async def test_a_cart_that_was_touched_or_completed_meanwhile_is_left_alone(shop: Shop) -> None:
    touched = update(schema.cart).where(schema.cart.c.id == "cart-07").values(updated_at=SUNDAY)
    completed = update(schema.cart).where(schema.cart.c.id == "cart-08").values(completed_at=MONTH_AGO)
    await shop.execute(touched, completed)
    assert (await delete_carts(shop)).result == 1
    assert {row[0] for row in (await shop.rows("cart"))["cart"]} >= {"cart-07", "cart-08"}


async def test_bestsellers_are_counted_from_the_completed_carts_of_a_month(shop: Shop) -> None:
    before = await shop.rows()
    result = await shop.run("recalculate-bestsellers")
    assert result.pop("milliseconds") >= 0
    assert result == {"processed": 2, "bestsellers": 2}
    after = await shop.rows()
    assert after == {**before, "bestseller": [("assam", 3), ("sencha", 1)]}

    await shop.run("recalculate-bestsellers")
    assert await shop.rows() == after


async def test_bestsellers_forget_what_has_left_the_month_or_was_taken_back(shop: Shop) -> None:
    await shop.run("recalculate-bestsellers")
    await shop.execute(delete(schema.cart_item).where(schema.cart_item.c.product_id == "sencha"))
    await shop.run("recalculate-bestsellers")
    assert (await shop.rows("bestseller"))["bestseller"] == [("assam", 3)]
    result = await shop.run("recalculate-bestsellers", slot=SUNDAY + timedelta(days=90))
    assert (result["processed"], result["bestsellers"]) == (0, 0)
    assert (await shop.rows("bestseller"))["bestseller"] == []


async def test_the_counts_and_the_duration_are_logged(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    result = await shop.run("recalculate-bestsellers")
    assert f"Counted 2 carts in {result['milliseconds']} ms" in caplog.messages
