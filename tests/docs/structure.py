"""What an API server checks of an object by its schema; CEL rules are checked elsewhere, by what they stand for."""

from collections.abc import Iterator
from typing import Any

import yaml
from tally_operator import crd

Json = dict[str, Any]
_TYPES: dict[str, type] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def spec_schema() -> Json:
    """Give the schema of a ScheduledJob's spec."""
    return _properties()["spec"]


def status_schema() -> Json:
    """Give the schema of its status."""
    return _properties()["status"]


def _properties() -> dict[str, Json]:
    (version,) = crd.generate()["spec"]["versions"]
    found: dict[str, Json] = version["schema"]["openAPIV3Schema"]["properties"]
    return found


def problems(schema: Json, value: Any, place: str) -> Iterator[str]:  # noqa: ANN401 (JSON)
    """List what is wrong with a value.

    Args:
        schema: A structural schema.
        value: What was read from YAML.
        place: Where it stands.
    """
    kind = schema.get("type")
    if kind and (not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool))):
        yield f"{place} is no {kind}: {value!r}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place} is none of {schema['enum']}: {value!r}"
    if value.__class__ is int and value < schema.get("minimum", value):
        yield f"{place} is less than {schema['minimum']}: {value!r}"
    if isinstance(value, str) and not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield f"{place} is too short or too long: {value!r}"
    if isinstance(value, dict) and "properties" in schema:
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{place} has no {name}"
        for name, inner in value.items():
            if name in schema["properties"]:
                yield from problems(schema["properties"][name], inner, f"{place}.{name}")
            else:
                yield f"{place} has an unknown field {name}"


def has_path(schema: Json, path: list[str]) -> bool:
    """Whether a schema has a field."""
    if not path or "properties" not in schema:
        return True  # any JSON
    return path[0] in schema["properties"] and has_path(schema["properties"][path[0]], path[1:])


def documents(body: str) -> list[Json]:
    """Read the objects of a fence in YAML."""
    return [each for each in yaml.safe_load_all(body) if isinstance(each, dict)]
