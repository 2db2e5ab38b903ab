"""A job's own config as the ScheduledJob that a cluster takes: the one place where Python's names become the API's."""

from dataclasses import MISSING, fields
from typing import Any

from tally import names
from tally.config import JobConfig

# The runner hands a job its config's own input. In the manifest it would win over that of the image's next version.
_STAYS_IN_THE_CODE = frozenset({"input"})


def scheduled_job(config: JobConfig, *, namespace: str | None = None, image: str | None = None) -> dict[str, Any]:
    """Make the manifest of a job.

    Args:
        config: The job's own word about itself.
        namespace: Where it goes; None leaves that to whoever applies it.
        image: The image that holds the job; it wins over the config's own.

    Returns:
        The ScheduledJob, in which a field that has its default is left out.
    """
    given = {field.name: getattr(config, field.name) for field in fields(config) if _is_given(config, field.name)}
    if image:
        given["image"] = image
    metadata = {"name": config.name} | ({"namespace": namespace} if namespace else {})
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": metadata,
        "spec": {camel_case(name): value for name, value in given.items()},
    }


def camel_case(name: str) -> str:
    """Spell a field as the API does: `time_zone` is `timeZone`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _is_given(config: JobConfig, name: str) -> bool:
    default = JobConfig.__dataclass_fields__[name].default
    return name not in _STAYS_IN_THE_CODE and (default is MISSING or getattr(config, name) != default)
