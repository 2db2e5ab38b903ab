"""What happens to one installation in two minutes, told once; the tests look at what was seen on the way.

A minute is the smallest step of a schedule, so all that must be shown across one is shown across the same two:

before the first   the previous release is installed and upgraded, a second one is installed for another namespace, and
                   ScheduledJobs are made in each time
in the first       runs go on while the release is rolled back, upgraded again and uninstalled; then the operator that
                   leads the second release is killed
in the second      nobody is there for the CronJobs of the first release, and they go on; `helm test` runs in the second
after it           the first release is installed anew, for one namespace, with the lock and with defaults for all jobs
"""

import json
import subprocess
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from tally_cluster.settings import Cluster

from tests.e2e.kube import SLOT, Answer, Json, Kubectl, scheduled_job
from tests.e2e.waiting import eventually
from tests.production.helm import Helm

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
SHOP, STOCK, SYSTEM = "shop", "stock", "tally-system"
NAMES = ("steady", "limited", "tidy", "edited")
LIMITS = {"limits": {"memory": "300Mi"}}
POLICIES = "validatingadmissionpolicies,validatingadmissionpolicybindings"
# Long enough to be under way through an upgrade.
LONG = {"spec": {"containers": [{"name": "job", "command": ["sleep"], "args": ["15"]}]}}
QUICK = {"spec": {"containers": [{"name": "job", "command": ["true"]}]}}


@dataclass(frozen=True)
class Sight:
    """What is seen at one moment.

    Args:
        operators: The operator's pods.
        jobs: The Jobs in the shop, by name.
        pods: Their pods.
        cronjobs: The CronJobs in the shop, by name.
        statuses: The ScheduledJobs' statuses, by name.
    """

    operators: list[Json]
    jobs: dict[str, Json]
    pods: dict[str, Json]
    cronjobs: dict[str, Json]
    statuses: dict[str, Json]


@dataclass(frozen=True)
class Story:
    """What was seen, in this order.

    Args:
        installed: The previous release.
        upgraded: After the upgrade.
        started: With runs under way.
        rolled_back: After the rollback.
        upgraded_again: After the upgrade of what was rolled back.
        uninstalled: Without an operator, before the next scheduled time.
        kept: The names of the cluster's policies then.
        over_limit: What the API server then said to a Job after the last one of `limited`.
        alone: Without an operator, after the next scheduled time.
        leaders: Who led the second release, before it was killed and after.
        tested: What `helm test` said of the second release.
        reinstalled: At the end.
    """

    installed: Sight
    upgraded: Sight
    started: Sight
    rolled_back: Sight
    upgraded_again: Sight
    uninstalled: Sight
    kept: list[str]
    over_limit: Answer
    alone: Sight
    leaders: tuple[str, str]
    tested: Answer
    reinstalled: Sight


def play(cluster: Cluster) -> Story:
    """Let it happen."""
    shop, system, helm = Kubectl(cluster, SHOP), Kubectl(cluster, SYSTEM), Helm(cluster, SYSTEM)
    for namespace in (SHOP, STOCK, SYSTEM):
        shop.run("create", "namespace", namespace)
        shop.run("label", "namespace", namespace, RESTRICTED)

    def look() -> Sight:
        return Sight(
            operators=[each for each in system.all("pods") if "deletionTimestamp" not in each["metadata"]],
            jobs=_by_name(shop.all("jobs")),
            pods=_by_name(shop.all("pods")),
            cronjobs=_by_name(shop.all("cronjobs")),
            statuses={name: each.get("status", {}) for name, each in _by_name(shop.all("scheduledjobs")).items()},
        )

    with ThreadPoolExecutor() as pool:
        helm.install_previous()
        # Its own time must not come, at whatever hour this is.
        shop.apply(scheduled_job("edited", template=QUICK, schedule="0 0 29 2 *"))
        eventually(lambda: shop.get("cronjob", "edited"), 30, "there is a CronJob")
        installed = look()
        second = pool.submit(_install_second, cluster)
        helm.upgrade(replicas=2)
        _edit(shop)
        upgraded = look()
        second.result()
        _begin(shop)
        started = look()
        helm.run("rollback", "tally", "1", "--wait")
        rolled_back = look()
        helm.upgrade(replicas=2)
        upgraded_again = look()
        helm.run("uninstall", "tally", "--wait")
        uninstalled = look()
        kept = system.run("get", POLICIES, "--output=name").split()
        over_limit = _one_too_many(shop)
        tested, leaders = _try_second(cluster, pool)
        _next_minute(shop, uninstalled)
        alone = look()
        lock = {"enabled": True, "images": ["tally.local/"]}
        watch = {"namespaces": [SHOP]}
        helm.upgrade(replicas=2, watch=watch, lockdown=lock, jobs={"resources": LIMITS})
        eventually(lambda: _settled(look()), 60, "all that ran is counted")
        reinstalled = look()
        return Story(
            *(installed, upgraded, started, rolled_back, upgraded_again, uninstalled, kept, over_limit, alone),
            *(leaders, tested.result(), reinstalled),
        )


def _by_name(objects: Iterable[Json]) -> dict[str, Json]:
    return {each["metadata"]["name"]: each for each in objects}


def _begin(shop: Kubectl) -> None:
    """Make the ScheduledJobs that run, and wait until the first run of the long one is under way."""
    shop.apply(
        scheduled_job("steady", template=LONG, successfulJobsHistoryLimit=10),
        scheduled_job("limited", template=QUICK, numberOfExecutions=2),
        scheduled_job("tidy", template=QUICK, successfulJobsHistoryLimit=0),
    )
    eventually(lambda: len(shop.all("cronjobs")) == len(NAMES), 30, "there are CronJobs")
    eventually(lambda: _running(shop, "steady"), 90, "the first run is under way")


def _edit(shop: Kubectl) -> None:
    """Suspend and resume twice, so that an event repeats itself, and change the schedule."""

    def edit(spec: Json, expected: Json) -> None:
        def followed() -> bool:
            found = shop.get("cronjob", "edited")
            return found is not None and found["spec"] == {**found["spec"], **expected}

        shop.run("patch", "sj", "edited", "--type=merge", "--patch", json.dumps({"spec": spec}))
        eventually(followed, 20, f"the CronJob has {expected}")

    for suspend in (True, False, True, False):
        edit({"suspend": suspend}, {"suspend": suspend})
    edit({"schedule": "0 1 29 2 *"}, {"schedule": "0 1 29 2 *"})


def _one_too_many(shop: Kubectl) -> Answer:
    """Ask the API server what it would say to a Job of `limited` long after its last, made as by its CronJob."""
    template = (shop.get("cronjob", "limited") or {})["spec"]["jobTemplate"]
    annotations = {**template["metadata"]["annotations"], SLOT: "2036-01-01T00:00:00Z"}
    job = {
        **template,
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "late", "annotations": annotations},
    }
    return shop.ask("create", "--dry-run=server", "--filename=-", stdin=json.dumps(job))


def _install_second(cluster: Cluster) -> None:
    """Install a release for one namespace; there is nothing yet that two could meddle with."""
    apart: Json = {"crds": {"install": False}, "fence": {"enabled": False}}
    Helm(cluster, STOCK).upgrade(replicas=2, watch={"namespaces": [STOCK]}, **apart)


def _try_second(cluster: Cluster, pool: ThreadPoolExecutor) -> tuple[Future[Answer], tuple[str, str]]:
    """Begin the second release's test, and kill the operator that leads."""
    stock, helm = Kubectl(cluster, STOCK), Helm(cluster, STOCK)
    eventually(lambda: _leader(stock), 30, "one operator leads")
    first = _leader(stock)
    tested = pool.submit(helm.ask, "test", "tally", "--logs")
    eventually(lambda: stock.get("cronjob", "tally-test"), 30, "the test has begun")
    _kill(stock, first)
    eventually(lambda: _leader(stock) not in ("", first), 60, "another operator leads")
    return tested, (first, _leader(stock))


def _leader(kubectl: Kubectl) -> str:
    """Give the name by which an operator leads: its pod's, and one of its own life's."""
    lease = kubectl.get("lease", "tally") or {}
    return str(lease.get("spec", {}).get("holderIdentity") or "")


def _kill(kubectl: Kubectl, leader: str) -> None:
    """End an operator as a crash would: it gives no Lease back."""
    pod = kubectl.get("pod", leader.rpartition("_")[0]) or {}
    container = pod["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
    ctr = ["ctr", f"--address={kubectl.cluster.containerd_socket}", "--namespace=k8s.io"]
    subprocess.run([*ctr, "tasks", "kill", "--signal=SIGKILL", container], check=True, capture_output=True)


def _next_minute(shop: Kubectl, before: Sight) -> None:
    def all_have_run() -> bool:
        new = [job for job in shop.all("jobs") if job["metadata"]["name"] not in before.jobs]
        return {job["metadata"]["labels"]["tally.dev/name"] for job in new} == {"steady", "limited", "tidy"}

    eventually(all_have_run, 90, "the CronJobs go on")


def _running(shop: Kubectl, name: str) -> bool:
    return any(pod["status"].get("phase") == "Running" for pod in shop.all("pods", f"tally.dev/name={name}"))


def _settled(sight: Sight) -> bool:
    statuses = sight.statuses
    return statuses["limited"].get("phase") == "Completed" and all(
        statuses[name]["succeeded"] == statuses[name]["executions"] for name in ("steady", "limited", "tidy")
    )
