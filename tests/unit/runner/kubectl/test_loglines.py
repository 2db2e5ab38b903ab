"""A run's log for a person: readable on a terminal, untouched in a pipe."""

import io
import itertools
import logging
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tally import logs
from tally.kubectl.loglines import readable, shown

PAGE = Path(__file__).parents[4] / "docs" / "kubectl-tally.md"
CONTEXT = {"job": "sync", "slot": "2026-03-02T11:57:00Z", "attempt": 1}


def logged(message: str, *, error: Exception | None = None, **extra: object) -> str:
    """Write a line as the runner does, at noon less three minutes."""
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", "created": 1772452621.25, **extra})
    record.exc_info = (type(error), error, None) if error else None
    return logs.JsonFormatter(CONTEXT).format(record)


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


def test_the_page_shows_what_a_terminal_does() -> None:
    began, ended = 1772452681.25, 1772452685.27
    completed = "Scheduled job sync-products completed in 4.0 s"
    lines = [
        readable(logged("Scheduled job sync-products started", created=began)),
        readable(logged("2 products have no entry", created=began, skipped=["a-17", "b-4"])),
        readable(logged(completed, created=ended, duration_seconds=4.02, result={"processed": 4})),
    ]
    assert "".join(f"{line}\n" for line in lines) in PAGE.read_text(encoding="utf-8")


def test_nothing_that_was_logged_steers_the_terminal() -> None:
    text = readable(logged("red \x1b[31m", name_="\x1b]0;title\x07", error=ValueError("\x9b2J\tx")))
    assert text is not None
    assert all(each.isprintable() for each in text.replace("\t", "").split("\n"))
    assert "red \\x1b[31m" in text


def test_a_time_of_another_zone_is_shown_in_utc() -> None:
    line = '{"time": "2026-03-02T12:57:01+01:00", "level": "info", "message": "from a program"}'
    assert readable(line) == "11:57:01Z INFO    from a program"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "plain \u00e4\tand a column",
        "{",
        "[]",
        "{}",
        "7",
        "[" * 9999,
        '{"ts": 1, "msg": "from a library"}',
        '{"time": 1, "level": "x", "message": "y"}',
        '{"time": "2026-03-02T12:57:01", "level": "x", "message": "nobody knows in which zone"}',
        '{"time": "0001-01-01T00:00:00+01:00", "level": "x", "message": "before all times"}',
    ],
)
def test_what_the_runner_has_not_logged_is_left_alone(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert readable(line) is None
    came = f"{line}\n{line}".encode()
    assert show(monkeypatch, came) == came


@pytest.mark.parametrize(
    ("came", "shown_as"),
    [
        (b"red \x1b[31m\n", b"red \\x1b[31m\n"),
        (b"\x1b]0;title\x07", b"\\x1b]0;title\\x07"),
        (b'{"ts": "\x1b[2J', b'{"ts": "\\x1b[2J'),
        (b"\xc2\x9b2J\n", b"\\x9b2J\n"),
        (b"\xff and \xe2\x82", b"\\xff and \\xe2\\x82"),
        (b"10 %\r20 %\r\ndone\r", b"10 %\n20 %\ndone\n"),
    ],
)
def test_nothing_that_a_job_prints_steers_the_terminal(
    came: bytes, shown_as: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert show(monkeypatch, came) == shown_as


def test_what_is_no_line_of_the_runners_does_not_wait_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(terminal=True)
    monkeypatch.setattr(sys, "stdout", screen)
    with shown() as write:
        write(b"...")
        assert screen.bytes == b"..."


@given(
    st.lists(st.sampled_from([logged("one"), "{", "}", "...", "\n", "\r", "\x1b", "\t", "€"]), max_size=12),
    st.lists(st.integers(0, 2000), max_size=6),
)
def test_a_log_is_shown_alike_wherever_it_is_cut(parts: list[str], cuts: list[int]) -> None:
    came = "".join(parts).encode()
    ends = [0, *sorted(cuts), None]
    pieces = [came[start:end] for start, end in itertools.pairwise(ends)]
    with pytest.MonkeyPatch.context() as monkeypatch:
        told = show(monkeypatch, *pieces)
        assert told == show(monkeypatch, came)
    assert all(each.isprintable() or each in "\t\n" for each in told.decode())


@given(st.lists(st.binary(max_size=40)))
def test_a_pipe_gets_every_byte_as_it_came(pieces: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert show(monkeypatch, *pieces, terminal=False) == b"".join(pieces)
