"""The demonstration: a ScheduledJob runs three times on the local cluster and stops, before one's eyes."""

import json
import os
import subprocess
import sys
import time

from tally_cluster import images, lifecycle, settings, toolchain
from tally_cluster.progress import StepError, run, step
from tally_cluster.settings import Cluster

SAMPLE = images.REPOSITORY / "deploy" / "samples" / "limited-test.yaml"
CHART = images.REPOSITORY / "charts" / "tally"
JOB = "limited-test"
SYSTEM = "tally-system"
# Three slots, a minute apart, the first within one; a slow machine gets the same again.
RUNS_SECONDS = 480
READY_SECONDS = 120
POLL_SECONDS = 2.0


def main() -> int:
    """Shows it.

    Returns:
        The exit code: 0 all was as promised, 1 something was not, 130 the watcher had enough.
    """
    try:
        _show(settings.load(settings.DEFAULT_NAME) or Cluster())
    except StepError as error:
        sys.stderr.write(f"demo: {error.explain()}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _show(cluster: Cluster) -> None:
    kubectl = Kubectl(cluster)
    _say("1. A Kubernetes node on this machine")
    lifecycle.up(cluster)
    _say("2. The operator, installed by its chart")
    install(cluster, restart=bool(images.ensure(cluster)))
    _say(f"3. A job that runs every minute, three times: {SAMPLE.relative_to(images.REPOSITORY)}")
    kubectl.show("delete", "scheduledjob", JOB, "--ignore-not-found", "--cascade=foreground")
    kubectl.show("apply", "-f", str(SAMPLE))
    _say("4. It runs (kubectl get sj --watch)")
    _watch(kubectl)
    _say(f"5. What the three runs logged (kubectl logs -l tally.dev/name={JOB} --prefix)")
    kubectl.show("logs", "-l", f"tally.dev/name={JOB}", "--prefix", "--tail=-1")
    _say("6. The CronJob is gone, the runs and their logs stay")
    kubectl.show("get", "cronjob", JOB, "--ignore-not-found", "-o", "name")
    kubectl.show("get", "jobs", "-l", f"tally.dev/name={JOB}")
    kubectl.show("get", "scheduledjob", JOB)
    _check(kubectl)
    print("\nIt ran three times and stopped. The cluster stays for you to try things:")
    print(f"  export KUBECONFIG={cluster.kubeconfig} PATH={toolchain.folder()}:$PATH")
    print("  make clean    takes it down")


class Kubectl:
    """kubectl as the administrator of one cluster.

    Args:
        cluster: which one; it need not be up yet.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Starts it with the terminal as its output."""
        return subprocess.Popen([str(toolchain.tool("kubectl")), *arguments], env=self._environment)

    def show(self, *arguments: str) -> None:
        """Prints the command and what it says.

        Raises:
            StepError: it failed; it has said why.
        """
        words = " ".join(arguments)
        print(f"$ kubectl {words}", flush=True)
        with self.start(*arguments) as command:
            code = command.wait()
        if code:
            raise StepError(f"kubectl {words} ended with code {code}")

    def get(self, *arguments: str) -> dict[str, object] | None:
        """An object, or None where there is none.

        Raises:
            StepError: the API server could not be asked.
        """
        command = [
            str(toolchain.tool("kubectl")),
            "get",
            *arguments,
            "--ignore-not-found",
            "--output=json",
        ]
        result = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if result.returncode:
            raise StepError(f"kubectl get {' '.join(arguments)}: {result.stderr.strip()}")
        answer: dict[str, object] | None = json.loads(result.stdout) if result.stdout else None
        return answer


def install(cluster: Cluster, *, restart: bool) -> None:
    """Installs or upgrades the chart with the local images, and waits until the operator is ready.

    Args:
        cluster: where to.
        restart: replace running operators: the image has changed under its name.

    Raises:
        StepError: helm failed, or the operator was not ready in time; the log has its pods' last words.
    """
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    log = cluster.logs / "install.log"
    repository, _, tag = images.OPERATOR.rpartition(":")
    values = f"image.repository={repository},image.tag={tag},runner.image={images.RUNNER}"
    kubectl = [str(toolchain.tool("kubectl")), "--namespace", SYSTEM]
    with step("helm upgrade --install tally charts/tally"):
        # What somebody has changed since, such as by `kubectl scale`, is put back.
        command = [str(toolchain.tool("helm")), "upgrade", "--install", "--force-conflicts", "tally", str(CHART)]
        run([*command, "--namespace", SYSTEM, "--create-namespace", "--set", values], log, env=environment)
    with step("the operator is ready"):
        if restart:
            run([*kubectl, "rollout", "restart", "deployment"], log, env=environment)
        try:
            run([*kubectl, "rollout", "status", "deployment", f"--timeout={READY_SECONDS}s"], log, env=environment)
        except StepError as error:
            # The roll-out only says that it is not done: the pods know why.
            run([*kubectl, "describe", "pods"], log, env=environment)
            run([*kubectl, "logs", "--selector=app.kubernetes.io/name=tally", "--tail=20"], log, env=environment)
            raise StepError(f"the operator was not ready after {READY_SECONDS} s", log) from error


def _watch(kubectl: Kubectl) -> None:
    """Shows the resource's changes until it is complete."""
    deadline = time.monotonic() + RUNS_SECONDS
    watcher = kubectl.start("get", "scheduledjob", JOB, "--watch")
    try:
        while _status(kubectl).get("phase") != "Completed":
            if time.monotonic() > deadline:
                raise StepError(f"{JOB} was not completed after {RUNS_SECONDS} s: kubectl describe scheduledjob {JOB}")
            time.sleep(POLL_SECONDS)
        # The last run has started; its logs are whole when it has ended.
        while _jobs_running(kubectl) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
    finally:
        watcher.terminate()
        watcher.wait()


def _check(kubectl: Kubectl) -> None:
    status = _status(kubectl)
    if (status.get("phase"), status.get("executions")) != ("Completed", 3):
        raise StepError(f"{JOB} should be Completed with 3 executions, but its status is {json.dumps(status)}")
    if kubectl.get("cronjob", JOB):
        raise StepError(f"the CronJob {JOB} should be gone, but is there")


def _status(kubectl: Kubectl) -> dict[str, object]:
    status = (kubectl.get("scheduledjob", JOB) or {}).get("status")
    return status if isinstance(status, dict) else {}


def _jobs_running(kubectl: Kubectl) -> bool:
    jobs = (kubectl.get("jobs", "-l", f"tally.dev/name={JOB}") or {}).get("items")
    return isinstance(jobs, list) and any(job.get("status", {}).get("active") for job in jobs)


def _say(title: str) -> None:
    print(f"\n{title}", flush=True)
