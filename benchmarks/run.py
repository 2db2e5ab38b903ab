"""A run: which measurements are made, in which order, and what each must come to."""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import TypeVar

from benchmarks import bursts, creating, resting
from benchmarks.bench import Bench, Told
from benchmarks.creating import Applied, Floor
from benchmarks.processes import Rival
from benchmarks.report import Report, percentile

T = TypeVar("T")
PARTS = ("apply", "rival", "many", "minutes", "churn")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much of everything.

    Args:
        objects: ScheduledJobs in the large measurements.
        few: ScheduledJobs in the small ones.
        rounds: How often the small ones are repeated; the middle one counts.
        changes: Changed specs.
        limits: Limits that are reached in the same minute, and ScheduledJobs whose lateness is measured.
        minutes: For how many minutes they run.
        rest: Seconds for which an idle operator is looked at.
        churn: Minutes of churn, in which memory must stay flat.
        parts: Which of PARTS.
    """

    objects: int = 10_000
    few: int = 1_000
    rounds: int = 3
    changes: int = 100
    limits: int = 500
    minutes: int = 6
    rest: float = 60.0
    churn: float = 30.0
    parts: tuple[str, ...] = PARTS


class Run:
    """Measures, and tells a person meanwhile.

    Args:
        bench: What it works with.
        sizes: How much.
        report: Takes what is found.
    """

    def __init__(self, bench: Bench, sizes: Sizes, report: Report) -> None:
        self._bench = bench
        self._sizes = sizes
        self._report = report

    async def all(self) -> None:
        """Make all measurements that were asked for."""
        parts = self._sizes.parts
        if "apply" in parts:
            await self.rounds()
        if "rival" in parts:
            await self.rival()
        if "many" in parts:
            await self.many()
        elif "minutes" in parts or "churn" in parts:
            await self._bench.subject.start()
        if "minutes" in parts:
            await self.limits()
            await self.lateness()
        if "churn" in parts and self._sizes.churn:
            await self.churn()
        self._bench.subject.stop()

    async def rounds(self) -> list[tuple[Floor, Applied]]:
        """Apply a few in turn with the floor, and give what came of each round."""
        number = self._sizes.few
        pairs = [await self._round(number, f"{index + 1}") for index in range(self._sizes.rounds)]
        ratio = statistics.median(applied.seconds / floor.operator for floor, applied in pairs)
        plain = statistics.median(applied.seconds / (floor.operator + floor.creation) for floor, applied in pairs)
        seconds = statistics.median(applied.seconds for _, applied in pairs)
        cpu = statistics.median(applied.cpu for _, applied in pairs)
        what = f"{number:,} applied at once -> all CronJobs and statuses there"
        found = f"{ratio:.2f} x ({seconds:.1f} s; {cpu:.1f} s of CPU)"
        self._say(what, "2.0 x the floor of its two writes", found, ratio <= 2.0)
        self._say("the same beside the floor of all three writes", "-", f"{plain:.2f} x", None)
        self._note_costs(number, [floor for floor, _ in pairs], [applied for _, applied in pairs])
        self._report.raw["rounds"] = [{"floor": asdict(floor), "operator": _short(applied)} for floor, applied in pairs]
        return pairs

    async def rival(self) -> None:
        """Let an operator on controller-runtime do the same."""
        number = self._sizes.few
        rival = Run(replace(self._bench, subject=Rival(self._bench.stage)), self._sizes, self._report)
        found = [await rival._round(number, f"rival{index + 1}") for index in range(self._sizes.rounds)]
        ratio = statistics.median(applied.seconds / floor.operator for floor, applied in found)
        seconds, cpu = (statistics.median(each) for each in zip(*((a.seconds, a.cpu) for _, a in found), strict=True))
        what = f"{number:,} with an operator in Go (controller-runtime), which counts nothing"
        self._say(what, "-", f"{ratio:.2f} x ({seconds:.1f} s; {cpu:.1f} s of CPU)", None)
        self._report.raw["rival"] = [{"floor": asdict(floor), "operator": _short(applied)} for floor, applied in found]

    async def many(self) -> None:
        """Apply many, then look at what they cost at rest."""
        number, bench = self._sizes.objects, self._bench
        floor = await self._floor(number, "many")
        await bench.subject.start()
        applied = await self._applied(number, "many")
        self._note_costs(number, [floor], [applied])
        per_object, ratio = applied.seconds / number, applied.seconds / floor.operator
        few = self._report.costs["Tally"].get(self._sizes.few)
        found = f"{per_object * 1000:.2f} ms each, {ratio:.2f} x the floor"
        times = per_object * 1000 / few if few else None
        self._say(
            f"the same with {number:,}",
            f"per object 1.2 x the cost at {self._sizes.few:,}",
            f"{times:.2f} x ({found})" if times else found,
            times <= 1.2 if times else None,
        )
        await bench.subject.rest()
        memory = bench.subject.memory()
        self._say(
            f"memory at {number:,}", "250 MiB", f"{memory:.0f} MiB (peak {bench.subject.peak():.0f})", memory <= 250
        )
        self._report.raw["many"] = {"floor": asdict(floor), "operator": _short(applied), "memory": memory}
        await self._restarted()
        idle = await self._told("idle", lambda _: resting.idle(bench, self._sizes.rest))
        found = f"{len(idle.requests)} in {idle.seconds:.0f} s ({idle.cpu:.1%} of a core)"
        self._say(f"idle with {number:,}: requests beyond watches and Lease", "0", found, not idle.requests)
        changed = await self._told("changes", lambda told: resting.changed(bench, "many", self._sizes.changes, told))
        self._report.latencies["changed schedule -> CronJob changed"] = changed
        p99 = percentile(changed, 0.99)
        self._say(
            f"a changed spec -> CronJob changed, {number:,} beside it",
            "p99 0.5 s",
            f"p50 {percentile(changed, 0.5):.3f} s, p99 {p99:.3f} s",
            p99 < 0.5,
        )

    async def _restarted(self) -> None:
        again = await self._told("restart", lambda _: resting.restarted(self._bench))
        memory = self._bench.subject.memory()
        ratio = again.ready / again.listing
        self._say(
            "restart, all in order: writes", "0", f"{len(again.writes)} ({memory:.0f} MiB afterwards)", not again.writes
        )
        found = f"{ratio:.2f} x ({again.ready:.2f} s; {again.listing:.2f} s for the LISTs)"
        self._say("restart: ready", "2 x the plain LISTs", found, ratio <= 2.0)
        self._report.raw["restart"] = asdict(again)

    async def limits(self) -> None:
        """Reach many limits in the same minute."""
        number, bench = self._sizes.limits, self._bench
        await bench.namespace("limits")
        found = await self._told("limits", lambda told: bursts.limits(bench, "limits", number, 1, told))
        self._report.latencies["last Job created -> CronJob deleted"] = found.latencies
        p50, p99 = percentile(found.latencies, 0.5), percentile(found.latencies, 0.99)
        self._say(
            f"last Job -> CronJob deleted, {number} limits in one minute",
            "p50 0.5 s, p99 3 s",
            f"p50 {p50:.2f} s, p99 {p99:.2f} s",
            p50 < 0.5 and p99 < 3,
        )
        asked = {share: percentile(found.asked, share) for share in (0.5, 0.99)}
        self._say(
            "of that, until the operator had asked for it",
            "-",
            f"p50 {asked[0.5]:.2f} s, p99 {asked[0.99]:.2f} s",
            None,
        )
        self._report.raw["limits"] = found.requests
        self._say("overruns among them", "0", str(found.overruns), found.overruns == 0)

    async def lateness(self) -> None:
        """Run beside native CronJobs, and beside them a few whose writes are counted."""
        number, minutes, bench = self._sizes.limits, self._sizes.minutes, self._bench
        await bench.namespace("late")
        await bench.namespace("runs")
        late, runs = await asyncio.gather(
            self._told("lateness", lambda told: bursts.lateness(bench, "late", number, minutes, told)),
            bursts.executions(bench, "runs", 20, minutes, lambda _: None),
        )
        ours, native = (sorted(chain(*by_slot.values())) for by_slot in (late.ours, late.native))
        self._report.latencies["lateness, Tally"] = ours
        self._report.latencies["lateness, native CronJobs"] = native
        added, chance = late.added()
        p50 = f"p50 {percentile(ours, 0.5):.2f} s, native {percentile(native, 0.5):.2f} s"
        self._say(
            f"lateness added to native CronJobs, {number} beside {number}",
            "none measurable",
            f"{added:+.2f} s ({p50}; chance {chance:.2f} s)",
            added <= chance,
        )
        writes = sum(runs.writes.values()) / runs.executions
        self._say("writes per execution", "3", f"{writes:.2f}", writes <= 3)
        self._report.raw["executions"] = asdict(runs)

    async def churn(self) -> None:
        """Make, change and delete for a while; memory must not grow with it."""
        samples = await self._told("churn", lambda told: resting.churn(self._bench, self._sizes.churn, told))
        half = len(samples) // 2
        growth = statistics.mean(samples[half:]) / statistics.mean(samples[:half]) - 1
        found = f"{max(samples):.0f} MiB at most, second half {growth:+.1%}"
        self._say(
            f"memory in {self._sizes.churn:.0f} minutes of churn",
            "250 MiB, flat",
            found,
            max(samples) <= 250 and growth < 0.05,
        )
        self._report.raw["churn MiB"] = samples

    async def _round(self, number: int, name: str) -> tuple[Floor, Applied]:
        floor = await self._floor(number, name)
        await self._bench.subject.start()
        applied = await self._applied(number, f"round{name}")
        self._bench.subject.stop()  # with some events still to be told
        await self._bench.clear(f"round{name}")
        return floor, applied

    async def _floor(self, number: int, name: str) -> Floor:
        namespace = await self._bench.namespace(f"floor{name}")
        floor = await self._told(f"floor {name}", lambda told: creating.floor(self._bench, namespace, number, told))
        await self._told("clearing", lambda _: self._bench.clear(namespace))
        return floor

    async def _applied(self, number: int, namespace: str) -> Applied:
        await self._bench.namespace(namespace)
        return await self._told(namespace, lambda told: creating.applied(self._bench, namespace, number, told))

    def _note_costs(self, number: int, floors: list[Floor], applied: list[Applied]) -> None:
        costs = self._report.costs
        by_what = {
            "Tally": [each.seconds for each in applied],
            "floor: the operator's two writes": [each.operator for each in floors],
            "floor: with the user's own": [each.operator + each.creation for each in floors],
        }
        for what, seconds in by_what.items():
            costs.setdefault(what, {})[number] = statistics.median(seconds) / number * 1000

    async def _told(self, title: str, work: Callable[[Told], Awaitable[T]]) -> T:
        """Do something, and show how far it is on a terminal."""
        begin = time.monotonic()

        def told(number: int) -> None:
            if sys.stderr.isatty():
                sys.stderr.write(f"\r  {title}: {number} ")

        result = await work(told)
        sys.stderr.write(f"{chr(13) if sys.stderr.isatty() else ''}  {title}: {time.monotonic() - begin:.1f} s\n")
        return result

    def _say(self, what: str, wanted: str, found: str, met: bool | None) -> None:
        figure = self._report.add(what, wanted, found, met=met)
        print(f"{figure.what}: {figure.found} (must be: {figure.wanted})", flush=True)


def _short(applied: Applied) -> dict[str, object]:
    latency = {f"p{share}": percentile(applied.latencies, share / 100) for share in (50, 99)}
    return {"seconds": applied.seconds, "cpu": applied.cpu, "writes": applied.writes, **latency}
