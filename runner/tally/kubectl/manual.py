"""A run by hand, as `kubectl create job --from=cronjob/NAME` makes it: it has no slot, so it does not count.

Once a ScheduledJob is complete, its CronJob is gone; then one of its Jobs that are still there is the pattern.
"""

import copy
from typing import Any

from tally import names
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.resources import Json

_MANUAL = {"cronjob.kubernetes.io/instantiate": "manual"}  # as kubectl marks it
_BASE = 63 - len("-manual-") - 5  # characters of the job's name; the API server adds five to generateName
_OF_ONE_JOB = (
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "controller-uid",
    "job-name",
)


def from_cronjob(scheduled_job: ScheduledJob, cronjob: Json, given: str | None) -> Json:
    """Make a Job of a CronJob's template.

    Args:
        scheduled_job: Whose run it is.
        cronjob: Its CronJob.
        given: The input as JSON; None leaves the ScheduledJob's own.
    """
    template = cronjob["spec"]["jobTemplate"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": cronjob["metadata"]["name"]}
    owner["uid"] = cronjob["metadata"]["uid"]
    labels = (template.get("metadata") or {}).get("labels") or {}
    return _job(scheduled_job, labels, template["spec"], owner, given)


def from_job(scheduled_job: ScheduledJob, job: Json, given: str | None) -> Json:
    """Make a Job like another one; arguments as of `from_cronjob`."""
    spec = copy.deepcopy(job["spec"])
    for own in ("selector", "manualSelector", "suspend"):
        spec.pop(own, None)
    pod = spec["template"].setdefault("metadata", {})
    pod["labels"] = _shared(pod.get("labels") or {})
    owner = {"apiVersion": names.API_VERSION, "kind": names.KIND, "name": scheduled_job.name, "uid": scheduled_job.uid}
    return _job(scheduled_job, _shared(job["metadata"].get("labels") or {}), spec, owner, given)


def _job(
    scheduled_job: ScheduledJob, labels: dict[str, str], spec: Json, owner: dict[str, str], given: str | None
) -> Json:
    spec = copy.deepcopy(spec)
    if given is not None:
        _hand_over(spec["template"]["spec"], given)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "generateName": f"{scheduled_job.job[:_BASE].rstrip('-')}-manual-",
            "labels": labels,
            "annotations": _MANUAL,  # without the fence, which is for slots
            "ownerReferences": [owner],
        },
        "spec": spec,
    }


def _shared(labels: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in _OF_ONE_JOB}


def _hand_over(pod: dict[str, Any], given: str) -> None:
    for container in pod["containers"]:
        if container["name"] == names.JOB_CONTAINER:
            others = [each for each in container.get("env") or () if each["name"] != names.INPUT]
            container["env"] = [*others, {"name": names.INPUT, "value": given}]
