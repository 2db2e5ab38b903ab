"""Takes the pictures of the terminal and of the page for the documentation: python -m tests.browser.pictures."""

import asyncio
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser
from rich.console import Console
from tally.kubectl import observed, reasons, screens
from tally.kubectl.following import Chosen
from tally.kubectl.resources import Json
from tally.kubectl.terminal import Terminal
from tally.kubectl.ui.server import served

from tests.browser import sample
from tests.browser.visiting import browsing
from tests.unit.runner.kubectl.ui.answering import Answering

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
COLUMNS = 80
WIDE, PHONE = (1280, 860), (390, 844)
HOUR = datetime(2026, 3, 2, 14, 2, 40, tzinfo=UTC)  # a Monday; the same for ever, so that only changes change pictures
SHOTS: tuple[tuple[str, str, Literal["light", "dark"], tuple[int, int], bool], ...] = (
    ("page-light", "/", "light", WIDE, True),
    ("page-dark", "/", "dark", WIDE, True),
    ("page-job-light", "/jobs/shop/sync-products", "light", WIDE, True),
    ("page-job-dark", "/jobs/shop/sync-products", "dark", WIDE, True),
    ("page-phone", "/", "light", PHONE, False),
    ("page-job-phone", "/jobs/shop/sync-products", "dark", PHONE, False),
)


class Standing(Answering):
    """A cluster whose clock stands still."""

    def now(self) -> datetime:
        return HOUR


def shop() -> list[Json]:
    """Give the ScheduledJobs of the shop that all pictures show."""
    return sorted((sample.kept(each, HOUR) for each in sample.shop(HOUR)), key=lambda each: each["metadata"]["name"])


def draw() -> None:
    """Draw what `kubectl tally status` shows."""
    found = [observed.scheduled_job(body) for body in shop()]
    whys = {each.name: reasons.needs_attention(each, HOUR) for each in found}
    notes = [f"{name}: {why}" for name, why in whys.items() if why]
    blocks = screens.overview(found, notes, HOUR, "utf-8", everywhere=False, wide=False, marked=10)
    terminal = Terminal(io.StringIO())
    terminal.console = Console(file=io.StringIO(), force_terminal=True, width=COLUMNS, record=True, highlight=False)
    terminal.console.print(terminal.drawn(blocks))
    # rich's picture asks another host for its font.
    picture = re.sub(
        r"@font-face \{.*?\}\s*", "", terminal.console.export_svg(title="kubectl tally status"), flags=re.DOTALL
    )
    (PICTURES / "terminal.svg").write_text(picture, encoding="utf-8")


async def take() -> None:
    """Take all of the page, of a shop that keeps its schedules in memory."""
    bodies = shop()
    syncing = next(each for each in bodies if each["metadata"]["name"] == "sync-products")
    results = [{"processed": 128, "skipped": 2}, {"processed": 117}, {"processed": 131}]
    jobs, pods = sample.runs(syncing, (1, 2, 1, 1, 3), results, "ConnectionError: api.example.com does not answer")
    cluster = Standing(bodies, jobs, pods)
    cluster.context = "production"
    async with served(cluster, Chosen(namespace="shop"), UTC, 0) as address, browsing() as browser:
        for name, path, scheme, size, whole in SHOTS:
            await shoot(browser, address, path, scheme, size, PICTURES / f"{name}.png", whole=whole)
    cluster.close()


async def shoot(
    browser: Browser,
    address: str,
    path: str,
    scheme: Literal["light", "dark"],
    size: tuple[int, int],
    target: Path,
    *,
    whole: bool,
) -> None:
    """Take one picture, once the page is live."""
    scale = 2 if size == PHONE else 1
    context = await browser.new_context(
        color_scheme=scheme, viewport={"width": size[0], "height": size[1]}, device_scale_factor=scale
    )
    page = await context.new_page()
    await page.goto(address)
    await page.goto(f"{address.split('/?')[0]}{path}")
    await page.wait_for_selector("figure svg")
    await page.wait_for_load_state("load")
    await page.screenshot(path=target, full_page=whole, animations="disabled")
    await context.close()


if __name__ == "__main__":
    draw()
    asyncio.run(take())
