"""CronJobs that a real API server has taken become ScheduledJobs whose pods are the same, field by field."""

import json
import subprocess
import sys
from typing import Any

from tests.integration.scenes import scene
from tests.integration.shop import Shop

CRONJOBS = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: plain, labels: {team: data}, annotations: {since: 2026-01-01}}
spec:
  schedule: 0 0 1 1 *
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers:
            - name: backup
              image: postgres:16
              command: [sh, -c]
              args:
                - |
                  pg_dump > /backup/dump
                  date: 12:30
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: careful}
spec:
  schedule: "@yearly"
  timeZone: Europe/Berlin
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 300
  jobTemplate:
    spec:
      activeDeadlineSeconds: 60
      backoffLimit: 2
      template:
        metadata: {labels: {team: data}, annotations: {kubectl.kubernetes.io/default-container: main}}
        spec:
          restartPolicy: Never
          serviceAccountName: backup
          automountServiceAccountToken: true
          securityContext: {runAsUser: 70, seccompProfile: {type: RuntimeDefault}}
          initContainers: [{name: wait, image: "busybox:1"}]
          containers:
            - {name: log, image: "busybox:1"}
            - name: main
              image: postgres:16
              securityContext: {capabilities: {add: [CHOWN]}}
              env: [{name: LIMIT, valueFrom: {resourceFieldRef: {containerName: main, resource: limits.cpu}}}]
              resources: {limits: {cpu: 0.5, memory: 512Mi}}
              volumeMounts: [{name: data, mountPath: /data}]
          volumes: [{name: data, emptyDir: {}}]
"""

SAME = {
    "automountServiceAccountToken": True,
    "enableServiceLinks": True,
    "runAsNonRoot": False,
    "allowPrivilegeEscalation": True,
    "readOnlyRootFilesystem": False,
    "drop": [],
}
# It is told whose user a pod runs as.
OTHER = {"runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}}


@scene
def test_converted_cronjobs_run_the_pods_that_they_ran(shop: Shop) -> None:
    shop.kubectl.run("apply", "--validate=strict", "--filename=-", stdin=CRONJOBS)
    containers = {"plain": "backup", "careful": "main"}
    before = {name: shop.cronjob(name) or {} for name in containers}
    listed = shop.kubectl.run("get", "cronjobs", "--output=yaml")
    command = [sys.executable, "-m", "tally", "manifests", "--from-cronjob", "-"]
    done = subprocess.run(command, input=listed, text=True, capture_output=True, check=True)
    assert "not carried over" not in done.stderr, "nor is what an API server has filled in"
    made = done.stdout
    for line in made.splitlines():
        if line.startswith("# kubectl "):
            shop.kubectl.run(*line.removeprefix("# kubectl ").split())
    applying = ("apply", "--validate=strict", "--filename=-")
    assert shop.kubectl.run(*applying, stdin=made).count(" created") == len(before)
    assert shop.kubectl.run(*applying, stdin=made).count(" unchanged") == len(before)
    for name, old in before.items():
        shop.wait_for_reason(name, "Scheduled")
        new = shop.cronjob(name) or {}
        assert _pod(new) == _pod(old, containers[name])
        for field in ("schedule", "concurrencyPolicy", "suspend", "startingDeadlineSeconds"):
            assert new["spec"].get(field) == old["spec"].get(field), field
        for field in ("activeDeadlineSeconds", "backoffLimit"):
            assert _job(new).get(field, 6) == _job(old).get(field, 6), field
    assert shop.scheduled_job("plain")["metadata"]["annotations"]["since"] == "2026-01-01"


def _job(cronjob: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = cronjob["spec"]["jobTemplate"]["spec"]
    return found


def _pod(cronjob: dict[str, Any], container: str = "job") -> dict[str, Any]:
    """Give its pod, without what every pod of Tally's has besides, and without what is the same as absent."""
    pod: dict[str, Any] = _job(cronjob)["template"]["spec"]
    job = next(each for each in pod["containers"] if each["name"] == container)
    text = json.dumps(job).replace(f'"containerName": "{container}"', '"containerName": "job"')
    kept = {**json.loads(text), "name": "job"}
    for field in ("env", "volumeMounts"):
        kept[field] = [each for each in kept.get(field, ()) if not _ours(each["name"])]
    others = [each for each in pod["containers"] if each["name"] != container]
    volumes = [each for each in pod.get("volumes", ()) if not _ours(each["name"])]
    bare: dict[str, Any] = _without_same({**pod, "containers": [kept, *others], "volumes": volumes})
    return bare


def _without_same(value: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, dict):
        made = {key: _without_same(each) for key, each in value.items() if SAME.get(key, OTHER.get(key)) != each}
        return {key: each for key, each in made.items() if each not in ([], {})}
    return [_without_same(each) for each in value] if isinstance(value, list) else value


def _ours(name: str) -> bool:
    return name == "tmp" or name.startswith("TALLY_")
