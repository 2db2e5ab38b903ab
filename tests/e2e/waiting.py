"""Waiting for what must come, with a message that says what did not."""

import time
from collections.abc import Callable

from tests.e2e.kube import Json, Kubectl

POLL_SECONDS = 1.0


def eventually(found: Callable[[], object], seconds: float, what: str) -> None:
    """Wait for what must come, and say what did not."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(POLL_SECONDS)


def completed(kubectl: Kubectl, name: str, seconds: float = 240) -> Json:
    """Wait until a ScheduledJob is complete and its last run has ended."""

    def ended() -> bool:
        status = (kubectl.get("sj", name) or {}).get("status", {})
        return bool(status.get("phase") == "Completed" and status["lastExecution"]["outcome"] != "running")

    eventually(ended, seconds, f"{name} is Completed")
    found = kubectl.get("sj", name)
    assert found is not None
    return found
