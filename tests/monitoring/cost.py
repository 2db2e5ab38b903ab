"""What a scrape and a look at a ScheduledJob cost: `python -m tests.monitoring.cost [NUMBER]`.

It prints processor time, as a machine that others use too tells nothing by the clock on the wall.
"""

import asyncio
import contextlib
import gzip
import sys
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

from tally_operator import metrics
from tally_operator.cluster import Cluster
from tally_operator.observed import Observed
from tally_operator.reconciler import Reconciler
from tally_operator.store import Store

from tests.unit.operator.picture import Picture
from tests.unit.operator.world import DEFAULTS, KEY, at, counted, cronjob, run, seen, spec, window

if TYPE_CHECKING:
    from tally_operator.api import Api

LOOKS = 1000
TRIES = 5


def main(number: int) -> None:
    """Measure, and print."""
    _scrape(number)
    _looks()


def _scrape(number: int) -> None:
    picture = Picture()
    slots = [f"12:{minute:02}" for minute in range(1, 11)]
    status = counted(*slots, phase="Scheduled", remaining=5, last_schedule_time="2026-01-05T12:10:00Z")
    for each in range(number):
        picture.put(f"sync-products-{each}", status, schedule=f"{each % 60} {each % 24} * * *")
    text = picture.scrape.text()
    seconds = min(_measured(picture.scrape.text) for _ in range(TRIES))
    lines, zipped = text.count(b"\n"), len(gzip.compress(text))
    print(f"{number} ScheduledJobs: {lines} lines, {len(text)} bytes, {zipped} compressed, {seconds:.3f} s a scrape")


def _looks() -> None:
    asked = spec(9)
    cron = cronjob(asked, window("12:00:30", "12:09", "12:10"))
    world = seen(asked, counted("12:01"), cron=cron, jobs=[run("12:01"), run("12:02", "running")])
    measured, bare = [], []
    for _ in range(TRIES):
        measured.append(_measured_looks(world))
        with (
            mock.patch.object(metrics, "reconciling", contextlib.nullcontext),
            mock.patch.object(metrics, "carried_out", _nothing),
        ):
            bare.append(_measured_looks(world))
    ratio = min(measured) / min(bare)
    print(f"a look that writes a status: {min(measured) * 1e6:.0f} µs, {ratio:.2f} times one without metrics")


def _nothing(*_: object) -> None:
    pass


def _measured_looks(world: Observed) -> float:
    class OneObject(Store):
        def observe(self, *_: Any) -> Observed:  # noqa: ANN401
            return world

        def put_scheduled_job(self, *_: Any) -> set[Any]:  # noqa: ANN401
            return set()

    class Answers:
        clock = mock.Mock(now=lambda: at("12:02:05"))

        async def merge(self, *_: Any) -> dict[str, Any]:  # noqa: ANN401
            return {}

    api = cast("Api", Answers())
    store = OneObject()
    reconciler = Reconciler(store, Cluster(api, store), api.clock, DEFAULTS, at("12:00"))

    async def look() -> None:
        for _ in range(LOOKS):
            await reconciler.reconcile(KEY)

    return _measured(lambda: _run(look())) / LOOKS


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def _measured(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
