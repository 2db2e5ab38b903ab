"""What `suspend` and `resume` say."""

from tally.kubectl.words import resumed, suspended

from tests.unit.runner.kubectl.objects import NOON, conditions, scheduled_job

GOES_ON = scheduled_job(schedule="0 9 * * *", timeZone="Europe/Berlin")
RESTS = scheduled_job(schedule="0 9 * * *", timeZone="Europe/Berlin", suspend=True)


def test_suspended() -> None:
    assert suspended(GOES_ON, RESTS, NOON) == "scheduledjob.tally.dev/sync-products suspended"
    assert suspended(RESTS, RESTS, NOON) == "scheduledjob.tally.dev/sync-products is suspended already"


def test_a_run_that_goes_on_is_not_stopped() -> None:
    running = scheduled_job(status={"phase": "Running"})
    assert suspended(running, RESTS, NOON).endswith("suspended; the run that goes on is not stopped")


def test_resumed_with_the_next_run() -> None:
    told = "next run Tue 2026-03-03 09:00 +01:00, in 19 h 59 min"
    assert resumed(RESTS, GOES_ON, NOON) == f"scheduledjob.tally.dev/sync-products resumed; {told}"
    assert resumed(GOES_ON, GOES_ON, NOON) == f"scheduledjob.tally.dev/sync-products is not suspended; {told}"


def test_what_is_complete_does_not_run_again() -> None:
    done = scheduled_job(numberOfExecutions=2, status={"executions": 2, "conditions": conditions("Complete")})
    assert resumed(RESTS, done, NOON).endswith("resumed; it is complete (2/2), and does not run again")


def test_what_never_fires_has_no_next_run() -> None:
    never = scheduled_job(schedule="0 0 31 2 *")
    assert resumed(RESTS, never, NOON).endswith("resumed; it has no next run")
