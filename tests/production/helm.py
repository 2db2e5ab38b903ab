"""helm on one cluster, as an administrator."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tally_cluster import demo, images, toolchain
from tally_cluster.settings import Cluster

from tests.e2e.kube import Answer, Json

OLD_OPERATOR = "tally.local/operator:0.1.0"
OLD_CHART = Path(__file__).parent / "previous" / "tally-0.1.0.tgz"
WAIT = ("--wait", "--timeout=90s")


@dataclass(frozen=True)
class Helm:
    """The release `tally` in one namespace.

    Args:
        cluster: Which cluster.
        namespace: The release's.
    """

    cluster: Cluster
    namespace: str

    def ask(self, *arguments: str, values: Json | None = None) -> Answer:
        """Run it, whatever it says."""
        command = [str(toolchain.tool("helm")), *arguments, f"--namespace={self.namespace}"]
        if values is not None:
            command.append("--values=-")
        environment = {**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig)}
        done = subprocess.run(
            command, input=json.dumps(values), env=environment, capture_output=True, text=True, check=False
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def run(self, *arguments: str, values: Json | None = None) -> str:
        """Run it, and fail the test with its own words when it fails."""
        answer = self.ask(*arguments, values=values)
        assert answer.code == 0, f"helm {' '.join(arguments)}: {answer.err}"
        return answer.out

    def install_previous(self) -> None:
        """Install the previous release's chart with its own operator."""
        self.run("install", "tally", str(OLD_CHART), *WAIT, values=_images(OLD_OPERATOR))

    def upgrade(self, **values: Any) -> None:  # noqa: ANN401 (JSON)
        """Install or upgrade to the chart as it is."""
        merged = {**_images(images.OPERATOR), **values}
        self.run("upgrade", "--install", "tally", str(demo.CHART), *WAIT, values=merged)


def _images(operator: str) -> Json:
    repository, _, tag = operator.rpartition(":")
    return {"image": {"repository": repository, "tag": tag}, "runner": {"image": images.RUNNER}}
