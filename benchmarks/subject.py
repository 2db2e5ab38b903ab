"""The operator as what is measured: started, stopped, and looked at from outside."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import aiohttp

from benchmarks.objects import IMAGE
from benchmarks.stage import HOME, Stage

_POLL = 0.02  # seconds
_READY = 180.0
_TICK = os.sysconf("SC_CLK_TCK")


class Subject:
    """`python -m tally_operator` as the chart runs it: all namespaces, with a Lease, as its service account.

    Args:
        stage: Whose API server it talks to.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it says, over all its lives."""
        return self._stage.cluster.logs / "operator.log"

    async def start(self) -> float:
        """Start it.

        Returns:
            After how many seconds it was ready.
        """
        port = self._stage.cluster.scheduler_port  # a control plane has no scheduler
        settings = {
            "KUBECONFIG": str(self._stage.operator_kubeconfig),
            "TALLY_RUNNER_IMAGE": IMAGE,
            "TALLY_PORT": str(port),
            "TALLY_ELECTION": "true",
            "TALLY_POD": "bench",
            "TALLY_POD_NAMESPACE": HOME,
            "TALLY_LOG_FORMAT": "json",
        }
        begin = time.perf_counter()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 (it takes a millisecond)
                [sys.executable, "-m", "tally_operator"], env={**os.environ, **settings}, stdout=log, stderr=log
            )
        async with aiohttp.ClientSession() as session:
            while not await _ready(session, port):
                if self._process.poll() is not None or time.perf_counter() - begin > _READY:
                    raise RuntimeError(f"the operator did not become ready; see {self.log}")
                await asyncio.sleep(_POLL)
        return time.perf_counter() - begin

    def stop(self) -> None:
        """Ask it to end, as a node does, and wait."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def cpu(self) -> float:
        """Give the seconds of CPU that it has used in this life."""
        fields = self._read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory(self) -> float:
        """Give its resident memory in MiB."""
        line = next(line for line in self._read("status").splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def peak(self) -> float:
        """Give the most resident memory that it has had in this life, in MiB."""
        line = next(line for line in self._read("status").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    async def rest(self, seconds: float = 2.0) -> None:
        """Wait until it has done nothing for some seconds."""
        while True:
            before = self.cpu()
            await asyncio.sleep(seconds)
            if self.cpu() - before < 0.1 * seconds:
                return

    def _read(self, name: str) -> str:
        assert self._process is not None, "started"
        return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="utf-8")


async def _ready(session: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
