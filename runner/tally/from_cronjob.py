"""A CronJob as the ScheduledJob that runs the same pods at the same times, and what of it has no counterpart.

The pods stay the CronJob's own: its image, its command, and its rights. What Tally sets for its own runner (a read-only
root, no API token) is set to what Kubernetes means by leaving it out, so that what has run goes on running. Null would
say so too, but kubectl apply loses it; and "the image's own user" has no other word, so that is told instead.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tally import names
from tally.config import NAME_LIMIT, JobConfig
from tally.cron import parse
from tally.errors import InputError, TallyError
from tally.manifests import scheduled_job
from tally.timezones import zone_of

Json = dict[str, Any]

# What Kubernetes means by a field that a CronJob leaves out, where a ScheduledJob means something else.
_CONCURRENCY, _RETRIES, _FAILED_KEPT = "Allow", 6, 1
# The same of a pod: what it has in Kubernetes, and has not in Tally, unless it says so.
_POD = {"automountServiceAccountToken": True, "enableServiceLinks": True}
_POD_SECURITY = {"runAsNonRoot": False}
_CONTAINER_SECURITY = {"allowPrivilegeEscalation": True, "readOnlyRootFilesystem": False}
_CAPABILITIES: Json = {"drop": []}
_RUNNER_USER = 65532
_FROM_THE_IMAGE = ("runAsUser", "runAsGroup")
_OUR_LABELS = (
    "app.kubernetes.io/name",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/component",
    names.LABEL_NAME,
    names.LABEL_OWNER,
)
# These say which tool has put the CronJob there; on another object they would let that tool delete it.
_MARKS_OF_TOOLS = re.compile(
    r"(kubectl\.kubernetes\.io|meta\.helm\.sh|argocd\.argoproj\.io|(kustomize|helm)\.toolkit\.fluxcd\.io)/"
    r"|helm\.sh/chart$|app\.kubernetes\.io/managed-by$"
)
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_ZONE_IN_SCHEDULE = re.compile(r"(?:CRON_)?TZ=(\S*)\s+(.*)", re.DOTALL)
_KNOWN_OF_SPEC = (
    "schedule",
    "timeZone",
    "concurrencyPolicy",
    "suspend",
    "startingDeadlineSeconds",
    "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit",
    "jobTemplate",
)
_KNOWN_OF_JOB = ("activeDeadlineSeconds", "backoffLimit", "template")
_ONE_POD = "an execution is one pod"
_NOT_CARRIED = {
    "parallelism": _ONE_POD,
    "completions": _ONE_POD,
    "completionMode": _ONE_POD,
    "backoffLimitPerIndex": _ONE_POD,
    "maxFailedIndexes": _ONE_POD,
    "successPolicy": _ONE_POD,
    "ttlSecondsAfterFinished": "a Job stays until it is counted, and then as the history limits say",
    "podFailurePolicy": "every failed pod counts against spec.retries",
    "podReplacementPolicy": "a failed pod is replaced as Kubernetes does by default",
    "suspend": "a Job of a schedule starts at once; spec.suspend rests the schedule",
}
_SAME_AS_ABSENT = {"parallelism": 1, "completions": 1, "completionMode": "NonIndexed", "suspend": False}


@dataclass(frozen=True, kw_only=True)
class Converted:
    """What became of one CronJob.

    Args:
        source: The CronJob, as a person names it: `shop/backup`.
        manifest: The ScheduledJob.
        notes: What differs from the CronJob, a sentence each.
    """

    source: str
    manifest: Json
    notes: tuple[str, ...]


def cronjobs(documents: Iterable[object]) -> Iterator[Json]:
    """Give the CronJobs of a file's documents, those of Lists too; other objects are passed over.

    Args:
        documents: What the YAML holds.
    """
    for document in documents:
        if isinstance(document, dict) and document.get("kind") in ("List", "CronJobList"):
            items = document.get("items") or ()
            # Within a CronJobList an API server leaves the kind out.
            implied = {"kind": "CronJob"} if document["kind"] == "CronJobList" else {}
            yield from cronjobs(implied | each for each in items if isinstance(each, dict))
        elif isinstance(document, dict) and document.get("kind") == "CronJob":
            yield _without_nulls(document)


def convert(cronjob: Json, *, namespace: str | None = None, image: str | None = None) -> Converted:
    """Turn one CronJob into a ScheduledJob.

    Args:
        cronjob: The CronJob, as written or as a cluster gives it.
        namespace: Where the ScheduledJob goes; None leaves it in the CronJob's.
        image: The image of its container; None leaves the CronJob's.

    Raises:
        InputError: It cannot become one; the message says why, and what to write instead.
    """
    metadata = _section(cronjob, "metadata")
    given = str(metadata.get("name") or metadata.get("generateName") or "")
    home = namespace or metadata.get("namespace")
    source = f"{metadata['namespace']}/{given}" if metadata.get("namespace") else given
    notes: list[str] = []
    try:
        return _converted(cronjob, source, home, image, notes)
    except TallyError as error:
        raise InputError(f"CronJob {source or '(without a name)'}: {error}") from None


def _converted(cronjob: Json, source: str, home: str | None, image: str | None, notes: list[str]) -> Converted:
    metadata, spec = _section(cronjob, "metadata"), _section(cronjob, "spec")
    job_template = _section(spec, "jobTemplate", "spec.jobTemplate")
    job = _section(job_template, "spec", "spec.jobTemplate.spec")
    name = _name(metadata, notes)
    schedule, zone = _schedule(spec, notes)
    template, own_image = _template(job, notes)
    config = JobConfig(
        name=name,
        schedule=schedule,
        time_zone=zone,
        concurrency_policy=spec.get("concurrencyPolicy", _CONCURRENCY),
        suspend=spec.get("suspend", False),
        starting_deadline_seconds=spec.get("startingDeadlineSeconds"),
        timeout_seconds=job.get("activeDeadlineSeconds"),
        retries=job.get("backoffLimit", _RETRIES),
        successful_jobs_history_limit=spec.get("successfulJobsHistoryLimit", 3),
        failed_jobs_history_limit=spec.get("failedJobsHistoryLimit", _FAILED_KEPT),
        image=image or own_image,
    )
    zone_of(zone)
    manifest = scheduled_job(config, namespace=home)
    manifest["metadata"] |= _carried_metadata(metadata, notes)
    manifest["spec"]["template"] = template
    _note_the_rest(metadata, spec, job_template, job, notes)
    return Converted(source=source, manifest=manifest, notes=tuple(notes))


def _name(metadata: Json, notes: list[str]) -> str:
    given = metadata.get("name")
    if not given and metadata.get("generateName"):
        given = str(metadata["generateName"]).rstrip("-.")
        notes.append(
            f"metadata.generateName is not carried over: a ScheduledJob keeps its name, and this one is {given}."
        )
    if not isinstance(given, str):
        raise InputError("it has no metadata.name. Write one, such as name: backup.")
    name = given.replace(".", "-")[:NAME_LIMIT].rstrip("-")
    if name != given:
        notes.append(
            f"The name {given} is not carried over: a ScheduledJob's has at most {NAME_LIMIT} characters and no dots, "
            f"and this one is {name}."
        )
    return name


def _schedule(spec: Json, notes: list[str]) -> tuple[str, str]:
    schedule, zone = spec.get("schedule"), spec.get("timeZone", "Etc/UTC")
    if not isinstance(schedule, str):
        raise InputError('it has no spec.schedule. Write one, such as schedule: "0 3 * * *".')
    in_schedule = _ZONE_IN_SCHEDULE.fullmatch(schedule)
    if in_schedule:
        zone, schedule = in_schedule.groups()
        notes.append(f"The zone in the schedule is now spec.timeZone: {zone}.")
    monday_first = _without_seven(schedule)
    if monday_first != schedule:
        notes.append(f'Sunday is 0 and not 7: the schedule "{schedule}" is now "{monday_first}".')
    try:
        parse(monday_first)
    except ValueError as error:
        raise InputError(f'spec.schedule "{monday_first}": {error}') from None
    return monday_first, zone


def _without_seven(schedule: str) -> str:
    """Write Sunday as 0, where crontab's 7 stands alone or ends a range; the grammar refuses what is left of it."""
    fields = schedule.split()
    if len(fields) != 5:
        return schedule
    members = [re.sub(r"^([1-5])-7$", r"\1-6,0", re.sub(r"^6-7$", "6,0", each)) for each in fields[4].split(",")]
    fields[4] = ",".join("0" if each == "7" else each for each in members)
    return schedule if "7" not in schedule.split()[4] else " ".join(fields)


def _template(job: Json, notes: list[str]) -> tuple[Json, str | None]:
    """Give the pod template with the defaults of Tally's own runner taken back, and the container's image."""
    template = _section(job, "template", "spec.jobTemplate.spec.template")
    pod = _section(template, "spec", "spec.jobTemplate.spec.template.spec")
    containers = [each for each in pod.get("containers") or () if isinstance(each, dict) and each.get("name")]
    if not containers:
        raise InputError(
            "spec.jobTemplate.spec.template.spec.containers is empty. A pod needs a container with a name."
        )
    old = _main_container(template, containers)
    _check_no_other(old, pod)
    if old != names.JOB_CONTAINER:
        others = [each["name"] for each in containers if each["name"] != old]
        beside = f"; {', '.join(others)} beside it stays as it is" if others else ""
        notes.append(f"The container {old} is now named {names.JOB_CONTAINER}{beside}.")
        template = _renamed(template, old)
        pod = template["spec"]
    new_containers = [_container(each) if each["name"] == old else each for each in containers]
    if old != names.JOB_CONTAINER:
        new_containers = [_renamed(each, old) for each in new_containers]
    image = next(each.get("image") for each in containers if each["name"] == old)
    pod = {
        **_POD,
        **pod,
        "securityContext": _POD_SECURITY | (pod.get("securityContext") or {}),
        "containers": new_containers,
    }
    _note_user(pod, notes)
    _note_places(pod, notes)
    _note_labels(template, notes)
    return {**_pod_metadata(template, old), "spec": pod}, image


def _main_container(template: Json, containers: list[Json]) -> str:
    known = [str(each["name"]) for each in containers]
    chosen = (template.get("metadata") or {}).get("annotations", {}).get(_DEFAULT_CONTAINER)
    if names.JOB_CONTAINER in known:
        return names.JOB_CONTAINER
    return chosen if chosen in known else known[0]


def _check_no_other(old: str, pod: Json) -> None:
    taken = [each for each in pod.get("initContainers") or () if each.get("name") == names.JOB_CONTAINER]
    if taken and old != names.JOB_CONTAINER:
        raise InputError(
            f"its init container is named {names.JOB_CONTAINER}, which a ScheduledJob's own container is. Rename it."
        )


def _container(container: Json) -> Json:
    """Give the container as the one that Tally knows: without its image, which is spec.image."""
    kept = {key: value for key, value in container.items() if key not in ("image", "args", "securityContext")}
    own = container.get("securityContext") or {}
    security = _CONTAINER_SECURITY | own | {"capabilities": _CAPABILITIES | (own.get("capabilities") or {})}
    # Without them the default's would stay: `run NAME`, which only the runner's image understands.
    return {**kept, "name": names.JOB_CONTAINER, "args": container.get("args", []), "securityContext": security}


def _renamed(value: Any, old: str) -> Any:  # noqa: ANN401 (JSON)
    """Let what names the container elsewhere in the pod go on naming it."""
    if isinstance(value, list):
        return [_renamed(each, old) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: names.JOB_CONTAINER if key == "containerName" and each == old else _renamed(each, old)
        for key, each in value.items()
    }


def _pod_metadata(template: Json, old: str) -> Json:
    metadata = {
        key: each for key, each in (template.get("metadata") or {}).items() if key in ("labels", "annotations") and each
    }
    annotations = metadata.get("annotations")
    if annotations:
        metadata["annotations"] = {
            key.removesuffix(f"/{old}") + f"/{names.JOB_CONTAINER}" if key.endswith(f"/{old}") else key: (
                names.JOB_CONTAINER if key == _DEFAULT_CONTAINER else each
            )
            for key, each in annotations.items()
        }
    return {"metadata": metadata} if metadata else {}


def _carried_metadata(metadata: Json, notes: list[str]) -> Json:
    carried: Json = {}
    left: list[str] = []
    for field in ("labels", "annotations"):
        entries = metadata.get(field) or {}
        kept = {key: value for key, value in entries.items() if not _MARKS_OF_TOOLS.match(key)}
        left += [key for key in entries if key not in kept and not key.endswith("/last-applied-configuration")]
        if kept:
            carried[field] = kept
    if left:
        notes.append(
            f"{', '.join(left)} is not carried over: it marks the CronJob as that of the tool that applied it."
        )
    return carried


def _note_user(pod: Json, notes: list[str]) -> None:
    containers = [*(pod.get("initContainers") or ()), *pod["containers"]]
    unsaid = [
        field
        for field in _FROM_THE_IMAGE
        if field not in pod["securityContext"]
        and any(field not in (each.get("securityContext") or {}) for each in containers)
    ]
    if unsaid:
        notes.append(
            f"The CronJob leaves {' and '.join(unsaid)} to its image; here it is {_RUNNER_USER}. If the image needs "
            f"another, write it into spec.template.spec.securityContext, such as {unsaid[0]}: 0 for root."
        )


def _note_places(pod: Json, notes: list[str]) -> None:
    job = next(each for each in pod["containers"] if each["name"] == names.JOB_CONTAINER)
    mounted = any(each.get("mountPath") == "/tmp" for each in job.get("volumeMounts") or ())  # noqa: S108 (in the pod)
    if not mounted and any(each.get("name") == "tmp" for each in pod.get("volumes") or ()):
        notes.append("Its volume tmp is mounted at /tmp besides, as Tally's own of that name would be.")


def _note_labels(template: Json, notes: list[str]) -> None:
    lost = [key for key in (template.get("metadata") or {}).get("labels") or {} if key in _OUR_LABELS]
    if lost:
        notes.append(f"Tally writes the pods' labels {', '.join(lost)} itself: look at what selects pods by them.")


def _note_the_rest(metadata: Json, spec: Json, job_template: Json, job: Json, notes: list[str]) -> None:
    if metadata.get("ownerReferences"):
        owner = metadata["ownerReferences"][0].get("kind", "object")
        notes.append(
            f"metadata.ownerReferences is not carried over: if its {owner} makes the CronJob, it makes it again."
        )
    if metadata.get("finalizers"):
        notes.append("metadata.finalizers is not carried over: they hold up the CronJob's own deletion.")
    unknown = [field for field in spec if field not in _KNOWN_OF_SPEC]
    notes.extend(f"spec.{field} is not carried over: a ScheduledJob has no counterpart." for field in unknown)
    if any((job_template.get("metadata") or {}).get(field) for field in ("labels", "annotations")):
        notes.append("spec.jobTemplate.metadata is not carried over: Tally labels the Jobs; the pods keep their own.")
    for field, value in job.items():
        if field not in _KNOWN_OF_JOB and _SAME_AS_ABSENT.get(field) != value:
            why = _NOT_CARRIED.get(field, "a ScheduledJob has no counterpart")
            notes.append(f"spec.jobTemplate.spec.{field} is not carried over: {why}.")


def _section(of: Mapping[str, Any], field: str, path: str = "") -> Json:
    found = of.get(field, {})
    if not isinstance(found, dict):
        raise InputError(f"{path or field} is no object. Write fields into it.")
    return found


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Take out what is null: in a CronJob that is the same as absent, in a ScheduledJob's template it is not."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
