"""`make shop-db`: the shop's tables and sample data, in whichever database, as often as one likes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import delete

from jobs._shop import sample, schema
from tests.jobs.shop import ROOT, SUNDAY, Shop


def load(folder: Path, url: str) -> list[list[str]]:
    """Run what `make shop-db` runs; give the words of each line that it prints."""
    environ = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": f"{ROOT}:{ROOT / 'runner'}"}
    command = [sys.executable, "-m", "jobs._shop"]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [line.split() for line in done.stdout.splitlines()]


def test_it_makes_the_file_and_says_what_it_did(tmp_path: Path) -> None:
    first = load(tmp_path, "")
    assert first == [
        ["The", "shop", "is", "in", f"sqlite+aiosqlite:///{tmp_path}/data.db"],
        ["product", "8", "rows,", "8", "of", "them", "new"],
        ["customer", "5", "rows,", "5", "of", "them", "new"],
        ["cart", "12", "rows,", "12", "of", "them", "new"],
        ["cart_item", "14", "rows,", "14", "of", "them", "new"],
    ]
    again = load(tmp_path, "")
    assert [line[3] for line in again[1:]] == ["none"] * 4


@pytest.mark.parametrize("shop", ["postgresql"], indirect=True)
async def test_on_a_server_no_password_is_printed(shop: Shop, tmp_path: Path) -> None:
    before = await shop.rows()
    lines = load(tmp_path, shop.url)
    assert lines[0][4].startswith("postgresql+psycopg://tally:***@")
    assert await shop.rows() == before


async def test_loading_again_changes_nothing_and_brings_back_what_is_missing(shop: Shop) -> None:
    before = await shop.rows()
    for day in (SUNDAY, SUNDAY.replace(day=30)):
        assert {new for _, _, new in await sample.load(shop.engine, day)} == {0}
    assert await shop.rows() == before

    await shop.execute(delete(schema.cart).where(schema.cart.c.id == "cart-09"))
    assert [new for _, _, new in await sample.load(shop.engine, SUNDAY)] == [0, 0, 1, 0]
    assert await shop.rows() == before
