"""What all tabs look at."""

from datetime import datetime, timedelta

from tally.kubectl.errors import ClusterError
from tally.kubectl.ui.board import Board
from tally.kubectl.ui.following import Changed, Deleted, Listed, Lost
from tally.kubectl.ui.rows import Row

from tests.unit.runner.kubectl.objects import NOON, Json, body


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time


class Drawn:
    """A board, and whose rows were drawn for it."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.clock = Clock()
        self.board = Board(self.clock.now, self._draw)

    def _draw(self, row: Row) -> str:
        self.rows.append(row.job.name)
        return f"<{row.job.name}>"


def version(name: str, number: int) -> Json:
    written = body(name)
    written["metadata"]["resourceVersion"] = str(number)
    return written


def test_a_tab_hears_only_what_is_new_to_it() -> None:
    drawn = Drawn()
    board = drawn.board
    board.take(Listed([version("b", 1), version("a", 1)]))
    heard = board.news(0)
    assert [entry.html for entry in heard.entries] == ["<a>", "<b>"]
    board.take(Changed(version("b", 2)))
    board.take(Changed(version("c", 1)))
    news = board.news(heard.serial)
    assert ([entry.html for entry in news.entries], news.gone) == (["<b>", "<c>"], [])
    assert not board.news(news.serial).entries


def test_what_is_deleted_is_told_to_who_does_not_know() -> None:
    board = Drawn().board
    board.take(Listed([version("a", 1), version("b", 1)]))
    first = board.serial
    board.take(Deleted(version("a", 1)))
    assert board.news(first).gone == ["uid-of-a"]
    assert board.news(board.serial).gone == []
    assert [entry.row.job.name for entry in board.entries] == ["b"]
    board.take(Listed([]))
    assert board.news(first).gone == ["uid-of-a", "uid-of-b"]


def test_what_comes_again_unchanged_is_not_drawn_again() -> None:
    drawn = Drawn()
    drawn.board.take(Listed([version("a", 1), version("b", 1)]))
    drawn.board.take(Listed([version("a", 1), version("b", 2)]))
    assert drawn.rows == ["a", "b", "b"]


def test_trouble_is_told_until_there_is_a_list_again() -> None:
    board = Drawn().board
    board.take(Listed([version("a", 1)]))
    first = board.serial
    board.take(Lost(ClusterError("It does not answer.")))
    assert (board.trouble, board.news(first).serial > first, len(board.entries)) == ("It does not answer.", True, 1)
    board.take(Listed([version("a", 1)]))
    assert board.trouble == ""


def test_time_alone_changes_rows() -> None:
    drawn = Drawn()
    drawn.board.take(Listed([version("a", 1)]))
    before = drawn.board.serial
    drawn.board.refresh()
    assert drawn.board.serial == before
    drawn.clock.time += timedelta(minutes=1)
    drawn.board.refresh()
    (entry,) = drawn.board.news(before).entries
    assert entry.row.next == NOON.replace(second=0) + timedelta(minutes=2)


async def test_tabs_wait_for_news() -> None:
    board = Drawn().board
    board.take(Listed([]))
    await board.wait(0)
