"""Which finished Jobs go."""

from collections.abc import Sequence

import pytest
from tally_operator import history
from tally_operator.observed import Job

from tests.unit.operator.world import manual, run, spec

FIVE = [run(f"12:0{minute}") for minute in range(1, 6)]
FAILED = [run(f"12:0{minute}", "failed") for minute in range(1, 4)]


@pytest.mark.parametrize(
    ("case", "jobs", "successful", "failed", "gone"),
    [
        ("within the limits", FIVE[:3], 3, 3, []),
        ("the oldest go, oldest first", FIVE, 3, 3, ["12:01", "12:02"]),
        ("in whatever order they are seen", FIVE[::-1], 3, 3, ["12:01", "12:02"]),
        ("none is kept", FIVE[:2], 0, 3, ["12:01", "12:02"]),
        ("failed ones have a limit of their own", [*FAILED, *FIVE[3:]], 1, 2, ["12:01", "12:04"]),
        ("running ones stay", [run("12:01", "running"), run("12:02", "running")], 0, 0, []),
        ("what goes already is not told to go", [run("12:01", deleting=True), *FIVE[1:4]], 3, 3, []),
    ],
)
def test_drops_finished_jobs_beyond_the_limits(
    case: str, jobs: Sequence[Job], successful: int, failed: int, gone: list[str]
) -> None:
    asked = spec(successful_jobs_history_limit=successful, failed_jobs_history_limit=failed)
    names = [job.name for job in history.superfluous(jobs, asked)]
    assert names == [run(slot).name for slot in gone], case


def test_manual_runs_are_kept_and_dropped_like_the_others() -> None:
    jobs = [manual("by-hand", created="12:00"), *FIVE[:2]]
    assert [job.name for job in history.superfluous(jobs, spec(successful_jobs_history_limit=2))] == ["by-hand"]
