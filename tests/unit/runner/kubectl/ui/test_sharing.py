"""What is costly to draw is drawn once for all tabs."""

import asyncio

import pytest
from tally.kubectl.ui import sharing
from tally.kubectl.ui.sharing import Shared


class Drawing:
    """A text that says how often it was drawn, and at which serial."""

    def __init__(self) -> None:
        self.serial = 1
        self.times = 0
        self.begun = asyncio.Event()
        self.shared = Shared(self._draw, lambda: self.serial)

    async def _draw(self) -> str:
        self.times += 1
        self.begun.set()
        said = f"{self.times} at {self.serial}"
        await asyncio.sleep(0)
        return said


async def test_all_tabs_share_one() -> None:
    drawing = Drawing()
    assert set(await asyncio.gather(*(drawing.shared.get() for _ in range(10)))) == {"1 at 1"}


async def test_news_are_drawn_for_the_next_who_asks() -> None:
    drawing = Drawing()
    await drawing.shared.get()
    drawing.serial = 2
    assert await drawing.shared.get() == "2 at 2"
    assert await drawing.shared.get() == "2 at 2"


async def test_news_while_it_is_drawn_are_not_lost() -> None:
    drawing = Drawing()
    first = asyncio.create_task(drawing.shared.get())
    await drawing.begun.wait()
    drawing.serial = 2
    assert await first == "1 at 1"
    assert await drawing.shared.get() == "2 at 2"


async def test_one_who_leaves_meanwhile_takes_nothing_with_him() -> None:
    drawing = Drawing()
    await drawing.shared.get()
    drawing.serial = 2
    drawing.begun.clear()
    leaving = asyncio.create_task(drawing.shared.get())
    await drawing.begun.wait()
    leaving.cancel()
    assert await drawing.shared.get() == "3 at 2"


async def test_what_is_old_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_OLD_SECONDS", 0.0)
    drawing = Drawing()
    await drawing.shared.get()
    assert await drawing.shared.get() == "2 at 1"
