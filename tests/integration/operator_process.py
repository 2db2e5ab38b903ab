"""The operator as a process of its own, outside the cluster, so that a test may stop and kill it."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tally_cluster.settings import Cluster

from tests.e2e.waiting import eventually
from tests.ports import free_port

IMAGE = "runner.example/jobs:1"
STOP_SECONDS = 20.0


class Operator:
    """`python -m tally_operator` for some namespaces.

    Args:
        cluster: Whose API server it talks to.
        namespaces: Which ones it watches.
        log: Where its words go, over all its lives.

    `settings` and `wrapper` may be changed while it is stopped: more environment, and a command to run it under.
    """

    def __init__(self, cluster: Cluster, namespaces: Sequence[str], log: Path) -> None:
        self._cluster = cluster
        self._namespaces = namespaces
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.settings: dict[str, str] = {}
        self.wrapper: list[str] = []

    def start(self) -> None:
        """Start it, and wait until it says that it lives."""
        settings = {
            "KUBECONFIG": str(self._cluster.kubeconfig),
            "TALLY_RUNNER_IMAGE": IMAGE,
            "TALLY_NAMESPACES": ",".join(self._namespaces),
            "TALLY_PORT": str(free_port()),
            **self.settings,
        }
        port = int(settings["TALLY_PORT"])
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.wrapper, sys.executable, "-m", "tally_operator"],
                env={**os.environ, **settings},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        eventually(lambda: _lives(port) or self._ended(), 60, "the operator lives")
        assert not self._ended(), f"the operator has ended; see {self._log}"

    def stop(self) -> None:
        """Ask it to end, as a node does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(STOP_SECONDS)
            self._process = None

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process = None

    def lives(self) -> bool:
        """Tell whether the process that was started is still there."""
        return not self._ended()

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None


def _lives(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
