"""What the simulation has found and was mended since: each one as the shortest story that went wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulation.world import KEY, World


@pytest.fixture
def world() -> World:
    return World()


def test_the_last_execution_keeps_its_job_though_the_cronjob_told_of_it_first(world: World) -> None:
    """Counted unseen, the Job was not adopted, and the garbage collector took it with its CronJob."""
    world.create(schedule="0 * * * *", numberOfExecutions=1)
    world.collector.lag = 1
    world.operators[0].views["jobs"].lag = 1
    world.advance(3_600)
    world.finish()
    assert len(world.server.list("jobs")) == 1


def test_a_late_clock_makes_no_gap_of_what_lies_before_the_cronjob(world: World) -> None:
    """The window began three minutes too early, and a firing in them was counted as if it had run unseen."""
    world.set_clock_back(0, 180)
    world.create(schedule="* * * * *", numberOfExecutions=5)
    world.finish()
    assert len(_ledger(world).slots) == 5


def test_a_late_clock_does_not_let_the_controller_remember_what_it_has_passed() -> None:
    """ForgetPassed set the last schedule time back to before the CronJob, and a passed time started at once."""
    world = World(fenced=False)
    world.create(schedule="30 2 * * *", numberOfExecutions=1)
    world.advance(29)
    world.set_clock_back(0, 180)
    world.edit_cronjob({"spec": {"schedule": "*/2 * * * *"}})
    world.advance(30)
    assert not _ledger(world).slots


def test_a_fence_taken_away_by_hand_hides_no_execution(world: World) -> None:
    """Without its window the CronJob's own word for its newest run was not heard."""
    world.create(schedule="* * * * *", numberOfExecutions=5)
    world.advance(5)
    world.operators[0].kill()
    world.advance(30)
    world.delete_job()
    world.edit_cronjob({"spec": {"jobTemplate": {"metadata": {"annotations": None}}}})
    world.finish()
    assert len(_ledger(world).slots) == 5


def test_jobs_that_were_replaced_while_the_operator_hung_are_counted(world: World) -> None:
    """Seen all at once, only the last of them is there to be counted; the others' firings are no missed ones."""
    world.create(schedule="* * * * *", concurrencyPolicy="Replace", numberOfExecutions=5)
    world.jobs.duration = 4_000
    world.advance(10)
    world.operators[0].frozen = True
    world.advance(600)
    world.finish()


def test_what_an_absent_controller_missed_is_missed_under_replace_too(world: World) -> None:
    """Watched all the time, its firings passed for executed, and fewer than N were."""
    world.create(schedule="3,4,30 * * * *", concurrencyPolicy="Replace", numberOfExecutions=2)
    world.controller.stop()
    world.advance(5_000)
    world.controller.start()
    world.finish()
    assert len(_ledger(world).slots) == 2


@pytest.mark.parametrize(
    "trouble", [{"metadata": {"labels": None}}, None], ids=["its labels were taken away", "the answer got lost"]
)
def test_a_cronjob_of_ours_is_no_conflict(world: World, trouble: dict[str, Any] | None) -> None:
    """Where the watch does not tell of our own CronJob, making it again fails, but not for good."""
    if trouble is None:
        world.operators[0].api.loses_answer = True
        world.operators[0].views["cronjobs"].lag = 5
    world.create(schedule="* * * * *")
    world.advance(2)
    if trouble is not None:
        world.edit_cronjob(trouble)
    world.advance(2)
    said = {each["reason"] for event in world.server.log["scheduledjobs"] for each in _conditions(event.body)}
    assert "CronJobConflict" not in said
    world.advance(60)
    assert KEY.name in world.server.objects["cronjobs"]


def _ledger(world: World) -> Any:  # noqa: ANN401 (never None here)
    return world.ledger


def _conditions(body: dict[str, Any]) -> list[dict[str, Any]]:
    return (body.get("status") or {}).get("conditions") or []
