"""Saves as the real file system tells them."""

import asyncio
from pathlib import Path

from tally.dev.watching import saves

from tests.unit.runner.process import TIMEOUT


async def test_saves_are_told_with_their_jobs_also_of_a_folder_that_came_back(tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    folder.mkdir()
    signs = saves(folder, look=0.05)

    async def told_of(*names: str) -> None:
        """Wait for a sign that names these; others, as of a folder's making, may come before."""
        async with asyncio.timeout(TIMEOUT):
            while await anext(signs) != frozenset(names):
                pass

    await told_of()  # what was saved before anybody looked
    (folder / "sync_products.py").write_text("", encoding="utf-8")
    await told_of("sync-products")
    (folder / "notes.txt").write_text("", encoding="utf-8")
    (folder / "report.py").write_text("", encoding="utf-8")
    await told_of("report")
    (folder / "report.py").unlink()
    await told_of()
    folder.rename(tmp_path / "elsewhere")
    await told_of()
    waiting = asyncio.create_task(told_of())
    await asyncio.sleep(0)
    folder.mkdir()
    await waiting
    (folder / "again.py").write_text("", encoding="utf-8")
    await told_of("again")
    await signs.aclose()  # type: ignore[attr-defined]
