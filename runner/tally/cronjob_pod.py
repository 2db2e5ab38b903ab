"""A CronJob's pod as the `template` of a ScheduledJob, which is laid over the pod of Tally's own runner.

What Tally sets for that one (a read-only root, no API token) is set to what Kubernetes means by leaving it out, so that
what has run goes on running. Null would say so too, but kubectl apply loses it; and "the image's own user" has no other
word, so that is told instead.
"""

from dataclasses import dataclass
from typing import Any

from tally import names
from tally.errors import InputError

Json = dict[str, Any]

# What a pod has in Kubernetes, and has not in Tally, unless it says so.
_POD = {"automountServiceAccountToken": True, "enableServiceLinks": True}
_POD_SECURITY = {"runAsNonRoot": False}
_CONTAINER_SECURITY = {"allowPrivilegeEscalation": True, "readOnlyRootFilesystem": False}
_CAPABILITIES: Json = {"drop": []}
_RUNNER_USER = 65532
_FROM_THE_IMAGE = ("runAsUser", "runAsGroup")
_OUR_VOLUME, _OUR_PLACE = "tmp", "/tmp"  # noqa: S108 (in the pod)
_OUR_LABELS = (
    "app.kubernetes.io/name",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/component",
    names.LABEL_NAME,
    names.LABEL_OWNER,
)
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


@dataclass(frozen=True, kw_only=True)
class Pod:
    """What became of the pod.

    Args:
        template: The ScheduledJob's.
        image: That of the container which is the job.
        notes: What differs, a sentence each.
    """

    template: Json
    image: str | None
    notes: tuple[str, ...]


def convert(template: Json) -> Pod:
    """Turn a CronJob's pod template into a ScheduledJob's.

    Args:
        template: A PodTemplateSpec without nulls, whose sections are objects and whose lists are lists of objects.

    Raises:
        InputError: It has no container, or two things of one name.
    """
    pod = template.get("spec", {})
    containers = pod.get("containers", [])
    if not containers or not all(isinstance(each.get("name"), str) for each in containers):
        raise InputError("its pod needs containers, each with a name, such as containers: [{name: job, image: ...}].")
    old = _main_container(template)
    if old != names.JOB_CONTAINER and any(each.get("name") == "job" for each in pod.get("initContainers", ())):
        raise InputError("its init container is named job, which a ScheduledJob's own container is. Rename it.")
    image = next(each.get("image") for each in containers if each["name"] == old)
    made = _spec(pod, old)
    notes = [*_renaming(old, containers), *_user(made), *_places(made), *_labels(template)]
    return Pod(template={**_metadata(template, old), "spec": made}, image=image, notes=tuple(notes))


def _main_container(template: Json) -> str:
    known = [each["name"] for each in template["spec"]["containers"]]
    if names.JOB_CONTAINER in known:
        return names.JOB_CONTAINER
    chosen = template.get("metadata", {}).get("annotations", {}).get(_DEFAULT_CONTAINER)
    found: str = chosen if chosen in known else known[0]
    return found


def _spec(pod: Json, old: str) -> Json:
    renamed = {**_POD, **_naming_job(pod, old)}
    renamed["securityContext"] = _POD_SECURITY | pod.get("securityContext", {})
    renamed["containers"] = [_container(each) if each["name"] == old else each for each in renamed["containers"]]
    return renamed


def _container(container: Json) -> Json:
    """Give the container as the one that Tally knows: without its image, which is spec.image."""
    kept = {key: value for key, value in container.items() if key not in ("image", "args", "securityContext")}
    own = container.get("securityContext", {})
    security = _CONTAINER_SECURITY | own | {"capabilities": _CAPABILITIES | own.get("capabilities", {})}
    # Without them the default's would stay: `run NAME`, which only the runner's image understands.
    return {**kept, "name": names.JOB_CONTAINER, "args": container.get("args", []), "securityContext": security}


def _naming_job(value: Any, old: str) -> Any:  # noqa: ANN401 (JSON)
    """Let what names the container elsewhere in the pod, for its resources, go on naming it."""
    if isinstance(value, list):
        return [_naming_job(each, old) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: names.JOB_CONTAINER if key == "containerName" and each == old else _naming_job(each, old)
        for key, each in value.items()
    }


def _metadata(template: Json, old: str) -> Json:
    given = template.get("metadata", {})
    metadata = {field: given[field] for field in ("labels", "annotations") if given.get(field)}
    if "annotations" in metadata:
        metadata["annotations"] = dict(_annotation(key, value, old) for key, value in metadata["annotations"].items())
    return {"metadata": metadata} if metadata else {}


def _annotation(key: str, value: object, old: str) -> tuple[str, object]:
    if key == _DEFAULT_CONTAINER:
        return key, names.JOB_CONTAINER
    # Such as container.apparmor.security.beta.kubernetes.io/NAME
    return f"{key.removesuffix(old)}{names.JOB_CONTAINER}" if key.endswith(f"/{old}") else key, value


def _renaming(old: str, containers: list[Json]) -> list[str]:
    if old == names.JOB_CONTAINER:
        return []
    others = [each["name"] for each in containers if each["name"] != old]
    stay = f"; beside it stay as they are: {', '.join(others)}" if others else ""
    return [f"The container {old} is now named {names.JOB_CONTAINER}{stay}."]


def _user(pod: Json) -> list[str]:
    containers = [*pod.get("initContainers", ()), *pod["containers"]]
    unsaid = [
        field
        for field in _FROM_THE_IMAGE
        if field not in pod["securityContext"]
        and any(field not in each.get("securityContext", {}) for each in containers)
    ]
    if not unsaid:
        return []
    return [
        f"The CronJob leaves {' and '.join(unsaid)} to its image; here it is {_RUNNER_USER}. If the image needs "
        f"another, write it into spec.template.spec.securityContext, such as {unsaid[0]}: 0 for root."
    ]


def _places(pod: Json) -> list[str]:
    job = next(each for each in pod["containers"] if each["name"] == names.JOB_CONTAINER)
    mounted = any(each.get("mountPath") == _OUR_PLACE for each in job.get("volumeMounts", ()))
    if mounted or all(each.get("name") != _OUR_VOLUME for each in pod.get("volumes", ())):
        return []
    return ["Its volume tmp is mounted at /tmp besides, as Tally's own of that name would be."]


def _labels(template: Json) -> list[str]:
    lost = [key for key in template.get("metadata", {}).get("labels", {}) if key in _OUR_LABELS]
    return [f"Tally writes the pods' labels {', '.join(lost)} itself: look at what selects pods by them."] * bool(lost)
