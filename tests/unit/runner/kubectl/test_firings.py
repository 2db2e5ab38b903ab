"""When a ScheduledJob will run, from its spec and what its status says."""

from itertools import islice
from typing import Any

import pytest
from tally.kubectl.firings import firings, scheduled, timing

from tests.unit.runner.kubectl.objects import NOON, Json, conditions, scheduled_job


def times(status: Json | None = None, **spec: Any) -> list[str]:  # noqa: ANN401
    found = firings(scheduled_job(status=status or {}, **spec), NOON)
    return [each.isoformat() for each in islice(found, 3)]


def test_the_next_times_in_the_job_s_zone() -> None:
    assert times(schedule="0 9 * * *", timeZone="Europe/Berlin") == [
        "2026-03-03T09:00:00+01:00",
        "2026-03-04T09:00:00+01:00",
        "2026-03-05T09:00:00+01:00",
    ]


def test_no_more_than_are_left() -> None:
    assert len(times({"executions": 1}, numberOfExecutions=3)) == 2
    assert times({"executions": 3}, numberOfExecutions=3) == []


def test_none_while_it_is_suspended_complete_or_cannot_be() -> None:
    assert times(suspend=True) == []
    assert times({"conditions": conditions("Complete")}) == []
    assert times(schedule="0 25 * * *") == []
    assert times(timeZone="Nowhere/Land") == []


def test_a_suspended_one_would_run() -> None:
    assert next(scheduled(scheduled_job(suspend=True), NOON)).isoformat() == "2026-03-02T12:01:00+00:00"


@pytest.mark.parametrize(
    ("known", "first"),
    [
        ("2026-03-02T12:20:00Z", "2026-03-02T12:20:00+00:00"),
        ("2026-03-02T11:50:00Z", "2026-03-02T12:20:00+00:00"),  # it has passed: counted on
        ("2026-03-02T12:00:30Z", "2026-03-02T12:30:30+00:00"),  # what is due now has begun
    ],
)
def test_an_interval_counts_from_what_the_operator_says(known: str, first: str) -> None:
    assert times({"nextScheduleTime": known}, schedule="@every 30m")[0] == first


def test_an_interval_that_is_not_known_yet_counts_from_now() -> None:
    assert times(schedule="@every 30m")[0] == "2026-03-02T12:30:30+00:00"


def test_what_is_wrong_with_a_schedule_is_said() -> None:
    assert str(timing("0 25 * * *", "Etc/UTC")).startswith("The schedule '0 25 * * *' cannot be: ")
