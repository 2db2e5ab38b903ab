"""How long `tally run` of an empty job takes, beside a Python that only imports asyncio, json and logging.

    python tests/bench/start_time.py

It prints, and never fails: a busy machine says nothing about the code. Both are timed in turn, and the middle one of
all times counts. The aim: at most twice Python's time, plus 60 ms.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROUNDS = 30
ALLOWANCE_MS = 60
RUNNER = Path(__file__).parents[2] / "runner"
EMPTY = """from tally import JobConfig
config = JobConfig(name="empty", schedule="* * * * *")
async def run(container): ...
"""


def milliseconds(arguments: Sequence[str], environ: dict[str, str]) -> float:
    """Time one process from its start to its end."""
    started = time.perf_counter()
    subprocess.run(arguments, env=environ, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "empty.py").write_text(EMPTY, encoding="utf-8")
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(RUNNER), "TALLY_JOBS": folder}
        python = [sys.executable, "-c", "import asyncio, json, logging"]
        tally = [sys.executable, "-m", "tally", "run", "empty"]
        milliseconds(tally, environ)  # compiles what it imports
        times = [(milliseconds(python, environ), milliseconds(tally, environ)) for _ in range(ROUNDS)]
    plain, ours = (statistics.median(column) for column in zip(*times, strict=True))
    aim = 2 * plain + ALLOWANCE_MS
    verdict = "met" if ours <= aim else "MISSED"
    print(f"python -c 'import asyncio, json, logging'   {plain:6.1f} ms")
    print(f"tally run empty                             {ours:6.1f} ms   {ours / plain:.2f} times as long")
    print(f"the aim, twice as long and {ALLOWANCE_MS} ms            {aim:6.1f} ms   {verdict}")


if __name__ == "__main__":
    main()
