"""`tally` as a process: a jobs folder, a termination log, and what came out."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RUNNER = Path(__file__).parents[3] / "runner"
CONFIG = 'config = JobConfig(name="sync", schedule="* * * * *")\n'
TIMEOUT = 60  # seconds; only a process that hangs takes so long


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended, and what it left."""

    code: int
    out: str
    err: str
    outcome: dict[str, Any]

    @property
    def records(self) -> list[dict[str, Any]]:
        """The log, where it is JSON lines and nothing else."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def messages(self) -> list[str]:
        return [record["message"] for record in self.records]


@dataclass
class Tally:
    """The command in a folder of its own."""

    folder: Path

    @property
    def jobs(self) -> Path:
        return self.folder / "jobs"

    @property
    def termination_log(self) -> Path:
        return self.folder / "termination-log"

    def write(self, name: str, text: str) -> None:
        self.jobs.mkdir(exist_ok=True)
        (self.jobs / f"{name}.py").write_text(text, encoding="utf-8")

    def job(self, body: str, signature: str = "async def run(container)") -> None:
        """Write the job `sync`; the body is its function's, indented or not."""
        head = "import asyncio, sys, time\nfrom tally import JobConfig\n"
        lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
        self.write("sync", f"{head}{CONFIG}{signature}:\n{lines}")

    def run(self, *arguments: str, **environ: str) -> Ended:
        """Run to the end."""
        return Running(self, self.start(arguments, environ)).end()

    def begin(self, *arguments: str, until: str, **environ: str) -> "Running":
        """Run until a line holds a text."""
        running = Running(self, self.start(arguments, environ))
        running.read_until(until)
        return running

    def start(
        self, arguments: Sequence[str] = (), environ: Mapping[str, str] | None = None, stdout: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        given = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(RUNNER),
            "TALLY_JOBS": str(self.jobs),
            "TALLY_TERMINATION_LOG": str(self.termination_log),
            **(environ or {}),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "tally", *(arguments or ("run", "sync"))],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE if stdout == subprocess.PIPE else stdout,
            env=given,
            cwd="/",
            encoding="utf-8",
        )


@dataclass
class Running:
    """A process that has not ended."""

    tally: Tally
    process: subprocess.Popen[str]
    read: list[str] = field(default_factory=list)

    def read_until(self, text: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.read.append(line)
            if text in line:
                return
        raise AssertionError(f"no line held {text!r}: {''.join(self.read)} {self.end().err}")

    def signal(self, signum: int) -> None:
        self.process.send_signal(signum)

    def end(self) -> Ended:
        try:
            out, err = self.process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        log = self.tally.termination_log
        outcome = json.loads(log.read_text(encoding="utf-8")) if log.exists() else {}
        return Ended(code=self.process.returncode, out="".join(self.read) + out, err=err, outcome=outcome)
