"""How long runs took and how late they began, a bar a run: a value with coordinates, which a template draws as SVG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from tally.dev.screen import duration
from tally.instants import local
from tally.kubectl.runs import Run

HEIGHT = 100  # of the drawing
BAR = 10  # wide, of which a fifth stays free
_MOST = 40  # runs; more are no longer told apart
_FEWEST = 10  # places, so that a single run is no wall
_LEAST = 1.5
_TOPS = (2, 4, 10, 20, 30, 60, 120, 240, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400)  # seconds


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A run.

    Args:
        x: Of its left edge.
        y: Of its upper edge, from the top.
        height: In the drawing's units.
        outcome: As of `Run`.
        title: What it says, in words.
    """

    x: float
    y: float
    height: float
    outcome: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A plot.

    Args:
        title: What it shows.
        summary: What it says, in words.
        width: Of the drawing.
        bars: The oldest at the left.
        top: What its upper edge stands for.
        middle: What the line half way up stands for.
    """

    title: str
    summary: str
    width: float
    bars: Sequence[Bar]
    top: str
    middle: str


def plots(runs: Sequence[Run], now: datetime, zone: tzinfo) -> list[Plot]:
    """Plot durations and lateness; either is left out where no run knows it.

    Args:
        runs: Newest first.
        now: The present time, aware.
        zone: Where their scheduled times are read.
    """
    drawn = (
        _plot("Duration", "took", runs, lambda run: run.duration(now), zone),
        _plot("Lateness", "began late by", runs, lambda run: run.late, zone),
    )
    return [plot for plot in drawn if plot is not None]


def _plot(
    title: str, verb: str, runs: Sequence[Run], measured: Callable[[Run], timedelta | None], zone: tzinfo
) -> Plot | None:
    shown = [(run, time) for run in runs[:_MOST] if (time := measured(run)) is not None][::-1]
    if not shown:
        return None
    times = [time for _, time in shown]
    top = _top(max(times))
    empty = max(0, _FEWEST - len(shown))
    bars = [_bar(index + empty, run, time, top, verb, zone) for index, (run, time) in enumerate(shown)]
    middle = sorted(times)[len(times) // 2]
    number = "one run" if len(shown) == 1 else f"the last {len(shown)} runs"
    return Plot(
        title=title,
        summary=f"{number}, {duration(min(times))} to {duration(max(times))}, median {duration(middle)}",
        width=BAR * (len(shown) + empty),
        bars=bars,
        top=duration(top),
        middle=duration(top / 2),
    )


def _bar(index: int, run: Run, time: timedelta, top: timedelta, verb: str, zone: tzinfo) -> Bar:
    height = max(_LEAST, HEIGHT * (time / top))
    moment = run.slot or run.created
    when = local(moment.astimezone(zone)) if moment else "by hand"
    title = f"{when}{'' if run.slot or not moment else ', by hand'}: {run.outcome}, {verb} {duration(time)}"
    return Bar(
        x=index * BAR + BAR / 10, y=round(HEIGHT - height, 1), height=round(height, 1), outcome=run.outcome, title=title
    )


def _top(longest: timedelta) -> timedelta:
    """Give the next round time."""
    seconds = longest.total_seconds()
    days = -(-seconds // 86_400)
    return timedelta(seconds=next((top for top in _TOPS if top >= seconds), days * 86_400))
