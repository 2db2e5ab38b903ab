"""What the screens show: durations, marks, lines, and the table at 80 columns."""

import io
from datetime import timedelta

import pytest
from rich.console import Console
from tally.dev.live import LiveScreen
from tally.dev.screen import Lines, Row, clock_time, duration, marks

from tests.unit.runner.dev.played import at


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (95, "1 min 35 s"),
        (299, "4 min 59 s"),
        (300, "5 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86400, "1 d"),
        (100_000, "1 d 3 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text


def test_times_have_their_date_where_it_is_not_today() -> None:
    assert clock_time(at("12:05:00"), at("13:00:00")) == "12:05Z"
    assert clock_time(at("12:05:00"), at("13:00:00") + timedelta(days=1)) == "2026-03-10 12:05Z"


def test_each_outcome_has_a_mark_that_the_terminal_has() -> None:
    outcomes = ("succeeded", "failed", "stopped", "unknown", "running", "newer than this")
    assert marks(outcomes, "utf-8") == "✓✗■?▶?"
    assert marks(outcomes, "iso-8859-1") == "+x#?>?"


def test_lines_name_their_job() -> None:
    stream = io.StringIO()
    screen = Lines(stream)
    screen.say("sync", "hello")
    screen.say(None, "it begins")
    assert stream.getvalue() == "sync | hello\ntally | it begins\n"


def shown(*rows: Row, errors: tuple[str, ...] = (), says: str | None = None) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=80, height=24, force_terminal=False, highlight=False)
    screen = LiveScreen(console)
    if says is not None:
        screen.say("sync", says)
    screen.show(rows, errors)
    screen.close()
    return [line.rstrip() for line in stream.getvalue().splitlines() if line.strip()]


def test_the_table_at_80_columns() -> None:
    rows = (
        Row(name="broken", upcoming="broken"),
        Row(
            name="sync-products",
            schedule="*/5 9-17 * * 1-5 Europe/Berlin",
            executions="12/100",
            outcomes=(*("succeeded",) * 9, "failed"),
            running=timedelta(seconds=95),
            upcoming="after this one",
        ),
    )
    table = shown(*rows, errors=("jobs/broken.py, line 1: the import failed",))
    assert max(map(len, table)) <= 80
    assert table[1].split() == ["broken", "broken"]
    assert table[2].split("  ")[0] == "sync-products"
    assert "  ✓✓✓✓✗  " in table[2]
    assert "1 min 35 s" in table[2]
    assert table[2].endswith("after this one")
    assert table[3].strip() == "Europe/Berlin"
    assert table[4] == "error: jobs/broken.py, line 1: the import failed"


def test_what_a_run_prints_cannot_move_the_cursor_nor_mark_up() -> None:
    said = shown(says="\x1b[2J\x1b[31mred\x1b[0m [bold]not markup[/bold] \x1b[1A" + "x" * 100)
    assert said[0] == "sync │ red [bold]not markup[/bold] " + "x" * 100
