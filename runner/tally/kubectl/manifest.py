"""Reads the ScheduledJobs of a manifest file, and says what is missing before anything is asked of a cluster."""

from collections.abc import Iterator

import yaml

from tally import names
from tally.errors import InputError
from tally.kubectl.resources import Json


def scheduled_jobs(text: str, where: str) -> list[Json]:
    """Read them; other objects are passed over.

    Args:
        text: YAML of any number of documents, JSON included.
        where: The file's name, for messages.

    Raises:
        InputError: It is no YAML, or a ScheduledJob lacks what it must have.
    """
    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{where} is no YAML: {' '.join(str(error).split())}.") from error
    found = [each for document in documents for each in _objects(document) if each.get("kind") == names.KIND]
    for each in found:
        _check(each, where)
    return found


def _objects(document: object) -> Iterator[Json]:
    """Give a document's objects: itself, or those of a List."""
    if not isinstance(document, dict):
        return
    if document.get("kind") == "List":
        yield from (each for each in document.get("items") or () if isinstance(each, dict))
    else:
        yield document


def _check(manifest: Json, where: str) -> None:
    for path in ("metadata.name", "spec.name", "spec.schedule"):
        section, field = path.split(".")
        fields = manifest.get(section)
        if not isinstance(fields, dict) or not isinstance(fields.get(field), str):
            raise InputError(f"{where}: a ScheduledJob needs {path}, a text.")
    limit = manifest["spec"].get("numberOfExecutions")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise InputError(f"{where}: spec.numberOfExecutions is {limit!r}. Write a whole number, 1 or more.")
