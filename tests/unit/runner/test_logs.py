"""What a log line looks like, for a cluster and for a person, whatever is logged."""

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tally import logs
from tally.errors import InputError


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    """Leave the root logger as it was: `configure` takes it over."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.handlers.clear()  # or configure closes pytest's own
    yield
    logging.captureWarnings(False)
    root.setLevel(level)
    root.handlers[:] = handlers


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("job.sync", logging.INFO, "sync.py", 1, message, arguments, None)
    vars(made).update(extra)
    made.created = 1767225600.25  # 2026-01-01T00:00:00.250Z
    return made


CONTEXT = {"job": "sync", "slot": None, "attempt": 1}


def as_json(made: logging.LogRecord) -> dict[str, object]:
    line = logs.JsonFormatter(CONTEXT).format(made)
    assert "\n" not in line
    said = json.loads(line, parse_constant=pytest.fail)
    assert isinstance(said, dict)
    return said


def test_a_line_for_a_cluster() -> None:
    assert as_json(record("%s of %d", "one", 3, items=[1])) == {
        "time": "2026-01-01T00:00:00.250Z",
        "level": "info",
        "logger": "job.sync",
        "message": "one of 3",
        "job": "sync",
        "slot": None,
        "attempt": 1,
        "items": [1],
    }


def test_a_line_for_a_person() -> None:
    assert logs.TextFormatter().format(record("one", items=[1])) == "00:00:00Z INFO    one  items=[1]"


def test_a_traceback_is_a_field_for_a_cluster_and_below_the_line_for_a_person() -> None:
    made = record("failed")
    try:
        raise ValueError("no")
    except ValueError:
        made.exc_info = sys.exc_info()
    trace = str(as_json(made)["error"])
    assert trace.splitlines()[0] == "Traceback (most recent call last):"
    assert trace.splitlines()[-1] == "ValueError: no"
    assert logs.TextFormatter().format(made) == f"00:00:00Z INFO    failed\n{trace}"


def test_extra_fields_replace_none_of_ours() -> None:
    assert as_json(record("one", job="other", level="high", time="now")) == as_json(record("one"))


@given(st.text(alphabet=st.characters(exclude_categories=())), st.dictionaries(st.text(), st.binary() | st.floats()))
def test_any_message_is_one_line(message: str, extra: dict[str, object]) -> None:
    as_json(record("%s", message, extra=extra))


@pytest.mark.parametrize(
    ("environ", "stream", "is_json"),
    [
        ({}, io.StringIO, True),
        ({}, Screen, False),
        ({"TALLY_LOG_FORMAT": ""}, Screen, False),
        ({"TALLY_LOG_FORMAT": "json"}, Screen, True),
        ({"TALLY_LOG_FORMAT": "text"}, io.StringIO, False),
    ],
)
def test_a_terminal_gets_text_unless_told_otherwise(
    environ: dict[str, str], stream: type[io.StringIO], is_json: bool
) -> None:
    target = stream()
    logs.configure(environ, {}, target)
    logging.getLogger("job").info("hello")
    logging.getLogger("job").debug("not this")
    assert target.getvalue().startswith("{") is is_json
    assert target.getvalue().count("\n") == 1


def test_an_unknown_format_is_told_and_something_is_configured() -> None:
    target = io.StringIO()
    with pytest.raises(InputError, match=r"TALLY_LOG_FORMAT is 'xml'\. Write json or text\."):
        logs.configure({"TALLY_LOG_FORMAT": "xml"}, {}, target)
    logging.getLogger("job").info("hello")
    assert json.loads(target.getvalue())["message"] == "hello"


def test_warnings_become_log_lines() -> None:
    target = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.configure({}, {}, target)
        warnings.warn("old-fashioned", stacklevel=1)
        logging.captureWarnings(False)
    assert json.loads(target.getvalue())["level"] == "warning"
    assert "old-fashioned" in json.loads(target.getvalue())["message"]


def test_configuring_again_replaces_the_context() -> None:
    target = io.StringIO()
    logs.configure({}, {"job": "sync"}, target)
    logs.configure({}, {"job": "sync", "attempt": 2}, target)
    logging.getLogger("job").info("once")
    [line] = target.getvalue().splitlines()
    assert json.loads(line)["attempt"] == 2
