"""Reads a pod's termination message: what the runner says of an execution's end, or Kubernetes in its stead."""

import json
from collections.abc import Sequence
from typing import Any

from tally_operator import names
from tally_operator.observed import Ending, Json

_MESSAGE_LIMIT = 1024  # characters of a message in status
_RESULT_LIMIT = 4096  # bytes; what the runner itself keeps to
_RESULT_LEVELS = 50  # as the runner's; pydantic writes no more than 255


def read(pods: Sequence[Json]) -> Ending:
    """Read the newest pod's end.

    Args:
        pods: The pods of one Job.

    Returns:
        The end; empty when there is no pod, or none that ended.
    """
    for pod in sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True):
        for container in pod.get("status", {}).get("containerStatuses") or ():
            ended = container.get("state", {}).get("terminated")
            if container["name"] == names.JOB_CONTAINER and ended:
                return _read(ended)
    return Ending()


def _read(terminated: Json) -> Ending:
    text = terminated.get("message") or ""
    exit_code = terminated.get("exitCode")
    said = _parsed(text)
    if said is None:
        message = text or (terminated.get("reason") if exit_code else None)
        return Ending(exit_code=exit_code, message=_cut(message))
    result = said.get("result")
    if len(json.dumps(result)) > _RESULT_LIMIT or _levels(result) > _RESULT_LEVELS:
        result = None
    return Ending(exit_code=exit_code, message=_cut(said.get("message")), result=result)


def _parsed(text: str) -> dict[str, Any] | None:
    """Parse the runner's JSON; another image may have written anything."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and "outcome" in said else None


def _levels(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_levels, inner), default=0)


def _cut(message: object) -> str | None:
    return str(message)[:_MESSAGE_LIMIT] if message else None
