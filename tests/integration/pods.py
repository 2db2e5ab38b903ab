"""Stands in for a kubelet: it ends pods that ask for it by a label. All others stay pending, and their Jobs running."""

import json
import threading
from datetime import UTC, datetime

from tests.integration.apiserver import AnswerError, ApiServer, Json

LABEL = "test.tally.dev/ends"
POLL_SECONDS = 1.0
WORDS = {
    "well": {"exitCode": 0, "message": json.dumps({"outcome": "succeeded", "result": {"processed": 4}})},
    "badly": {"exitCode": 1, "message": json.dumps({"outcome": "failed", "message": "RuntimeError: no stock"})},
}


def ends(how: str) -> Json:
    """Write the `spec.template` of a job whose pods end at once: `well` or `badly`."""
    return {"metadata": {"labels": {LABEL: how}}}


class PodEnder:
    """Ends pods in a thread, from `start` to `stop`; the Job controller then ends their Jobs by itself.

    Args:
        server: Where the pods are.
    """

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for it."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            for pod in self._server.items("/api/v1/pods", labelSelector=LABEL):
                if pod["status"].get("phase") == "Pending":
                    self._end(pod)

    def _end(self, pod: Json) -> None:
        metadata = pod["metadata"]
        how = metadata["labels"][LABEL]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        terminated = {**WORDS[how], "reason": "Completed", "startedAt": now, "finishedAt": now}
        container = {
            "name": "job",
            "image": "x",
            "imageID": "x",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": terminated},
        }
        phase = "Succeeded" if how == "well" else "Failed"
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
        try:
            self._server.merge(path, {"status": {"phase": phase, "containerStatuses": [container]}})
        except AnswerError as error:
            if error.status not in (404, 409):  # it went meanwhile
                raise
