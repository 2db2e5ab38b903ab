"""Renders the CronJob: the Jinja2 template, merged with the user's own pod template."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jinja2
import yaml

from tally_operator import instants, names
from tally_operator.model import Spec
from tally_operator.observed import Json, Key, Window

# Lists that Kubernetes takes for maps, by the field that names an entry; all other lists are replaced as a whole.
LIST_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "env": "name",
    "ports": "containerPort",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "hostAliases": "ip",
}
_BLANK = "value of "


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What an installation says once for all ScheduledJobs.

    Args:
        runner_image: The image of jobs that name none.
        template: A partial PodTemplateSpec: laid over ours, and under each ScheduledJob's own.
    """

    runner_image: str
    template: Json = field(default_factory=dict, hash=False)


def cronjob(key: Key, uid: str, spec: Spec, window: Window, defaults: Defaults) -> dict[str, Any]:
    """Render the CronJob of a ScheduledJob.

    Args:
        key: The ScheduledJob's namespace and name.
        uid: The ScheduledJob's uid.
        spec: What its user asks for.
        window: The fence.
        defaults: What the installation says.

    Returns:
        The object to apply.

    Raises:
        ValueError: `spec.template` or the installation's cannot be merged; the message says where and why.
    """
    values: dict[str, Any] = {
        "namespace": key.namespace,
        "owner": key.name,
        "uid": uid,
        "name": spec.name,
        "schedule": spec.schedule,
        "time_zone": spec.time_zone,
        "concurrency_policy": spec.concurrency_policy,
        "suspend": spec.suspend,
        "starting_deadline_seconds": spec.starting_deadline_seconds,
        "timeout_seconds": spec.timeout_seconds,
        "retries": spec.retries,
        "image": spec.image or defaults.runner_image,
        "fence": fence_annotations(window),
        "input": "" if spec.input is None else json.dumps(spec.input, ensure_ascii=False),
        "limit": str(spec.number_of_executions or ""),
    }
    blanks = tuple(name for name, value in values.items() if value is not None)
    body: dict[str, Any] = _filled(_form(blanks), values)
    job = body["spec"]["jobTemplate"]["spec"]
    ours = job["template"]["metadata"]["labels"]
    installed = merged(job["template"], defaults.template, "template")
    job["template"] = merged(installed, spec.template, "spec.template")
    job["template"].setdefault("metadata", {}).setdefault("labels", {}).update(ours)
    body["metadata"]["annotations"] = {names.TEMPLATE: _digest(job["template"])}
    return body


def check(template: Json) -> None:
    """Check that an installation's template can be laid over ours, and a ScheduledJob's over it in any place.

    Args:
        template: A partial PodTemplateSpec.

    Raises:
        ValueError: It cannot; the message says where and why.
    """
    any_job = Spec(name="any", schedule="@hourly")
    window = Window(after=datetime.min.replace(tzinfo=UTC))
    cronjob(Key("any", "any"), "any", any_job, window, Defaults(runner_image="any", template=template))
    merged(template, template, "template")  # it meets itself in every place


def fence_annotations(window: Window) -> dict[str, str]:
    """Write the fence as annotations."""
    instants_by_name = {names.AFTER: window.after, names.NOT_AFTER: window.not_after, names.EXPIRES: window.expires}
    return {name: instants.write(each) for name, each in instants_by_name.items() if each is not None}


def _digest(template: Json) -> str:
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:16]


def merged(base: Any, over: Any, place: str) -> Any:  # noqa: ANN401 (JSON)
    """Lay one JSON value over another as Kubernetes does: dicts by key, named lists by name, all else replaced.

    Args:
        base: The default.
        over: What the user wrote; None removes the default.
        place: Where `over` stands, for the message.

    Raises:
        ValueError: An entry of a named list has no name, or is of another type than the default.
    """
    if not isinstance(base, dict):
        return over
    if not isinstance(over, dict):
        raise ValueError(f"{place} must be an object, not {json.dumps(over)[:60]}.")
    result = dict(base)
    for name, value in over.items():
        here = f"{place}.{name}"
        if value is None:
            result.pop(name, None)
        elif name in LIST_KEYS and isinstance(base.get(name), list):
            result[name] = _merged_list(base[name], value, LIST_KEYS[name], here)
        elif name in base and isinstance(base[name], dict):
            result[name] = merged(base[name], value, here)
        else:
            result[name] = value
    return result


def _merged_list(base: list[Any], over: Any, name: str, place: str) -> list[Any]:  # noqa: ANN401 (JSON)
    if not isinstance(over, list):
        raise ValueError(f"{place} must be a list, not {json.dumps(over)[:60]}.")
    for index, each in enumerate(over):
        if not _named(each, name):
            raise ValueError(f"{place}[{index}] has no {name}. Each entry needs one, such as {{{name}: ...}}.")
    entries = {each[name]: each for each in base}
    for index, each in enumerate(over):
        entries[each[name]] = _merged_entry(entries.get(each[name]), each, f"{place}[{index}]")
    return list(entries.values())


def _named(entry: Any, name: str) -> bool:  # noqa: ANN401 (JSON)
    return isinstance(entry, dict) and isinstance(entry.get(name), str | int)


def _merged_entry(base: Any, over: Json, place: str) -> Any:  # noqa: ANN401 (JSON)
    # An env entry has either a value or a valueFrom, a volume one source: the user's replaces ours.
    if base is None or "containers" not in place or ".env" in place:
        return over
    return merged(base, over, place)


@cache
def _form(blanks: tuple[str, ...]) -> Any:  # noqa: ANN401 (JSON)
    """Read the template with blanks for values: reading its YAML for each ScheduledJob took half of a decision's time.

    Args:
        blanks: The values that there are; the others are left out.
    """
    text = _template().render({name: f"{_BLANK}{name}" for name in blanks})
    return yaml.load(text, Loader=_loader())  # noqa: S506 (the safe loader, in C)


def _filled(form: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(form, dict):
        return {name: _filled(each, values) for name, each in form.items()}
    if isinstance(form, list):
        return [_filled(each, values) for each in form]
    return values[form.removeprefix(_BLANK)] if isinstance(form, str) and form.startswith(_BLANK) else form


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tally_operator", "."),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 (only the names of values go in)
    )
    return environment.get_template("cronjob.yaml.j2")


@cache
def _loader() -> Any:  # noqa: ANN401 (PyYAML's loaders have no common type)
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
