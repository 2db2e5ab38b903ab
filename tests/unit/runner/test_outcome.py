"""The termination message: at most 4,096 bytes of valid JSON, whatever the job said or returned."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tally import outcome
from tally.outcome import Outcome

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))
# Each pattern is repeated until it is far too long, just right, or anything between.
LONG_TEXT = st.builds(lambda pattern, times: pattern * times, ANY_TEXT, st.integers(0, 3000))
RESULTS = st.recursive(
    st.none() | st.integers() | st.floats() | LONG_TEXT | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=8,
)
START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def ended(**fields: object) -> Outcome:
    given: dict[str, Any] = {
        "kind": "succeeded",
        "exit_code": 0,
        "start_time": START,
        "completion_time": START + timedelta(seconds=1.5),
        "duration_seconds": 1.5,
    }
    return Outcome(**(given | fields))


def test_the_operator_reads_these_fields() -> None:
    text = ended(kind="failed", exit_code=1, attempt=2, message="ValueError: no", result={"processed": 3}).to_json()
    assert json.loads(text) == {
        "outcome": "failed",
        "exitCode": 1,
        "startTime": "2026-01-31T12:00:00.000Z",
        "completionTime": "2026-01-31T12:00:01.500Z",
        "durationSeconds": 1.5,
        "attempt": 2,
        "message": "ValueError: no",
        "result": {"processed": 3},
    }


@given(message=st.none() | LONG_TEXT, result=RESULTS)
@example(message="\0" * 5000, result=None)
@example(message="💥" * 5000, result="💥" * 5000)
@example(message="\ud800" * 5000, result=["\udfff"])
@example(message=None, result="x" * 3930)
def test_any_outcome_fits_and_is_valid_json(message: str | None, result: object) -> None:
    text = ended(message=message, result=result).to_json()
    assert len(text.encode("utf-8")) <= 4096
    said = json.loads(text, parse_constant=pytest.fail)
    assert said["outcome"] == "succeeded"
    assert said.get("truncated", True) is True
    if "truncated" not in said:
        assert (said["message"] is None) == (message is None)


@pytest.mark.parametrize("character", ["a", "é", "漢", "💥", '"', "\0"])
def test_a_long_message_is_cut_no_more_than_needed(character: str) -> None:
    text = ended(message=character * 5000).to_json()
    said = json.loads(text)
    assert said["truncated"] is True
    kept, dots = said["message"][:-1], said["message"][-1]
    assert dots == "…"
    assert kept == character * len(kept)
    assert 4096 - 6 <= len(text.encode("utf-8")) <= 4096


@pytest.mark.parametrize(
    ("message", "result", "kept_message", "kept_result"),
    [
        ("short", {"n": 1}, "short", {"n": 1}),
        ("m" * 5000, {"n": 1}, "cut", {"n": 1}),
        ("short", "r" * 5000, "short", None),
        (None, "r" * 5000, None, None),
        ("m" * 300, "r" * 3650, "cut", "r" * 3650),
        ("m" * 300, "r" * 3900, "m" * 300, None),
        ("m" * 5000, "r" * 5000, "cut", None),
    ],
    ids=["both fit", "long message", "long result", "no message", "message gives way", "result gives way", "both long"],
)
def test_the_message_gives_way_first_then_the_result(
    message: str | None, result: object, kept_message: str | None, kept_result: object
) -> None:
    said = json.loads(ended(message=message, result=result).to_json())
    assert said["result"] == kept_result
    if kept_message == "cut":
        assert 200 <= len(said["message"]) - 1 < len(message or "")
        assert said["message"].endswith("m…")
    else:
        assert said["message"] == kept_message
    assert ("truncated" in said) == ((kept_message, kept_result) != (message, result))


def test_it_replaces_what_was_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "termination-log"
    outcome.write(ended(message="x" * 1000), path)
    outcome.write(ended(result="ünïcödé"), path)
    assert json.loads(path.read_text(encoding="utf-8"))["result"] == "ünïcödé"


def test_nowhere_to_write_is_no_error_but_an_unwritable_place_is(tmp_path: Path) -> None:
    outcome.write(ended(), None)
    with pytest.raises(OSError, match="No such file"):
        outcome.write(ended(), tmp_path / "missing" / "termination-log")


def test_times_are_told_in_utc() -> None:
    assert (
        outcome.rfc3339(datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))) == "2025-12-31T23:30:00.000Z"
    )
