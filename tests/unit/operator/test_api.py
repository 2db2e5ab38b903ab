"""The API server's time, told from its answers."""

from datetime import UTC, datetime, timedelta

import pytest
from tally_operator import api
from tally_operator.api import ApiError, ServerClock

from tests.unit.operator.world import at


class Machine:
    """This machine's clock, in our hands."""

    current = at("12:00")

    def now(self, tz: object) -> datetime:
        assert tz is UTC
        return self.current


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(api, "datetime", machine)
    return machine


def date(moment: datetime) -> str:
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    ("case", "answers", "now"),
    [
        # Each answer: what the server's clock says, cut off to the second, and this machine's at that moment.
        ("nothing is known", [], "12:00:00"),
        ("just as late", [("12:00:00", "12:00:00")], "12:00:00"),
        ("cut off to the second", [("12:00:00", "12:00:00.900000")], "11:59:59.100000"),
        (
            "the best answer counts",
            [("12:00:00", "12:00:00.900000"), ("12:00:02", "12:00:02.050000")],
            "11:59:59.950000",
        ),
        ("a worse one later", [("12:00:02", "12:00:02.050000"), ("12:00:03", "12:00:03.900000")], "11:59:59.950000"),
        ("the server is ahead", [("12:05:00", "12:00:00")], "12:05:00"),
        ("the server is behind", [("11:55:00", "12:00:00")], "11:55:00"),
        ("a clock was set back", [("12:05:00", "12:00:00"), ("12:00:01", "12:00:01")], "12:00:00"),
        ("a clock was set forward", [("12:00:00", "12:00:00"), ("12:30:01", "12:00:01")], "12:30:00"),
    ],
)
def test_the_servers_time_is_never_ahead_of_it(
    machine: Machine, case: str, answers: list[tuple[str, str]], now: str
) -> None:
    clock = ServerClock()
    for said, received in answers:
        clock.learn(date(at(said)), at(received))
    machine.current = at("12:00:00")
    assert clock.now() == at(now), case


@pytest.mark.parametrize("said", [None, "", "yesterday", "2026-01-05"])
def test_an_answer_without_a_date_teaches_nothing(machine: Machine, said: str | None) -> None:
    clock = ServerClock()
    clock.learn(said, at("12:00"))
    assert clock.now() == machine.current


def test_never_ahead_whatever_the_moments(machine: Machine) -> None:
    ahead = timedelta(seconds=3, milliseconds=700)
    clock = ServerClock()
    for milliseconds in range(0, 20_000, 370):
        here = at("12:00") + timedelta(milliseconds=milliseconds)
        clock.learn(date(here + ahead), here)
        machine.current = here
        assert here + ahead - timedelta(seconds=1) <= clock.now() <= here + ahead
    assert here + ahead - clock.now() < timedelta(milliseconds=100), "it has learnt"


def test_the_time_is_aware() -> None:
    assert ServerClock().now().tzinfo is UTC


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ApiError(409, "Conflict", "somebody else was first"), "409 Conflict: somebody else was first"),
        (TimeoutError(), "TimeoutError"),
        (OSError("no route"), "no route"),
    ],
)
def test_an_error_is_said_in_a_line(error: Exception, said: str) -> None:
    assert api.described(error) == said
