"""How an execution ended, as the operator reads it from the pod: JSON in the container's termination message."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tally.jsontext import simplified, text_of

SIZE_LIMIT = 4096  # bytes; the kubelet cuts off what is longer, and half a JSON is none
_SHORTEST_MESSAGE = 200  # characters; a result gives way before the message becomes shorter than that

Kind = Literal["succeeded", "failed", "terminated", "unloadable"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of one execution.

    Args:
        kind: `succeeded`, `failed` (the job raised), `terminated` (a signal stopped it) or `unloadable` (it never ran).
        exit_code: What the process exits with: 0, 1, 128 + the signal's number, or 2.
        start_time: When the process began, aware.
        completion_time: When the job had ended, aware.
        duration_seconds: The time between them, by a clock that nobody sets.
        attempt: Which try of the execution this was, from 1.
        message: One line that says what went wrong; None after success.
        result: What the job returned.
    """

    kind: Kind
    exit_code: int
    start_time: datetime
    completion_time: datetime
    duration_seconds: float
    attempt: int = 1
    message: str | None = None
    result: Any = None

    def to_json(self) -> str:
        """Write the outcome as JSON of at most 4,096 bytes in UTF-8.

        The message gives way first, then the result as a whole, and `truncated` says so.
        """
        whole = _dumped(self)
        if _fits(whole):
            return whole
        shortened = _with_short_message(self)
        if shortened is not None:
            return shortened
        without_result = replace(self, result=None)
        whole = _dumped(without_result, truncated=True)
        return whole if _fits(whole) else _with_short_message(without_result, shortest=0) or whole


def write(outcome: Outcome, path: Path | None) -> None:
    """Put the outcome where Kubernetes looks for it.

    Args:
        outcome: What to write.
        path: The termination log, replaced as a whole; None writes nothing.

    Raises:
        OSError: The file cannot be written.
    """
    if path is not None:
        path.write_text(outcome.to_json(), encoding="utf-8")


def rfc3339(moment: datetime) -> str:
    """Write an aware time in UTC with milliseconds, as in `2026-01-31T12:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _with_short_message(outcome: Outcome, shortest: int = _SHORTEST_MESSAGE) -> str | None:
    """Keep as much of the message as fits, by halving the uncertainty; None where even the shortest does not fit."""
    message = outcome.message or ""
    low, high, best = min(shortest, len(message)), len(message), None
    while low <= high:
        kept = (low + high) // 2
        text = _dumped(replace(outcome, message=message[:kept] + "…"), truncated=True)
        if _fits(text):
            best, low = text, kept + 1
        else:
            high = kept - 1
    return best


def _dumped(outcome: Outcome, *, truncated: bool = False) -> str:
    fields = {
        "outcome": outcome.kind,
        "exitCode": outcome.exit_code,
        "startTime": rfc3339(outcome.start_time),
        "completionTime": rfc3339(outcome.completion_time),
        "durationSeconds": round(outcome.duration_seconds, 3),
        "attempt": outcome.attempt,
        "message": None if outcome.message is None else text_of(outcome.message),
        "result": simplified(outcome.result)[0],
    }
    if truncated:
        fields["truncated"] = True
    return json.dumps(fields, ensure_ascii=False)


def _fits(text: str) -> bool:
    return len(text.encode("utf-8")) <= SIZE_LIMIT
