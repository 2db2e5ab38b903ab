"""Which run `logs` is about."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tally.errors import InputError
from tally.kubectl.choosing import chosen, slot_of
from tally.kubectl.errors import NotFoundError
from tally.kubectl.runs import Run, runs

from tests.unit.runner.kubectl.objects import NOON, Json, job, recent, scheduled_job

SLOT = NOON.replace(second=0)
BEFORE = SLOT - timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")


def choose(*jobs: Json, slot: datetime | None = None, last_failed: bool = False, memory: tuple[str, ...] = ()) -> Run:
    of = scheduled_job(status={"recentExecutions": recent(*memory)})
    return chosen(of, runs(of, jobs, []), slot, last_failed=last_failed)


def test_the_newest_one_runs_by_hand_included() -> None:
    assert choose(job(BEFORE), job(SLOT)).slot == SLOT
    assert choose(job(BEFORE), job(None, name="by-hand")).job == "by-hand"


def test_the_newest_that_failed() -> None:
    failed = job(BEFORE, "failed")
    assert choose(failed, job(SLOT), job(BEFORE - timedelta(minutes=1), "failed"), last_failed=True).slot == BEFORE


def test_the_one_for_a_scheduled_time() -> None:
    assert choose(job(BEFORE), job(SLOT), slot=BEFORE).slot == BEFORE


def test_no_run_yet() -> None:
    with pytest.raises(NotFoundError, match=r"^sync-products has not run yet\.$"):
        choose()


def test_none_has_failed() -> None:
    with pytest.raises(NotFoundError, match=r"^No run of sync-products has failed, as far as is known\.$"):
        choose(job(SLOT), last_failed=True)


def test_none_for_that_time() -> None:
    with pytest.raises(NotFoundError, match=r"has no run for that time\. See which there are: kubectl tally history"):
        choose(job(SLOT), slot=BEFORE)


def test_a_newer_one_whose_job_has_gone_is_not_passed_over_in_silence() -> None:
    with pytest.raises(
        NotFoundError, match=r"^The run for Mon 2026-03-02 12:00 \+00:00 has no Job any more, .* It failed"
    ):
        choose(job(BEFORE, "failed"), memory=("failed", "failed"), last_failed=True)


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2026-03-02T12:00", 11), ("2026-03-02 12:00", 11), ("2026-03-02T12:00Z", 12), ("2026-03-02T12:00+02:00", 10)],
)
def test_a_time_is_by_the_job_s_clock_unless_it_says_another(text: str, hour: int) -> None:
    assert slot_of(text, BERLIN) == datetime(2026, 3, 2, hour, tzinfo=UTC)


def test_no_time() -> None:
    with pytest.raises(InputError, match=r"--slot 'noon' is no time\. Write one as history shows it"):
        slot_of("noon", BERLIN)
