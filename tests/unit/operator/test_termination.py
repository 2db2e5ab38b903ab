"""What a pod's last words tell, whoever wrote them."""

import json
from typing import Any

import pytest
from tally_operator import termination
from tally_operator.observed import Ending


def pod(
    terminated: dict[str, Any] | None, *, created: str = "2026-01-05T12:00:00Z", name: str = "job"
) -> dict[str, Any]:
    state = {"terminated": terminated} if terminated else {"running": {}}
    return {
        "metadata": {"creationTimestamp": created},
        "status": {"containerStatuses": [{"name": "proxy", "state": {}}, {"name": name, "state": state}]},
    }


def said(**words: Any) -> str:  # noqa: ANN401 (JSON)
    return json.dumps(words)


NESTED = json.loads("[" * 300 + "]" * 300)


@pytest.mark.parametrize(
    ("terminated", "ending"),
    [
        (
            {"exitCode": 0, "message": said(outcome="succeeded", result={"processed": 4})},
            Ending(exit_code=0, result={"processed": 4}),
        ),
        (
            {"exitCode": 1, "message": said(outcome="failed", message="RuntimeError: no stock")},
            Ending(exit_code=1, message="RuntimeError: no stock"),
        ),
        ({"exitCode": 0, "message": said(outcome="succeeded", result=NESTED)}, Ending(exit_code=0)),
        ({"exitCode": 1, "message": "no JSON"}, Ending(exit_code=1, message="no JSON")),
        ({"exitCode": 1, "message": "[1, 2]"}, Ending(exit_code=1, message="[1, 2]")),
        ({"exitCode": 1, "message": '{"other": 1}'}, Ending(exit_code=1, message='{"other": 1}')),
        ({"exitCode": 137, "reason": "OOMKilled"}, Ending(exit_code=137, message="OOMKilled")),
        ({"exitCode": 0, "reason": "Completed"}, Ending(exit_code=0)),
        ({"exitCode": 1, "message": "[" * 100_000}, Ending(exit_code=1, message="[" * 1024)),
        (
            {"exitCode": 1, "message": said(outcome="failed", message="x" * 2000)},
            Ending(exit_code=1, message="x" * 1024),
        ),
        ({"exitCode": 0, "message": said(outcome="succeeded", result="x" * 5000)}, Ending(exit_code=0)),
        ({"exitCode": 0, "message": said(outcome="succeeded", result=0)}, Ending(exit_code=0, result=0)),
    ],
)
def test_reads_the_last_words(terminated: dict[str, Any], ending: Ending) -> None:
    assert termination.read([pod(terminated)]) == ending


@pytest.mark.parametrize(
    "pods",
    [
        [],
        [{"metadata": {"creationTimestamp": "2026-01-05T12:00:00Z"}}],
        [{"metadata": {"creationTimestamp": "2026-01-05T12:00:00Z"}, "status": {"containerStatuses": None}}],
        [pod(None)],
        [pod({"exitCode": 3}, name="other")],
    ],
)
def test_says_nothing_where_nothing_has_ended(pods: list[dict[str, Any]]) -> None:
    assert termination.read(pods) == Ending()


def test_the_newest_pod_counts() -> None:
    first = pod({"exitCode": 1}, created="2026-01-05T12:00:00Z")
    retried = pod({"exitCode": 0}, created="2026-01-05T12:00:30Z")
    assert termination.read([retried, first]).exit_code == 0
    assert termination.read([first, retried]).exit_code == 0
