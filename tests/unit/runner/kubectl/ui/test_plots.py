"""How long runs took and how late they began."""

from datetime import UTC, timedelta

import pytest
from tally.kubectl.runs import Run
from tally.kubectl.ui.plots import BAR, HEIGHT, plots

from tests.unit.runner.kubectl.objects import NOON


def run(minutes_ago: int, took: int, outcome: str = "succeeded", late: int | None = 1) -> Run:
    slot = NOON.replace(second=0) - timedelta(minutes=minutes_ago)
    created = None if late is None else slot + timedelta(seconds=late)
    return Run(slot=slot, outcome=outcome, created=created, seconds=took)


def test_the_newest_is_at_the_right() -> None:
    took, late = plots([run(1, 30, "failed", late=3), run(2, 60), run(3, 15)], NOON, UTC)
    assert [bar.outcome for bar in took.bars] == ["succeeded", "succeeded", "failed"]
    assert [bar.height for bar in took.bars] == [25, 100, 50]
    assert all(bar.y + bar.height == HEIGHT for bar in took.bars)
    assert took.bars[-1].x + BAR > took.width - BAR / 2
    assert took.bars[-1].title == "Mon 2026-03-02 11:59 +00:00: failed, took 30 s"
    assert (took.top, took.middle) == ("1 min", "30 s")
    assert took.summary == "the last 3 runs, 15 s to 1 min, median 30 s"
    assert (late.title, late.top) == ("Lateness", "4 s")
    assert late.bars[-1].title.endswith(": failed, began late by 3 s")


def test_what_nobody_knows_is_left_out() -> None:
    (took,) = plots([run(1, 4, late=None)], NOON, UTC)
    assert (took.title, took.summary) == ("Duration", "one run, 4 s to 4 s, median 4 s")
    assert plots([], NOON, UTC) == []


def test_a_run_that_goes_on_grows() -> None:
    going_on = Run(slot=None, outcome="running", created=NOON, started=NOON)
    (took,) = plots([going_on], NOON + timedelta(seconds=90), UTC)
    assert took.bars[0].title == "Mon 2026-03-02 12:00 +00:00, by hand: running, took 1 min 30 s"


def test_a_run_of_no_time_is_seen() -> None:
    assert plots([run(1, 0)], NOON, UTC)[0].bars[0].height > 0


def test_only_the_newest_are_told_apart() -> None:
    took, _ = plots([run(index, index) for index in range(100)], NOON, UTC)
    assert len(took.bars) == 40
    assert took.bars[0].title.endswith("took 39 s")


@pytest.mark.parametrize(("seconds", "top"), [(1, "2 s"), (61, "2 min"), (86_400, "1 d"), (90_000, "2 d")])
def test_the_scale_ends_at_a_round_time(seconds: int, top: str) -> None:
    assert plots([run(1, seconds)], NOON, UTC)[0].top == top
