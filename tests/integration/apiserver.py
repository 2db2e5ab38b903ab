"""Reads and writes of one API server, by many scenes at once: kubectl would be a process for each look."""

import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlencode

from tally_cluster.settings import Cluster

Json = dict[str, Any]
TIMEOUT_SECONDS = 30.0


class AnswerError(Exception):
    """The API server said no.

    Args:
        status: The HTTP status.
        message: Its words.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class ApiServer:
    """An administrator's requests; each on a connection of its own, so that threads may share one.

    Args:
        cluster: Which cluster.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._context = ssl.create_default_context(cafile=str(cluster.certificates / "ca.crt"))
        self._context.load_cert_chain(cluster.certificates / "admin.crt", cluster.certificates / "admin.key")

    def get(self, path: str, **query: str) -> Json | None:
        """Read an object; None where there is none."""
        try:
            return self._request("GET", f"{path}?{urlencode(query)}" if query else path)
        except AnswerError as error:
            if error.status == http.HTTPStatus.NOT_FOUND:
                return None
            raise

    def items(self, path: str, **query: str) -> list[Json]:
        """Read a list."""
        items: list[Json] = (self.get(path, **query) or {})["items"]
        return items

    def create(self, path: str, body: Json) -> Json:
        """Make an object."""
        return self._request("POST", path, body)

    def merge(self, path: str, patch: Json) -> Json:
        """Change an object by a merge patch."""
        return self._request("PATCH", path, patch, "application/merge-patch+json")

    def delete(self, path: str, propagation: str = "Background") -> None:
        """Delete an object."""
        self._request("DELETE", path, {"propagationPolicy": propagation})

    def _request(self, method: str, path: str, body: Json | None = None, kind: str = "application/json") -> Json:
        address, port = self._cluster.address, self._cluster.apiserver_port
        connection = http.client.HTTPSConnection(address, port, timeout=TIMEOUT_SECONDS, context=self._context)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": kind, "Accept": "application/json"})
            response = connection.getresponse()
            answer: Json = json.loads(response.read())
        finally:
            connection.close()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise AnswerError(response.status, str(answer.get("message")))
        return answer
