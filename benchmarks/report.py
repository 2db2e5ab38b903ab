"""What a run has found, for people: a table on the terminal, the same with the machine as Markdown, and two plots."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure as Drawing
from tally_cluster import toolchain

mpl.use("Agg")
from matplotlib import pyplot as plt

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Figure:
    """A line of the table.

    Args:
        what: Was measured.
        wanted: What it must be.
        found: What it is, in words.
        met: Whether that is so; None for a figure that is only told.
        load: The machine's load in the last minute, when it was taken.
    """

    what: str
    wanted: str
    found: str
    met: bool | None
    load: float


@dataclass
class Report:
    """What is found while a run goes on."""

    figures: list[Figure] = field(default_factory=list)
    raw: dict[str, object] = field(default_factory=dict)
    costs: dict[str, dict[int, float]] = field(default_factory=dict)  # milliseconds per object, by what and number
    latencies: dict[str, list[float]] = field(default_factory=dict)  # seconds, by what

    def add(self, what: str, wanted: str, found: str, *, met: bool | None) -> Figure:
        """Take in a line of the table."""
        figure = Figure(what, wanted, found, met, os.getloadavg()[0])
        self.figures.append(figure)
        return figure

    def table(self) -> str:
        """Give the table as Markdown, which a terminal shows as well."""
        head = ("what", "must be", "is", "", "load")
        rows = [(each.what, each.wanted, each.found, _verdict(each.met), f"{each.load:.1f}") for each in self.figures]
        widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
        lines = [head, tuple("-" * width for width in widths), *rows]
        padded = ([text.ljust(width) for text, width in zip(row, widths, strict=True)] for row in lines)
        return "\n".join(f"| {' | '.join(row)} |" for row in padded)

    def write(self, sizes: dict[str, object]) -> Path:
        """Write table, figures and plots into `results/`.

        Args:
            sizes: How the run was called.
        """
        RESULTS.mkdir(exist_ok=True)
        machine = described_machine()
        text = f"# What `make bench` found\n\n{machine}\n\n{self.table()}\n"
        (RESULTS / "table.md").write_text(text, encoding="utf-8")
        content = {
            "machine": machine,
            "sizes": sizes,
            "figures": [asdict(each) for each in self.figures],
            "milliseconds per object": self.costs,
            **self.raw,
        }
        (RESULTS / "figures.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        if self.costs:
            _plot_costs(self.costs, RESULTS / "cost.svg")
        if self.latencies:
            _plot_latencies(self.latencies, RESULTS / "latency.svg")
        return RESULTS


def described_machine() -> str:
    """Describe the machine in a sentence, without its name."""
    information = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(": ")[2] for line in information if line.startswith("model name")), "unknown CPU")
    memory = int(Path("/proc/meminfo").read_text(encoding="utf-8").split()[1]) / 2**20
    kubernetes = toolchain.KUBERNETES
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Linux {platform.release().partition('-')[0]}, "
        f"Python {platform.python_version()}, Kubernetes {kubernetes}; etcd, API server, controller manager, the "
        "operator and what measures it share them."
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that a share of the values does not exceed; they must be sorted."""
    return values[min(len(values) - 1, int(share * len(values)))]


def _verdict(met: bool | None) -> str:
    return "" if met is None else "met" if met else "MISSED"


def _plot_costs(costs: dict[str, dict[int, float]], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(7, 4))
    for what, by_number in costs.items():
        numbers = sorted(by_number)
        axes.plot(numbers, [by_number[each] for each in numbers], marker="o", label=what)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("ScheduledJobs applied at once")
    axes.set_ylabel("milliseconds per ScheduledJob")
    axes.legend(frameon=False)
    _save(figure, path)


def _plot_latencies(latencies: dict[str, list[float]], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(7, 4))
    for what, values in latencies.items():
        shares = [(index + 1) / len(values) for index in range(len(values))]
        axes.step(sorted(values), shares, where="post", label=what)
    axes.set_xscale("log")
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("seconds")
    axes.set_ylabel("share that took no longer")
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2)
    _save(figure, path)


def _save(figure: Drawing, path: Path) -> None:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
