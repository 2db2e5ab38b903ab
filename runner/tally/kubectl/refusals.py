"""What the API server's no means to a person: who they are to it, what they may not do, what is not installed."""

import json
from http import HTTPStatus

from tally.kubectl.errors import ClusterError, ConflictError, ForbiddenError, NotFoundError
from tally.kubectl.resources import SCHEDULED_JOBS, Json, Resource

_KINDS = {
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
}


def refusal(
    status: int, content: bytes, verb: str, resource: Resource, namespace: str | None, context: str
) -> ClusterError:
    """Put a refusal into words.

    Args:
        status: The HTTP status.
        content: What came with it; mostly the API's own `Status`.
        verb: What was tried, as rights name it.
        resource: On what.
        namespace: Where; None is everywhere.
        context: The kubeconfig's name for the cluster.

    Returns:
        The error to raise.
    """
    said = _status_of(content)
    message = str(said.get("message") or content[:500].decode(errors="replace")).strip()
    where = "in all namespaces" if namespace is None else f"in the namespace {namespace!r}"
    if status == HTTPStatus.UNAUTHORIZED:
        return ClusterError(
            f"The cluster of the context {context!r} does not know you: the credentials in your kubeconfig are missing "
            "or no longer valid. Does `kubectl auth whoami` work?"
        )
    # A refusal of an admission policy is forbidden too, and says why itself.
    if status == HTTPStatus.FORBIDDEN and " cannot " in message:
        flag = "-A" if namespace is None else f"-n {namespace}"
        return ForbiddenError(
            f"You may not {verb} {resource.title} {where}. Ask for that right; to check: "
            f"kubectl auth can-i {verb} {resource.title} {flag}"
        )
    if status == HTTPStatus.NOT_FOUND and said.get("reason") is None and resource == SCHEDULED_JOBS:
        return ClusterError(
            f"The cluster of the context {context!r} knows no ScheduledJobs: Tally is not installed there. Install its "
            "chart, or choose another context by --context."
        )
    kind = _KINDS.get(HTTPStatus(status), ClusterError)
    return kind(f"The API server refused to {verb} {resource.title} {where}: {message}")


def _status_of(content: bytes) -> Json:
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
