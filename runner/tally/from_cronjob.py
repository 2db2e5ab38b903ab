"""A CronJob as the ScheduledJob that runs the same pods at the same times, and what of it has no counterpart.

The pods keep the CronJob's image, command and rights (`cronjob_pod`). What Kubernetes means by a field that is left out
is written where a ScheduledJob means something else.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tally import cronjob_pod
from tally.config import NAME_LIMIT, JobConfig
from tally.cron import parse
from tally.errors import InputError, TallyError
from tally.manifests import scheduled_job
from tally.timezones import zone_of

Json = dict[str, Any]

_CONCURRENCY, _RETRIES, _FAILED_KEPT = "Allow", 6, 1
# These say which tool has put the CronJob there; on another object they would let that tool delete it.
_MARKS_OF_TOOLS = re.compile(
    r"(kubectl\.kubernetes\.io|meta\.helm\.sh|argocd\.argoproj\.io|(kustomize|helm)\.toolkit\.fluxcd\.io)/"
    r"|helm\.sh/chart$|app\.kubernetes\.io/managed-by$"
)
_ZONE_IN_SCHEDULE = re.compile(r"(?:CRON_)?TZ=(\S*)\s+(.*)", re.DOTALL)
_SUNDAYS = {"7": "0", "6-7": "6,0"}
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
_SAME_AS_ABSENT = {
    "parallelism": 1,
    "completions": 1,
    "completionMode": "NonIndexed",
    "podReplacementPolicy": "TerminatingOrFailed",
    "suspend": False,
}
_JOB = "spec.jobTemplate.spec"
_POD = f"{_JOB}.template.spec"
_OBJECTS = (
    *("metadata", "metadata.labels", "metadata.annotations", "spec", "spec.jobTemplate", "spec.jobTemplate.metadata"),
    *(_JOB, f"{_JOB}.template", f"{_JOB}.template.metadata", f"{_JOB}.template.metadata.labels"),
    *(f"{_JOB}.template.metadata.annotations", _POD, f"{_POD}.securityContext"),
)
_OBJECTS_OF_CONTAINERS = ("securityContext", "securityContext.capabilities")
_LISTS = ("metadata.ownerReferences", f"{_POD}.containers", f"{_POD}.initContainers", f"{_POD}.volumes")


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
    source = _source(cronjob)
    try:
        _check_shape(cronjob)
        return _converted(cronjob, source, namespace, image)
    except TallyError as error:
        raise InputError(f"CronJob {source}: {error}") from None


def _source(cronjob: Json) -> str:
    metadata = cronjob.get("metadata")
    if not isinstance(metadata, dict):
        return "(without a name)"
    name = metadata.get("name") or metadata.get("generateName") or "(without a name)"
    return f"{metadata['namespace']}/{name}" if metadata.get("namespace") else f"{name}"


def _check_shape(cronjob: Json) -> None:
    """Check what is read here; all else is for the API server to judge."""
    for path in _OBJECTS:
        _check_object(_at(cronjob, path), path)
    for path in _LISTS:
        _check_list(_at(cronjob, path), path)
    for container in [*(_at(cronjob, f"{_POD}.initContainers") or ()), *(_at(cronjob, f"{_POD}.containers") or ())]:
        for path in _OBJECTS_OF_CONTAINERS:
            _check_object(_at(container, path), f"a container's {path}")
        _check_list(container.get("volumeMounts"), "a container's volumeMounts")


def _at(value: Any, path: str) -> Any:  # noqa: ANN401 (JSON)
    for field in path.split("."):
        value = value.get(field) if value is not None else None
    return value


def _check_object(found: object, path: str) -> None:
    if found is not None and not (isinstance(found, dict) and all(isinstance(each, str) for each in found)):
        raise InputError(f"{path} must be an object, such as {{name: value}}.")


def _check_list(found: object, path: str) -> None:
    if found is not None and not (isinstance(found, list) and all(isinstance(each, dict) for each in found)):
        raise InputError(f"{path} must be a list of objects, such as [{{name: value}}].")


def _converted(cronjob: Json, source: str, namespace: str | None, image: str | None) -> Converted:
    metadata, spec = cronjob.get("metadata", {}), cronjob.get("spec", {})
    job = spec.get("jobTemplate", {}).get("spec", {})
    notes: list[str] = []
    name = _name(metadata, notes)
    schedule, zone = _schedule(spec, notes)
    pod = cronjob_pod.convert(job.get("template", {}))
    notes += pod.notes
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
        image=image or pod.image,
    )
    zone_of(zone)
    manifest = scheduled_job(config, namespace=namespace or metadata.get("namespace"))
    manifest["metadata"] |= _carried_metadata(metadata, notes)
    manifest["spec"]["template"] = pod.template
    notes += _left_out(metadata, spec)
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
    written = _with_sunday_as_0(schedule)
    if written != schedule:
        notes.append(f'Sunday is 0 and not 7: the schedule "{schedule}" is now "{written}".')
    try:
        parse(written)
    except ValueError as error:
        raise InputError(f'spec.schedule "{written}": {error}') from None
    return written, zone


def _with_sunday_as_0(schedule: str) -> str:
    """Write crontab's 7 as 0 where it stands alone or ends a range; what is left of it the grammar refuses."""
    before, space, days = schedule.rstrip().rpartition(" ")
    members = [_SUNDAYS.get(each, re.sub("^([1-5])-7$", r"\1-6,0", each)) for each in days.split(",")]
    changed = before + space + ",".join(members)
    return changed if len(schedule.split()) == 5 and "7" in days else schedule


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


def _left_out(metadata: Json, spec: Json) -> Iterator[str]:
    if metadata.get("ownerReferences"):
        owner = metadata["ownerReferences"][0].get("kind", "owner")
        yield f"metadata.ownerReferences is not carried over: if its {owner} makes the CronJob, it makes it again."
    if metadata.get("finalizers"):
        yield "metadata.finalizers is not carried over: they hold up the CronJob's own deletion."
    for field in spec:
        if field not in _KNOWN_OF_SPEC:
            yield f"spec.{field} is not carried over: a ScheduledJob has no counterpart."
    job_template = spec["jobTemplate"]
    if any(job_template.get("metadata", {}).get(field) for field in ("labels", "annotations")):
        yield "spec.jobTemplate.metadata is not carried over: Tally labels the Jobs; the pods keep their own."
    for field, value in job_template["spec"].items():
        if field not in _KNOWN_OF_JOB and _SAME_AS_ABSENT.get(field) != value:
            why = _NOT_CARRIED.get(field, "a ScheduledJob has no counterpart")
            yield f"spec.jobTemplate.spec.{field} is not carried over: {why}."


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Take out what is null: in a CronJob that is the same as absent, in a ScheduledJob's template it is not."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
