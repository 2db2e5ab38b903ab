"""Breaks things on the real node while ScheduledJobs run, leaves them alone, and counts what came of it.

    PYTHONPATH=deploy/local python -m tests.chaos.chaos --jobs 100 --minutes 6

The operator is killed every few seconds, the API server and the controller manager are killed and started anew, etcd is
gone for some seconds. Then all is left alone. An overrun, a lost count, an orphan or lost logs: the exit code is 1.
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from tally_cluster import demo, images, lifecycle, settings
from tally_cluster.settings import Cluster

from tests.e2e.kube import SLOT, Json, Kubectl, scheduled_job, slot

ROOT = Path(__file__).resolve().parents[2]
KEPT = 50  # Jobs of each outcome; more than any limit here, so that all can be counted at the end
REST = 420.0  # seconds in which all must end once they are left alone


@dataclass
class Tale:
    """What was done and what came of it.

    Args:
        seed: Repeats the same choices.
    """

    seed: int
    limits: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    restarts: dict[str, int] = field(default_factory=dict)
    slots: int = 0
    unfinished: list[str] = field(default_factory=list)
    overruns: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether everything was as promised."""
        return not (self.unfinished or self.overruns or self.lost or self.orphans or self.silent)

    def table(self) -> str:
        """Give it as a table for a person."""
        restarts = ", ".join(f"{name} {count}" for name, count in sorted(self.restarts.items())) or "none"
        rows = [
            ("seed", str(self.seed)),
            ("ScheduledJobs", str(len(self.limits))),
            ("executions asked for", str(sum(self.limits.values()))),
            ("operator killed", str(self.kills)),
            ("components killed", restarts),
            ("slots executed", str(self.slots)),
            ("overruns", _named(self.overruns)),
            ("lost counts", _named(self.lost)),
            ("not finished", _named(self.unfinished)),
            ("orphaned CronJobs and Jobs", _named(self.orphans)),
            ("Jobs whose logs went", _named(self.silent)),
        ]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)


class Operator:
    """An operator as a process of this machine, that can be killed and started at will.

    Args:
        cluster: Whose API server it talks to.
        namespace: What it watches.
        log: Where its output goes.
    """

    def __init__(self, cluster: Cluster, namespace: str, log: Path) -> None:
        self._log = log
        self._environment = {
            **os.environ,
            "KUBECONFIG": str(cluster.kubeconfig),
            "TALLY_RUNNER_IMAGE": images.RUNNER,
            "TALLY_NAMESPACES": namespace,
            "TALLY_PORT": "26490",
            "PYTHONPATH": f"{ROOT / 'runner'}:{ROOT / 'operator'}",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as out:
            command = [sys.executable, "-m", "tally_operator"]
            self._process = subprocess.Popen(command, env=self._environment, stdout=out, stderr=out)

    def kill(self) -> None:
        """End it without a chance to clean up."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


def run(cluster: Cluster, *, jobs: int, most: int, minutes: float, seed: int, without_operator: bool = False) -> Tale:
    """Break things for some minutes, leave them alone, and look.

    Args:
        cluster: The node, with the chart on it.
        jobs: How many ScheduledJobs.
        most: Their limits are from 1 to this.
        minutes: How long things break.
        seed: Repeats the same choices.
        without_operator: Keep the operator down from when the CronJobs are there until the end: the fence alone.
    """
    choices = random.Random(seed)
    tale = Tale(seed)
    kubectl = Kubectl(cluster, f"chaos-{uuid4().hex[:8]}")
    operator = Operator(cluster, kubectl.namespace, cluster.logs / "chaos-operator.log")
    with _deployment_at_rest(cluster):
        try:
            kubectl.run("create", "namespace", kubectl.namespace)
            _apply(kubectl, tale, jobs, most, choices)
            operator.start()
            _wait(lambda: len(kubectl.all("cronjobs")) == jobs, 60, "CronJobs")
            if without_operator:
                operator.kill()
                _let_pass(minutes * 60)
                _check_overruns(kubectl, tale)
            else:
                _break_things(cluster, operator, tale, minutes * 60, choices)
            operator.start()
            _wait(lambda: not _unfinished(kubectl), REST, "all are Completed and their runs have ended")
            _wait(lambda: not kubectl.all("cronjobs"), 15, "no CronJob is left")
            _look(kubectl, tale)
        finally:
            operator.kill()
            kubectl.ask("delete", "namespace", kubectl.namespace, "--wait=false")
    return tale


def _apply(kubectl: Kubectl, tale: Tale, jobs: int, most: int, choices: random.Random) -> None:
    objects: list[Json] = []
    for number in range(jobs):
        name, limit = f"chaos-{number}", choices.randint(1, most)
        tale.limits[name] = limit
        spec: Json = {
            "numberOfExecutions": limit,
            "concurrencyPolicy": "Forbid" if number % 4 else "Allow",
            "successfulJobsHistoryLimit": KEPT,
            "failedJobsHistoryLimit": KEPT,
            "template": {"spec": {"containers": [{"name": "job", "args": ["run", "limited-test"]}]}},
        }
        objects.append(scheduled_job(name, **spec))
    kubectl.apply(*objects)


def _break_things(cluster: Cluster, operator: Operator, tale: Tale, seconds: float, choices: random.Random) -> None:
    """Kill the operator every one to three seconds, and a component two or three times a minute."""
    end = time.monotonic() + seconds
    done = threading.Event()

    def break_components() -> None:
        while not done.wait(choices.uniform(15, 30)):
            name = choices.choice(("kube-apiserver", "kube-controller-manager", "etcd"))
            lifecycle.process(cluster, name).kill()
            done.wait(choices.uniform(3, 8) if name == "etcd" else choices.uniform(0, 3))
            lifecycle.start(cluster, name)
            tale.restarts[name] = tale.restarts.get(name, 0) + 1

    breaker = threading.Thread(target=break_components)
    breaker.start()
    try:
        while time.monotonic() < end:
            time.sleep(choices.uniform(1, 3))
            operator.kill()
            operator.start()
            tale.kills += 1
            if tale.kills % 20 == 0:
                _say(f"  … {end - time.monotonic():4.0f} s to go, operator killed {tale.kills} times")
    finally:
        done.set()
        breaker.join()
        operator.kill()
        lifecycle.up(cluster)


def _unfinished(kubectl: Kubectl) -> list[str]:
    return [each["metadata"]["name"] for each in kubectl.all("sj") if not _has_ended(each.get("status", {}))]


def _has_ended(status: Json) -> bool:
    running = any(each["outcome"] == "running" for each in status.get("recentExecutions", ()))
    return bool(status.get("phase") == "Completed" and not running)


def _check_overruns(kubectl: Kubectl, tale: Tale) -> None:
    """Compare the Jobs that there are with the limits: the namespace is new and nobody deletes Jobs in it."""
    for name, limit in tale.limits.items():
        slots = {slot(job) for job in kubectl.all("jobs", f"tally.dev/name={name}") if _has_slot(job)}
        if len(slots) > limit and name not in tale.overruns:
            tale.overruns.append(name)


def _look(kubectl: Kubectl, tale: Tale) -> None:
    _check_overruns(kubectl, tale)
    tale.unfinished = _unfinished(kubectl)
    found = {each["metadata"]["name"]: each.get("status", {}) for each in kubectl.all("sj")}
    jobs = [job for job in kubectl.all("jobs") if _has_slot(job)]
    tale.slots = len(jobs)
    for name, limit in tale.limits.items():
        made = sum(job["metadata"]["labels"]["tally.dev/name"] == name for job in jobs)
        if not found[name].get("executions") == made == limit:
            tale.lost.append(f"{name} ({found[name].get('executions')} counted, {made} Jobs, limit {limit})")
    tale.orphans = [f"cronjob/{each['metadata']['name']}" for each in kubectl.all("cronjobs")]
    tale.orphans += [f"job/{job['metadata']['name']}" for job in jobs if not _is_adopted(job)]
    tale.silent = [
        name for name in (job["metadata"]["name"] for job in jobs) if "completed" not in _logs(kubectl, name)
    ]


def _logs(kubectl: Kubectl, job: str) -> str:
    return kubectl.ask("logs", f"job/{job}").out


def _has_slot(job: Json) -> bool:
    return SLOT in job["metadata"].get("annotations", {})


def _is_adopted(job: Json) -> bool:
    return any(owner["kind"] == "ScheduledJob" for owner in job["metadata"].get("ownerReferences", ()))


@contextlib.contextmanager
def _deployment_at_rest(cluster: Cluster) -> Iterator[None]:
    """Scale the installed operator to nothing meanwhile: this program starts and kills its own."""
    kubectl = Kubectl(cluster, demo.SYSTEM)
    replicas = kubectl.run("get", "deployment", "tally", "--output=jsonpath={.spec.replicas}")
    kubectl.run("scale", "deployment", "tally", "--replicas=0")
    kubectl.run("wait", "pod", "--selector=app.kubernetes.io/name=tally", "--for=delete", "--timeout=60s")
    try:
        yield
    finally:
        kubectl.run("scale", "deployment", "tally", f"--replicas={replicas}")
        kubectl.run("rollout", "status", "deployment", "tally", "--timeout=120s")


def _wait(found: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for it, and go on without it: the table tells what is missing."""
    end = time.monotonic() + seconds
    said = time.monotonic()
    while not found() and time.monotonic() < end:
        time.sleep(1)
        if time.monotonic() - said > 30:
            said = time.monotonic()
            _say(f"  … waiting until {what}, at most {end - said:.0f} s more")


def _let_pass(seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        _say(f"  … no operator; {left:4.0f} s to go")
        time.sleep(min(30.0, left))


def _named(names: list[str]) -> str:
    return "0" if not names else f"{len(names)}: {', '.join(names[:5])}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run it from the command line.

    Returns:
        The exit code: 0 when everything was as promised.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100, help="how many ScheduledJobs (default: 100)")
    parser.add_argument("--minutes", type=float, default=6, help="how long things break (default: 6)")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6), help="repeats the same choices"
    )
    parser.add_argument("--without-operator", action="store_true", help="keep it down: the fence alone holds the limit")
    options = parser.parse_args()
    cluster = settings.load(settings.DEFAULT_NAME) or Cluster()
    lifecycle.up(cluster)
    demo.install(cluster, restart=bool(images.ensure(cluster)))
    tale = run(
        cluster,
        jobs=options.jobs,
        most=5,
        minutes=options.minutes,
        seed=options.seed,
        without_operator=options.without_operator,
    )
    _say(tale.table())
    return 0 if tale.good else 1


if __name__ == "__main__":
    sys.exit(main())
