"""`python -m benchmarks`: measures on a control plane of its own, and writes what came of it to benchmarks/results/."""

import argparse
import asyncio
import sys

from benchmarks.bench import Bench
from benchmarks.client import Client
from benchmarks.processes import Tally
from benchmarks.report import Report
from benchmarks.run import PARTS, Run, Sizes
from benchmarks.stage import stage


def main() -> int:
    """Measure.

    Returns:
        The exit code: 1 when a figure is not as it must be.
    """
    sizes = _sizes()
    report = Report()
    try:
        asyncio.run(_measured(sizes, report))
    finally:
        if report.figures:  # also of a run that was cut off
            print(report.table())
            print(f"written to {report.write(vars(sizes))}")
    return 1 if any(each.met is False for each in report.figures) else 0


async def _measured(sizes: Sizes, report: Report) -> None:
    with stage() as here:
        async with Client(here.cluster) as client:
            bench = Bench(here, client, Tally(here))
            try:
                await Run(bench, sizes, report).all()
            finally:
                bench.subject.stop()


def _sizes() -> Sizes:
    default = Sizes()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--objects", type=int, default=default.objects, help="ScheduledJobs in the large measurements")
    parser.add_argument("--few", type=int, default=default.few, help="ScheduledJobs in the small ones")
    parser.add_argument("--rounds", type=int, default=default.rounds, help="how often the small ones are repeated")
    parser.add_argument("--changes", type=int, default=default.changes, help="changed specs")
    parser.add_argument("--limits", type=int, default=default.limits, help="limits that are reached in one minute")
    parser.add_argument("--minutes", type=int, default=default.minutes, help="for how long lateness is measured")
    parser.add_argument("--rest", type=float, default=default.rest, help="seconds for which it is left idle")
    parser.add_argument("--churn", type=float, default=default.churn, help="minutes of churn")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="which measurements")
    given = vars(parser.parse_args())
    return Sizes(**{**given, "parts": tuple(given["parts"])})


if __name__ == "__main__":
    sys.exit(main())
