"""A run's log for a person: readable on a terminal, untouched in a pipe."""

import io
import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tally import logs
from tally.kubectl.loglines import readable, shown

CONTEXT = {"job": "sync", "slot": "2026-03-02T11:57:00Z", "attempt": 1}


def logged(message: str, *, error: Exception | None = None, **extra: object) -> bytes:
    """Write a line as the runner does, at noon less three minutes."""
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", "created": 1772452621.25, **extra})
    record.exc_info = (type(error), error, None) if error else None
    return logs.JsonFormatter(CONTEXT).format(record).encode()


class Screen(io.TextIOWrapper):
    """A standard output, or a file."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__(io.BytesIO())
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    @property
    def bytes(self) -> bytes:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


def show(monkeypatch: pytest.MonkeyPatch, *pieces: bytes, terminal: bool = True) -> bytes:
    screen = Screen(terminal=terminal)
    monkeypatch.setattr(sys, "stdout", screen)
    with shown() as write:
        for piece in pieces:
            write(piece)
    return screen.bytes


def test_what_was_logged_is_read_as_tally_run_shows_it_on_a_terminal() -> None:
    record = logging.makeLogRecord({"msg": "two left", "levelname": "INFO", "created": 1772452621.25, "skipped": [1]})
    assert readable(logged("two left", skipped=[1])) == logs.TextFormatter().format(record)
    assert readable(logged("two left", skipped=[1])) == "11:57:01Z INFO    two left  skipped=[1]"


def test_a_traceback_stands_below() -> None:
    assert readable(logged("it failed", error=ValueError("no"))) == "11:57:01Z INFO    it failed\nValueError: no"


def test_nothing_that_was_logged_steers_the_terminal() -> None:
    text = readable(logged("red \x1b[31m", name_="\x1b]0;title\x07", error=ValueError("\x9b2J\tx")))
    assert text is not None
    assert all(line.isprintable() for line in text.split("\n"))
    assert "red \\x1b[31m" in text


@pytest.mark.parametrize(
    "line",
    [b"", b"plain", b"\xff\xfe", b"{", b"[]", b"{}", b"7", b'{"time": 1, "level": "x", "message": "y"}', b"[" * 9999],
)
def test_what_the_runner_has_not_logged_is_left_alone(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert readable(line) is None
    assert show(monkeypatch, line + b"\n" + line) == line + b"\n" + line


def test_pieces_are_put_together_and_what_is_no_line_of_the_runners_does_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = logged("one") + b"\n"
    assert show(monkeypatch, line[:9], line[9:] + line[:3], line[3:-1], b"\n") == b"11:57:01Z INFO    one\n" * 2
    screen = Screen(terminal=True)
    monkeypatch.setattr(sys, "stdout", screen)
    with shown() as write:
        write(b"...")
        assert screen.bytes == b"..."


@given(st.lists(st.binary(max_size=40)))
def test_a_pipe_gets_every_byte_as_it_came(pieces: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert show(monkeypatch, *pieces, terminal=False) == b"".join(pieces)


def test_json_of_others_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps({"ts": 1, "msg": "from a library"}).encode() + b"\n"
    assert show(monkeypatch, line) == line
