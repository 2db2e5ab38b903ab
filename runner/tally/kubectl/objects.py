"""Objects as a program wants them: JSON, YAML or names, as kubectl itself prints them."""

import json
from collections.abc import Sequence

import yaml

from tally.kubectl.resources import Json, Resource


def written(objects: Sequence[Json], form: str, resource: Resource, *, single: bool = False) -> str:
    """Write objects.

    Args:
        objects: As the API server has them; who manages which field is left out, as kubectl does.
        form: `json`, `yaml` or `name`.
        resource: What they are, for their names.
        single: Whether one was asked for, which is then no list.
    """
    if form == "name":
        kind = resource.title.replace(resource.plural, resource.plural.removesuffix("s"), 1)
        return "\n".join(f"{kind}/{each['metadata']['name']}" for each in objects)
    shown = [_without_managers(each) for each in objects]
    value = shown[0] if single else {"apiVersion": "v1", "items": shown, "kind": "List", "metadata": {}}
    return serialized(value, form)


def serialized(value: object, form: str) -> str:
    """Write a value as `json` or `yaml`, without a line's end."""
    if form == "json":
        return json.dumps(value, indent=4, ensure_ascii=False)
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    return text.rstrip("\n")


def _without_managers(body: Json) -> Json:
    metadata = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    return {**body, "metadata": metadata}
