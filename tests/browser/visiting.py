"""What a person at the page of `kubectl tally ui` has: the command that serves it, a browser, and open tabs."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from tally_cluster import toolchain

PATIENCE_MILLISECONDS = 20_000.0
_END_SECONDS = 60


@dataclass(frozen=True)
class Visitor:
    """A browser that has entered.

    Args:
        context: With the cookie.
        origin: Of the page.
        wrong: What the browser complained about.
        asked: The addresses that it asked.
    """

    context: BrowserContext
    origin: str
    wrong: list[str]
    asked: list[str]

    async def open(self, path: str = "/") -> Page:
        """Open a tab."""
        page = await self.context.new_page()
        page.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        await page.goto(f"{self.origin}{path}")
        return page


@contextmanager
def serving(kubeconfig: Path, *arguments: str) -> Iterator[str]:
    """Run the command; gives the address that it prints."""
    command = [sys.executable, "-m", "tally.kubectl.main", "ui", "--kubeconfig", str(kubeconfig), *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)  # Ctrl-C
        process.communicate(timeout=_END_SECONDS)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """Start Debian's Chromium, without a screen."""
    if shutil.which("chromium") is None:
        toolchain.apt_install({"chromium"})
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    async with async_playwright() as playwright:
        # Its sandbox wants more of the kernel than a container gives; it only ever sees our own pages.
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def visiting(chromium: Browser, address: str, **options: object) -> AsyncIterator[Visitor]:
    """Enter; options as of `Browser.new_context`. At the end nothing went wrong, and nothing came from elsewhere."""
    context = await chromium.new_context(viewport={"width": 1280, "height": 900}, **options)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    origin = address.split("/?")[0]
    visitor = Visitor(context, origin, [], [])
    page = await context.new_page()
    await page.goto(address)
    assert page.url == f"{origin}/"
    await page.close()
    yield visitor
    await context.close()
    assert visitor.wrong == []
    assert {url.split("/", 3)[2] for url in visitor.asked} <= {origin.removeprefix("http://")}
