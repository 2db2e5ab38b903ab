"""kubectl for tests: as an administrator of one cluster, with its answers as text or JSON."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tally_cluster import toolchain
from tally_cluster.settings import Cluster

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a command said.

    Args:
        code: Its exit code.
        out: Its standard output.
        err: Its standard error.
    """

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Kubectl:
    """kubectl in one namespace.

    Args:
        cluster: Which cluster.
        namespace: Where its commands look.
    """

    cluster: Cluster
    namespace: str

    def ask(self, *arguments: str, stdin: str | None = None) -> Answer:
        """Run it, whatever it says."""
        command = [str(toolchain.tool("kubectl")), f"--namespace={self.namespace}", *arguments]
        environment = {**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig)}
        done = subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, check=False)
        return Answer(done.returncode, done.stdout, done.stderr)

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run it, and fail the test with its own words when it fails."""
        answer = self.ask(*arguments, stdin=stdin)
        assert answer.code == 0, f"kubectl {' '.join(arguments)}: {answer.err}"
        return answer.out

    def apply(self, *objects: Json) -> None:
        """Apply objects."""
        self.run("apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def get(self, kind: str, name: str) -> Json | None:
        """Read an object; None where there is none."""
        text = self.run("get", kind, name, "--ignore-not-found", "--output=json")
        return json.loads(text) if text else None

    def all(self, kind: str, selector: str = "") -> Sequence[Json]:
        """Read all objects of a kind that have the labels."""
        items: list[Json] = json.loads(self.run("get", kind, f"--selector={selector}", "--output=json"))["items"]
        return items

    def jobs(self, name: str) -> list[Json]:
        """Read the Jobs of a job's schedule, oldest slot first; manual runs are left out."""
        found = self.all("jobs", f"tally.dev/name={name}")
        return sorted((job for job in found if SLOT in job["metadata"]["annotations"]), key=slot)


SLOT = "batch.kubernetes.io/cronjob-scheduled-timestamp"


def slot(job: Json) -> str:
    """Give a Job's scheduled time."""
    return str(job["metadata"]["annotations"][SLOT])


def scheduled_job(name: str, **spec: object) -> Json:
    """Write a ScheduledJob that runs every minute, as the job of its own name."""
    return {
        "apiVersion": "tally.dev/v1",
        "kind": "ScheduledJob",
        "metadata": {"name": name},
        "spec": {"name": name, "schedule": "* * * * *", **spec},
    }


def job_module(name: str) -> Json:
    """Run another job module than the one of the ScheduledJob's name, so that one file serves many."""
    return {"spec": {"containers": [{"name": "job", "args": ["run", name]}]}}
