"""What is told when a part of the operator is stuck, and that nothing is when it is not."""

import pytest
from tally_operator import health
from tally_operator.health import Echo, Sign


@pytest.mark.parametrize("seconds", [0, 299, 300])
def test_what_lasts_for_as_long_as_it_may_is_well(seconds: float) -> None:
    assert health.stuck([Sign("the watch of Jobs has been silent", seconds, 300)]) is None


def test_what_has_lasted_for_too_long_is_told_one_by_one() -> None:
    signs = [
        Sign("the watch of Jobs has been silent", 301.4, 300),
        Sign("shop/sync has been worked on", 1, 600),
        Sign("shop/stock has been worked on", 700, 600),
    ]
    assert health.stuck(signs) == (
        "the watch of Jobs has been silent for 301 s; at most 300 s are normal\n"
        "shop/stock has been worked on for 700 s; at most 600 s are normal"
    )


def test_an_echo_is_awaited_from_when_the_first_unheard_version_was_written() -> None:
    echo: Echo[str] = Echo()
    assert echo.waiting(99) == 0
    echo.expect("a", 10, 100)
    echo.expect("a", 12, 150)
    assert echo.waiting(160) == 60
    echo.hear("a", 9)
    assert echo.waiting(160) == 60, "that was older"
    echo.hear("a", 11)
    assert echo.waiting(160) == 0, "the first was heard"


def test_what_was_told_before_it_was_known_is_not_awaited() -> None:
    echo: Echo[str] = Echo()
    echo.hear("a", 10)
    echo.hear("a", 8)
    echo.expect("a", 10, 100)
    assert echo.waiting(500) == 0


def test_the_oldest_echo_counts_and_one_of_another_object_does_not_help() -> None:
    echo: Echo[str] = Echo()
    echo.expect("a", 10, 100)
    echo.expect("b", 11, 130)
    echo.hear("b", 11)
    assert echo.waiting(160) == 60


def test_an_object_that_has_gone_is_not_awaited() -> None:
    echo: Echo[str] = Echo()
    echo.expect("a", 10, 100)
    echo.expect("b", 11, 130)
    echo.keep({"b"})
    assert echo.waiting(160) == 30


def test_nothing_is_held_of_one_that_is_known_to_have_gone() -> None:
    echo: Echo[str] = Echo()
    echo.expect("a", 10, 100)
    echo.forget("a")
    assert echo.waiting(160) == 0
    echo.hear("a", 12)
    echo.forget("a")
    echo.expect("a", 11, 200)
    assert echo.waiting(260) == 60
