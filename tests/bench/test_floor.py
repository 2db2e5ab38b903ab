"""The benchmark in short: a thousand ScheduledJobs beside the same writes by hand. It prints: a busy machine lags."""

import pytest

from benchmarks.bench import Bench
from benchmarks.client import Client
from benchmarks.processes import Tally
from benchmarks.report import Report
from benchmarks.run import Run, Sizes
from benchmarks.stage import stage

WRITES = {"patch cronjobs": 1000, "patch scheduledjobs/status": 1000}


async def test_a_thousand_cost_two_writes_each(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    with stage("benchtest") as here:
        async with Client(here.cluster) as client:
            bench = Bench(here, client, Tally(here))
            try:
                ((_, applied),) = await Run(bench, Sizes(rounds=1), report).rounds()
            finally:
                bench.subject.stop()
    with capsys.disabled():
        print(f"\n{report.table()}")
    assert {what: number for what, number in applied.writes.items() if what != "create events"} == WRITES
