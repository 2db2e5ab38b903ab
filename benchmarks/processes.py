"""The operators as what is measured: started, stopped, and looked at from outside."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp
from tally_cluster import settings, toolchain
from tally_cluster.progress import step

from benchmarks.objects import IMAGE
from benchmarks.stage import HOME, Stage

_POLL = 0.02  # seconds
_READY = 180.0  # seconds
_STOP = 30.0  # seconds, a pod's terminationGracePeriodSeconds
_TICK = os.sysconf("SC_CLK_TCK")
_RIVAL = Path(__file__).parent / "controller_runtime"


class Running:
    """A process, from start to stop.

    Args:
        stage: Whose API server it talks to.
    """

    name = ""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it says, over all its lives."""
        return self._stage.cluster.logs / f"{self.name}.log"

    async def start(self) -> float:
        """Start it.

        Returns:
            After how many seconds it was ready.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """End it as a node does: ask, wait, and kill it where it does not come to an end."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def cpu(self) -> float:
        """Give the seconds of CPU that it has used in this life."""
        fields = self._read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory(self) -> float:
        """Give its resident memory in MiB."""
        return self._mebibytes("VmRSS")

    def peak(self) -> float:
        """Give the most resident memory that it has had in this life, in MiB."""
        return self._mebibytes("VmHWM")

    async def rest(self, seconds: float = 2.0) -> None:
        """Wait until it has done nothing for some seconds."""
        while True:
            before = self.cpu()
            await asyncio.sleep(seconds)
            if self.cpu() - before < 0.05 * seconds:
                return

    async def _begin(
        self, command: Sequence[str | Path], environment: dict[str, str], ready: Callable[[], Awaitable[bool]]
    ) -> float:
        begin = time.perf_counter()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 (it takes a millisecond)
                command, env={**os.environ, **environment}, stdout=log, stderr=log
            )
        while not await ready():
            if self._process.poll() is not None or time.perf_counter() - begin > _READY:
                raise RuntimeError(f"{self.name} did not become ready; see {self.log}")
            await asyncio.sleep(_POLL)
        return time.perf_counter() - begin

    def _mebibytes(self, field: str) -> float:
        line = next(line for line in self._read("status").splitlines() if line.startswith(field))
        return int(line.split()[1]) / 1024

    def _read(self, name: str) -> str:
        assert self._process is not None, "started"
        return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="utf-8")


class Tally(Running):
    """`python -m tally_operator` as the chart runs it: all namespaces, with a Lease, as its service account."""

    name = "tally"

    async def start(self) -> float:
        """Start it, until it says that it leads and has listed what there is; /readyz is content with less."""
        environment = {
            "KUBECONFIG": str(self._stage.operator_kubeconfig),
            "TALLY_RUNNER_IMAGE": IMAGE,
            "TALLY_PORT": str(self._stage.cluster.scheduler_port),  # a control plane has no scheduler
            "TALLY_ELECTION": "true",
            "TALLY_POD": "bench",
            "TALLY_POD_NAMESPACE": HOME,
            "TALLY_LOG_FORMAT": "json",
        }
        said = self.log.stat().st_size if self.log.exists() else 0

        async def ready() -> bool:
            return b"ScheduledJobs" in self.log.read_bytes()[said:]

        return await self._begin([sys.executable, "-m", "tally_operator"], environment, ready)


class Rival(Running):
    """An operator in Go that makes the same CronJobs and statuses, and counts nothing; see controller_runtime/."""

    name = "controller-runtime"

    async def start(self) -> float:
        """Start it, until its caches are full."""
        port = self._stage.cluster.kubelet_port  # a control plane has no kubelet
        environment = {"KUBECONFIG": str(self._stage.cluster.kubeconfig), "PROBE": f"127.0.0.1:{port}"}

        async def ready() -> bool:
            return await _answers(f"http://127.0.0.1:{port}/readyz")

        return await self._begin([self.program()], environment, ready)

    @staticmethod
    def program() -> Path:
        """Build it where that has not been done."""
        program = settings.cache() / "bench" / "controller-runtime"
        sources = [*_RIVAL.glob("*.go"), _RIVAL / "go.sum"]
        if not program.exists() or program.stat().st_mtime < max(each.stat().st_mtime for each in sources):
            with step("building the operator on controller-runtime"):
                command = [toolchain.go(), "build", "-o", program, "."]
                subprocess.run(command, cwd=_RIVAL, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
        return program


async def _answers(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
