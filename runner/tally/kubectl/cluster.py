"""One person's way to one API server, by their kubeconfig; what it refuses is said in words that help.

Not through the client's typed classes: all that is asked is JSON that `observed` reads, and a watch of any length
must not cost a class per object.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from yaml import YAMLError

from tally.kubectl.errors import ClusterError
from tally.kubectl.refusals import refusal
from tally.kubectl.resources import Json, Resource

FIELD_MANAGER = "kubectl-tally"
_PAGE = 500  # objects
_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 30.0
_WATCH_SECONDS = 300  # until the API server ends a watch; a connection that died unnoticed lasts as long
_CLOCKS_AGREE = timedelta(seconds=2)  # a Date header is cut off to the second, and takes its time
# The client checks a kubeconfig's content only in part.
_UNREADABLE = (config.ConfigException, YAMLError, OSError, TypeError, AttributeError, LookupError)

Query = Mapping[str, str | int]


class Cluster:
    """A connection.

    Args:
        api: The client, configured.
        context: The kubeconfig's name for it.
        namespace: Where commands look that name none.
    """

    def __init__(self, api: client.ApiClient, context: str, namespace: str) -> None:
        self.context = context
        self.namespace = namespace
        self._api = api
        self._ahead = timedelta(0)  # of this machine's clock

    def now(self) -> datetime:
        """Give the present time in UTC, by the API server's clock where this machine's is another."""
        return datetime.now(UTC) + self._ahead

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """Read an object.

        Raises:
            NotFoundError: There is none of this name.
            ClusterError: It cannot be read.
        """
        return self._json("get", resource, namespace, name)

    def list(self, resource: Resource, namespace: str | None, **query: str) -> tuple[list[Json], str]:
        """Read all pages of a list.

        Args:
            resource: What.
            namespace: Where; None is everywhere.
            query: Such as labelSelector.

        Returns:
            The objects, and the resource version from which to watch.

        Raises:
            ClusterError: It cannot be read.
        """
        objects: list[Json] = []
        token = ""
        while True:
            page: Query = {**query, "limit": _PAGE, **({"continue": token} if token else {})}
            answer = self._json("list", resource, namespace, query=page)
            kind = {"apiVersion": answer["apiVersion"], "kind": answer["kind"].removesuffix("List")}
            objects += [{**kind, **item} for item in answer["items"]]  # a list's items do not say what they are
            token = answer["metadata"].get("continue", "")
            if not token:
                return objects, answer["metadata"].get("resourceVersion", "")

    def watch(
        self, resource: Resource, namespace: str | None, version: str, **query: str
    ) -> Iterator[tuple[str, Json]]:
        """Follow the changes of a list until the API server ends it, which it does after some minutes.

        Yields:
            The event's type (ADDED, MODIFIED, DELETED) and its object; nothing more once the version is too old.

        Raises:
            ClusterError: It cannot be watched.
        """
        asked: Query = {**query, "watch": "true", "resourceVersion": version, "timeoutSeconds": _WATCH_SECONDS}
        with self._answer("watch", resource, namespace, "", asked, seconds=_WATCH_SECONDS + 30) as response:
            for line in self._lines(response):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                yield event["type"], event["object"]

    def create(self, resource: Resource, namespace: str, body: Json) -> Json:
        """Make an object.

        Raises:
            ClusterError: It is refused.
        """
        return self._json("create", resource, namespace, query={"fieldManager": FIELD_MANAGER}, body=body)

    def patch(self, resource: Resource, namespace: str, name: str, body: Json) -> Json:
        """Change an object by a merge patch.

        Raises:
            NotFoundError: There is none of this name.
            ClusterError: It is refused.
        """
        return self._json("patch", resource, namespace, name, query={"fieldManager": FIELD_MANAGER}, body=body)

    def log(self, pods: Resource, namespace: str, pod: str, **query: str) -> Iterator[bytes]:
        """Read a pod's log, piece by piece as it comes.

        Raises:
            ClusterError: It cannot be read, or no more.
        """
        with self._answer("get", pods, namespace, f"{pod}/log", query, seconds=None) as response, self._reachable():
            yield from response.stream()

    def _lines(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        with self._reachable():
            yield from response

    def _json(
        self,
        verb: str,
        resource: Resource,
        namespace: str | None,
        name: str = "",
        query: Query | None = None,
        body: Json | None = None,
    ) -> Json:
        with self._answer(verb, resource, namespace, name, query or {}, body) as response, self._reachable():
            text = response.data
        try:
            content: Json = json.loads(text)
        except ValueError as error:
            raise ClusterError(
                f"What answers at {self._api.configuration.host} (context {self.context!r}) is no API server: "
                f"{text[:80].decode(errors='replace')!r}."
            ) from error
        return content

    @contextmanager
    def _answer(
        self,
        verb: str,
        resource: Resource,
        namespace: str | None,
        name: str,
        query: Query,
        body: Json | None = None,
        seconds: float | None = _ANSWER_SECONDS,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        method = {"create": "POST", "patch": "PATCH"}.get(verb, "GET")
        kind = "application/merge-patch+json" if verb == "patch" else "application/json"
        _, url, headers, _, _ = self._api.param_serialize(
            method,
            resource.path(namespace, name),
            query_params=list(query.items()),
            header_params={"Accept": "*/*", "Content-Type": kind},
            auth_settings=["BearerToken"],
        )
        with self._reachable():
            answer = self._api.rest_client.request(
                method, url, headers=headers, body=body, _request_timeout=(_CONNECT_SECONDS, seconds)
            )
        response: urllib3.BaseHTTPResponse = answer.response
        self._learn_time(response.headers.get("Date"))
        try:
            if response.status >= 400:
                with self._reachable():
                    raise refusal(response.status, response.data, verb, resource, namespace, self.context)
            yield response
        finally:
            response.close()

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """Say in words that the API server does not answer."""
        try:
            yield
        except (urllib3.exceptions.HTTPError, ApiException) as error:  # the latter only for TLS
            said = getattr(error, "reason", None) or next(iter(error.args), error)
            why = str(said).strip().rpartition(": ")[2]
            raise ClusterError(
                f"The API server {self._api.configuration.host} (context {self.context!r}) does not answer: {why}. "
                "Does `kubectl cluster-info` reach it?"
            ) from error

    def _learn_time(self, date: str | None) -> None:
        if date:
            ahead = parsedate_to_datetime(date).astimezone(UTC) - datetime.now(UTC)
            self._ahead = ahead if abs(ahead) > _CLOCKS_AGREE else timedelta(0)


def connect(kubeconfig: str | None, context: str | None, namespace: str | None) -> Cluster:
    """Find the cluster as kubectl does.

    Args:
        kubeconfig: A file; None is what KUBECONFIG names, else the one in the home folder.
        context: One of its contexts; None is its current one.
        namespace: Where commands look; None is the context's.

    Raises:
        ClusterError: There is no kubeconfig, or no such context in it.
    """
    where = _location(kubeconfig)
    known, current = contexts(where)
    chosen = _chosen(known, current, context)
    configuration = client.Configuration()
    configuration.retries = False  # whoever waits for an answer wants to hear at once that there is none
    with _readable():
        api = config.new_client_from_config(where, chosen["name"], client_configuration=configuration)
    return Cluster(api, chosen["name"], namespace or chosen["context"].get("namespace") or "default")


def contexts(kubeconfig: str | None) -> tuple[list[Json], Json | None]:
    """List the contexts of a kubeconfig.

    Args:
        kubeconfig: As of `connect`.

    Returns:
        All of them, and the current one.

    Raises:
        ClusterError: There is no kubeconfig.
    """
    with _readable():
        known: tuple[list[Json], Json | None] = config.list_kube_config_contexts(_location(kubeconfig))
        return known


def _location(kubeconfig: str | None) -> str:
    """Say where the kubeconfig is; the client itself looks at the environment only when it is imported."""
    return kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"


@contextmanager
def _readable() -> Iterator[None]:
    """Say in words that there is no kubeconfig, or what is wrong with it."""
    try:
        yield
    except _UNREADABLE as error:
        said = " ".join(str(error).split())
        raise ClusterError(
            f"Your kubeconfig leads to no cluster: {said.rstrip('.')}. Name one by --kubeconfig or KUBECONFIG; "
            "`kubectl config view` shows what there is."
        ) from error


def _chosen(contexts: list[Json], current: Json | None, wanted: str | None) -> Json:
    if wanted is None and current is not None:
        return current
    found = next((each for each in contexts if each["name"] == wanted), None)
    if found is None:
        known = ", ".join(str(each["name"]) for each in contexts)
        raise ClusterError(f"Your kubeconfig has no context {wanted!r}. It has: {known}.")
    return found
