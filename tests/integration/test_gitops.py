"""What waits for a ScheduledJob waits for the right thing: kubectl wait, kstatus as in Flux, Argo CD's health check."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tally_cluster import toolchain
from tally_operator.model import Spec, Status

from tests.e2e.kube import Kubectl
from tests.e2e.waiting import eventually
from tests.gitops.judge import ARGOCD, HEALTH, Seen, judge
from tests.integration.operator_process import Operator
from tests.integration.pods import ends
from tests.integration.scenes import scene_with_operator
from tests.integration.shop import FAR, Shop

SETTING = "resource.customizations.health.tally.dev_ScheduledJob"
HELD = "test.tally.dev/held"
UNREAD = "The operator has not read this spec yet."
RECORDED: list[dict[str, Any]] = yaml.safe_load((ARGOCD / "health_test.yaml").read_text())["tests"]


@scene_with_operator
def test_every_phase_is_what_gitops_tools_take_it_for(shop: Shop, operator: Operator) -> None:
    shop.apply("limited", numberOfExecutions=1, template=ends("well"))
    shop.apply("failing", numberOfExecutions=1, template=ends("badly"))
    shop.apply("running")
    shop.apply("waiting", schedule=FAR)
    shop.apply("resting", schedule=FAR, suspend=True)
    shop.apply("typo", schedule="0 22-3 * * *")
    shop.kubectl.run("wait", "--for=condition=Ready", "sj/waiting", "sj/resting", "--timeout=30s")
    shop.kubectl.run("wait", "--for=condition=Stalled", "sj/typo", "--timeout=30s")
    unlimited = shop.kubectl.ask("wait", "--for=condition=Complete", "sj/waiting", "--timeout=1s")
    assert (unlimited.code, "timed out" in unlimited.err) == (1, True)
    shop.kubectl.run("wait", "--for=condition=Complete", "sj/limited", "sj/failing", "--timeout=150s")
    for name in ("limited", "failing"):
        shop.wait_until_complete(name, 30)
    eventually(lambda: shop.status("running").get("phase") == "Running", 30, "a run goes on")
    over = "Executed 1 of 1 times; the CronJob is deleted, the Jobs stay."
    assert _seen(shop, "limited", "failing", "running", "waiting", "resting", "typo") == [
        Seen("Current", "Healthy", over),
        Seen("Current", "Healthy", over),
        Seen("Current", "Healthy", "A run goes on."),
        Seen("Current", "Healthy", "The CronJob is as it should be."),
        Seen("Current", "Suspended", "The schedule rests until spec.suspend is false."),
        Seen("Failed", "Degraded", str(shop.condition("typo")["message"])),
    ]
    operator.stop()
    shop.apply("unread", schedule=FAR)
    shop.edit("waiting", schedule="0 22-3 * * *")
    path = shop.path("scheduledjobs", "resting")
    shop.server.merge(path, {"metadata": {"finalizers": [HELD]}})
    shop.server.delete(path)
    assert _seen(shop, "unread", "waiting", "resting") == [
        Seen("InProgress", "Progressing", UNREAD),
        Seen("InProgress", "Progressing", UNREAD),
        Seen("Terminating", "Progressing", "It is being deleted."),
    ]
    shop.server.merge(path, {"metadata": {"finalizers": None}})
    operator.start()
    shop.wait_for_reason("waiting", "InvalidSchedule")
    assert [each.kstatus for each in _seen(shop, "waiting")] == ["Failed"]


@pytest.mark.parametrize("recorded", RECORDED, ids=[each["inputPath"] for each in RECORDED])
def test_the_health_check_passes_its_own_tests(recorded: dict[str, Any]) -> None:
    written = yaml.safe_load((ARGOCD / recorded["inputPath"]).read_text())
    (seen,) = judge(written)
    assert {"status": seen.health, "message": seen.message} == recorded["healthStatus"]
    Spec.model_validate(written["spec"], extra="forbid")
    Status.model_validate(written.get("status", {}), extra="forbid")


def test_each_recorded_object_is_in_a_test() -> None:
    assert {each["inputPath"] for each in RECORDED} == {f"testdata/{path.name}" for path in ARGOCD.glob("testdata/*")}


def test_the_readmes_command_sets_the_check_and_keeps_the_rest(kubectl: Kubectl) -> None:
    (command,) = re.findall(r"```console\n\$ (.+?)\n```", (ARGOCD / "README.md").read_text(), re.DOTALL)
    kubectl.run("create", "namespace", "argocd")
    kubectl.run("--namespace=argocd", "create", "configmap", "argocd-cm", "--from-literal=url=there")
    environment = {
        **os.environ,
        "KUBECONFIG": str(kubectl.cluster.kubeconfig),
        "PATH": f"{toolchain.binaries()}:{os.environ['PATH']}",
    }
    subprocess.run(["bash", "-ec", command], env=environment, cwd=ARGOCD.parents[1], check=True, capture_output=True)
    found = kubectl.run("--namespace=argocd", "get", "configmap", "argocd-cm", "--output=yaml")
    assert yaml.safe_load(found)["data"] == {"url": "there", SETTING: HEALTH.read_text()}


def test_kustomize_lays_the_check_over_an_argo_cd(tmp_path: Path) -> None:
    there = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": "argocd"}}
    (tmp_path / "argocd-cm.yaml").write_text(yaml.safe_dump({**there, "data": {"url": "there"}}))
    relative = os.path.relpath(ARGOCD, tmp_path.resolve())
    installed = {"resources": ["argocd-cm.yaml"], "components": [relative]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(installed))
    command: list[str | Path] = [toolchain.tool("kubectl"), "kustomize", tmp_path]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert yaml.safe_load(made)["data"] == {"url": "there", SETTING: HEALTH.read_text()}


def _seen(shop: Shop, *names: str) -> list[Seen]:
    return judge(*(shop.scheduled_job(name) for name in names))
