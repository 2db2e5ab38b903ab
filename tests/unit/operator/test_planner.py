"""The decisions: what is done for a ScheduledJob, in which order, and what is left alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tally_operator import planner
from tally_operator.model import Spec, Status
from tally_operator.observed import CronJob, Job, Json, Observed, packed
from tally_operator.problems import Problem
from tally_operator.steps import ApplyCronJob, CreateCronJob, DeleteJob, Emit, ForgetPassed

from tests.unit.operator.world import (
    UID,
    at,
    carried_out,
    counted,
    cronjob,
    kinds,
    manual,
    maybe_at,
    plan,
    run,
    scheduled_job,
    seen,
    settled,
    spec,
    status_of,
    window,
    writes,
)

THREE = spec(3)
OPEN = window("12:00:30", "12:03", "12:04")
CRON = cronjob(THREE, OPEN)
UNLIMITED = spec()
ENDLESS = cronjob(UNLIMITED, window("12:00:30"))


def job_name(slot: str) -> str:
    return run(slot).name


# Each row is a world at an instant, and the writes that put it right, besides the status.
CASES: list[tuple[str, Spec, Status | None, CronJob | None, Sequence[Job], str, list[str]]] = [
    ("a new one", THREE, None, None, [], "12:00:30", ["CreateCronJob"]),
    ("nothing has run", THREE, None, CRON, [], "12:00:50", []),
    ("one runs", THREE, None, CRON, [run("12:01", "running")], "12:01:01", []),
    ("two have run", THREE, counted("12:01"), CRON, [run("12:01"), run("12:02")], "12:02:01", []),
    (
        "the third begins: the limit is reached, the Jobs are adopted, then the CronJob goes",
        *(THREE, counted("12:01", "12:02"), CRON),
        *([run("12:01"), run("12:02"), run("12:03", "running")], "12:03:01"),
        [*(f"AdoptJob {job_name(slot)}" for slot in ("12:01", "12:02", "12:03")), "DeleteCronJob"],
    ),
    (
        "a Job that goes already is not adopted",
        *(spec(1), None, cronjob(spec(1), window("12:00:30", "12:01", "12:02"))),
        *([run("12:01", "running", deleting=True)], "12:01:01", ["DeleteCronJob"]),
    ),
    (
        "the Jobs were orphaned before they were adopted",
        *(THREE, counted("12:01", "12:02", "12:03"), None, [run("12:03", owner=None)], "12:03:05"),
        [f"AdoptJob {job_name('12:03')}"],
    ),
    ("completed, and it stays so", THREE, counted("12:01", "12:02", "12:03"), None, [], "12:04", []),
    (
        "completed, and the CronJob goes already",
        *(THREE, counted("12:01", "12:02", "12:03"), replace(CRON, deleting=True), [], "12:04", []),
    ),
    (
        "completed, somebody else has the name",
        *(THREE, counted("12:01", "12:02", "12:03"), replace(CRON, owner="other"), [], "12:04", []),
    ),
    ("the limit is raised", spec(5), counted("12:01", "12:02", "12:03"), None, [], "12:04", ["CreateCronJob"]),
    ("raised while it runs", spec(5), counted("12:01"), CRON, [run("12:01")], "12:01:30", ["ApplyCronJob"]),
    ("lowered, some are left", spec(2), counted("12:01"), CRON, [run("12:01")], "12:01:30", ["ApplyCronJob"]),
    (
        "lowered to the count",
        *(spec(1), counted("12:01"), CRON, [run("12:01")], "12:01:30"),
        [f"AdoptJob {job_name('12:01')}", "DeleteCronJob"],
    ),
    ("lowered under the count", spec(1), counted("12:01", "12:02"), CRON, [], "12:02:30", ["DeleteCronJob"]),
    ("the limit is taken away", spec(), counted("12:01"), CRON, [run("12:01")], "12:01:30", ["ApplyCronJob"]),
    (
        "the one too many is deleted uncounted",
        *(THREE, counted("12:01", "12:02", "12:03"), None, [run("12:04", "running", owner=UID)], "12:04:01"),
        [f"DeleteJob {job_name('12:04')}"],
    ),
    # What was missed.
    ("one was missed: the fence moves on", THREE, None, CRON, [run("12:02")], "12:02:01", ["ApplyCronJob"]),
    ("the last was missed, but may come yet", THREE, counted("12:01", "12:02"), CRON, [], "12:03:59", []),
    ("the fence's end, from the watch alone", THREE, counted("12:01", "12:02"), CRON, [], "12:04:05", []),
    # Suspended, resumed, changed.
    ("suspended", spec(3, suspend=True), None, CRON, [], "12:00:50", ["ApplyCronJob"]),
    (
        "suspended past the fence's end: nothing moves",
        *(spec(3, suspend=True), None, cronjob(spec(3, suspend=True), OPEN), [], "12:30", []),
    ),
    (
        "resumed: what has passed is forgotten first",
        *(THREE, None, cronjob(spec(3, suspend=True), OPEN), [], "12:02:10", ["ForgetPassed", "ApplyCronJob"]),
    ),
    (
        "another schedule: what has passed is forgotten first",
        *(spec(3, schedule="*/5 * * * *"), None, CRON, [], "12:00:50", ["ForgetPassed", "ApplyCronJob"]),
    ),
    (
        "another zone",
        *(spec(3, time_zone="Asia/Tokyo"), None, CRON, [], "12:00:50", ["ForgetPassed", "ApplyCronJob"]),
    ),
    ("another image is no other schedule", spec(3, image="shop:2"), None, CRON, [], "12:00:50", ["ApplyCronJob"]),
    # By hand.
    ("deleted by hand", THREE, counted("12:01"), None, [run("12:01", owner=UID)], "12:01:30", ["CreateCronJob"]),
    ("going, deleted by hand", THREE, counted("12:01"), replace(CRON, deleting=True), [], "12:01:30", []),
    ("its fence was taken off", THREE, counted("12:01"), replace(CRON, window=None), [], "12:01:30", ["ApplyCronJob"]),
    # History.
    (
        "counted Jobs beyond the history limits go, oldest first",
        *(spec(successful_jobs_history_limit=1), counted("12:01", "12:02"), ENDLESS),
        *([run("12:01"), run("12:02"), run("12:03")], "12:03:01"),
        [f"DeleteJob {job_name('12:01')}", f"DeleteJob {job_name('12:02')}"],
    ),
    (
        "running ones stay",
        spec(successful_jobs_history_limit=0),
        None,
        ENDLESS,
        [run("12:01", "running")],
        "12:01:01",
        [],
    ),
]


NAMES = [case[0] for case in CASES]
COLUMNS = ("case", "asked", "status", "cron", "jobs", "now", "expected")


@pytest.mark.parametrize(COLUMNS, CASES, ids=NAMES)
def test_puts_right(
    case: str,
    asked: Spec,
    status: Status | None,
    cron: CronJob | None,
    jobs: Sequence[Job],
    now: str,
    expected: list[str],
) -> None:
    assert writes(plan(seen(asked, status, cron=cron, jobs=jobs), now).steps) == expected, case


@pytest.mark.parametrize(COLUMNS, CASES, ids=NAMES)
def test_comes_to_rest(
    case: str,
    asked: Spec,
    status: Status | None,
    cron: CronJob | None,
    jobs: Sequence[Job],
    now: str,
    expected: list[str],
) -> None:
    """Once all is carried out nothing is left to do, and nothing is written while nothing happens."""
    del case, expected
    rest = settled(seen(asked, status, cron=cron, jobs=jobs), now)
    assert plan(rest, now).steps == ()


@pytest.mark.parametrize(COLUMNS, CASES, ids=NAMES)
def test_goes_on_after_being_cut_off_between_any_two_writes(
    case: str,
    asked: Spec,
    status: Status | None,
    cron: CronJob | None,
    jobs: Sequence[Job],
    now: str,
    expected: list[str],
) -> None:
    del case, expected
    world = seen(asked, status, cron=cron, jobs=jobs)
    whole = settled(world, now)
    steps = plan(world, now).steps
    for done in range(len(steps)):
        resumed = settled(carried_out(world, steps[:done], now), now)
        assert resumed.scheduled_job.status.executions == whole.scheduled_job.status.executions
        assert resumed.scheduled_job.status.missed == whole.scheduled_job.status.missed
        assert resumed.cronjob == whole.cronjob
        assert resumed.cronjob is None or resumed.cronjob.body == (whole.cronjob and whole.cronjob.body)
        assert {job.name: job.owner for job in resumed.jobs} == {job.name: job.owner for job in whole.jobs}


def test_writes_the_count_before_anything_that_could_lose_a_job() -> None:
    world = seen(THREE, counted("12:01", "12:02"), cron=CRON, jobs=[run("12:03", "running")])
    assert kinds(plan(world, "12:03:01").steps) == ["WriteStatus", "Emit", "AdoptJob", "DeleteCronJob"]


def test_says_scheduled_only_when_the_cronjob_is_there() -> None:
    assert kinds(plan(seen(THREE), "12:00:30").steps) == ["CreateCronJob", "WriteStatus", "Emit"]


@pytest.mark.parametrize(
    ("case", "asked", "status", "cron", "jobs", "now", "after", "not_after", "expires"),
    [
        ("a new one", THREE, None, None, [], "12:00:30", "12:00:30", "12:03", "12:04"),
        ("just on a firing", THREE, None, None, [], "12:01", "12:01", "12:04", "12:05"),
        ("a new one without a limit", UNLIMITED, None, None, [], "12:00:30", "12:00:30", None, None),
        (
            "raised, completed",
            *(spec(5), counted("12:01", "12:02", "12:03"), None, [], "12:09:30", "12:09:30", "12:11", "12:12"),
        ),
        ("raised at once", spec(4), counted("12:01"), CRON, [], "12:01:30", "12:01", "12:04", "12:05"),
        ("one was missed", THREE, None, CRON, [run("12:02")], "12:02:01", "12:02", "12:04", "12:05"),
        (
            "resumed",
            *(THREE, counted("12:01"), cronjob(spec(3, suspend=True), OPEN), [], "12:20:10"),
            *("12:20:10", "12:22", "12:23"),
        ),
        ("rescheduled", spec(2, schedule="*/5 * * * *"), None, CRON, [], "12:00:50", "12:00:50", "12:10", "12:15"),
        (
            "made anew, by a clock behind the newest slot",
            *(THREE, counted("12:01"), None, [], "12:00:59", "12:01", "12:03", "12:04"),
        ),
    ],
)
def test_fences(
    case: str,
    asked: Spec,
    status: Status | None,
    cron: CronJob | None,
    jobs: Sequence[Job],
    now: str,
    after: str,
    not_after: str | None,
    expires: str | None,
) -> None:
    steps = plan(seen(asked, status, cron=cron, jobs=jobs), now).steps
    (body,) = [step.body for step in steps if isinstance(step, CreateCronJob | ApplyCronJob)]
    annotations = body["spec"]["jobTemplate"]["metadata"]["annotations"]
    found = [annotations.get(f"tally.dev/{name}") for name in ("after", "not-after", "expires")]
    assert [maybe_at(each) for each in found] == [at(after), maybe_at(not_after), maybe_at(expires)], case


@pytest.mark.parametrize(
    ("case", "cron", "asked", "now", "until"),
    [
        ("resumed", cronjob(spec(suspend=True), window("12:00:30")), spec(), "12:20:10", "12:20:10"),
        ("another schedule", ENDLESS, spec(schedule="*/5 * * * *"), "12:20:10", "12:20:10"),
        ("just on a firing", ENDLESS, spec(schedule="*/5 * * * *"), "12:20", "12:20"),
    ],
)
def test_forgets_what_has_passed_up_to_the_new_beginning(
    case: str, cron: CronJob, asked: Spec, now: str, until: str
) -> None:
    forget, apply = [
        step for step in plan(seen(asked, cron=cron), now).steps if isinstance(step, ForgetPassed | ApplyCronJob)
    ]
    assert isinstance(forget, ForgetPassed)
    assert isinstance(apply, ApplyCronJob)
    assert forget.until == at(until), case
    assert apply.body["spec"]["jobTemplate"]["metadata"]["annotations"]["tally.dev/after"] == at(until).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


@pytest.mark.parametrize(
    ("field", "value", "removed"),
    [
        (("spec", "schedule"), "*/2 * * * *", None),
        (("spec", "suspend"), True, None),
        (("spec", "concurrencyPolicy"), "Allow", None),
        (("spec", "successfulJobsHistoryLimit"), 1, None),
        (("spec", "jobTemplate", "spec", "backoffLimit"), 6, None),
        (("spec", "startingDeadlineSeconds"), 10, {"spec": {"startingDeadlineSeconds": None}}),
        (
            ("spec", "jobTemplate", "spec", "ttlSecondsAfterFinished"),
            *(5, {"spec": {"jobTemplate": {"spec": {"ttlSecondsAfterFinished": None}}}}),
        ),
    ],
)
def test_undoes_what_was_edited_by_hand_without_a_run_at_once(
    field: tuple[str, ...], value: object, removed: dict[str, Any] | None
) -> None:
    body = _edited(CRON.body, field, value)
    world = seen(THREE, counted("12:01"), cron=replace(CRON, source=packed(body, "spec")), jobs=[run("12:01")])
    steps = plan(world, "12:01:30").steps
    (apply,) = [step for step in steps if isinstance(step, ApplyCronJob)]
    assert apply.removal == (removed or {})
    # A schedule or a suspension that was edited has made passed slots: they are forgotten, as a user's own would be.
    assert ("ForgetPassed" in kinds(steps)) is (field[-1] in ("schedule", "suspend"))
    assert status_of(world, steps).executions == 1


def _edited(body: Json, field: tuple[str, ...], value: object) -> dict[str, Any]:
    name, *rest = field
    return {**body, name: _edited(body[name], tuple(rest), value) if rest else value}


@pytest.mark.parametrize(
    ("case", "asked", "reason", "says"),
    [
        ("no cron", spec(schedule="* * * * 7"), "InvalidSchedule", "Sunday is 0"),
        ("31 February", spec(schedule="0 0 31 2 *"), "NeverFires", "0 0 28 2 *"),
        ("an unknown zone", spec(time_zone="Mars/Base"), "UnknownTimeZone", "Europe/Berlin"),
        ("a zone of this machine", spec(time_zone="localtime"), "UnknownTimeZone", "Europe/Berlin"),
        (
            "a template that cannot be merged",
            spec(template={"spec": {"containers": [{"image": "x"}]}}),
            *("InvalidTemplate", "spec.template.spec.containers[0] has no name"),
        ),
        ("every half minute", spec(schedule="@every 30s"), "InvalidSchedule", "minute"),
    ],
)
@pytest.mark.parametrize("cron", [None, CRON], ids=["new", "with a CronJob"])
def test_an_invalid_one_keeps_its_last_good_cronjob(
    case: str, asked: Spec, reason: str, says: str, cron: CronJob | None
) -> None:
    world = seen(asked, cron=cron)
    found = plan(world, "12:00:50")
    status = status_of(world, found.steps)
    assert writes(found.steps) == []
    assert status.phase == "Invalid"
    assert status.cron_job == ("sync" if cron else None)
    assert [(each.type, each.status) for each in status.conditions] == [
        ("Ready", "False"),
        ("Stalled", "True"),
        ("Complete", "False"),
    ]
    assert status.conditions[0].reason == reason, case
    assert says in status.conditions[0].message
    assert [step.type for step in found.steps if isinstance(step, Emit)] == ["Warning"]
    assert found.look_again_at is not None


def test_an_invalid_one_goes_on_counting() -> None:
    world = seen(spec(3, schedule="* * * * 7"), cron=CRON, jobs=[run("12:01")])
    assert status_of(world, plan(world, "12:01:10").steps).executions == 1


def test_an_invalid_one_whose_limit_is_reached_is_complete() -> None:
    world = seen(spec(1, schedule="* * * * 7"), cron=CRON, jobs=[run("12:01")])
    found = plan(world, "12:01:10")
    assert writes(found.steps) == [f"AdoptJob {job_name('12:01')}", "DeleteCronJob"]
    assert status_of(world, found.steps).phase == "Completed"


def test_a_taken_name_is_said_with_the_first_ones_and_nothing_is_made() -> None:
    world = seen(THREE, rival="older")
    found = plan(world, "12:00:50")
    status = status_of(world, found.steps)
    assert writes(found.steps) == []
    assert (status.phase, status.conditions[0].reason, status.cron_job) == ("Invalid", "NameTaken", None)
    assert "the older ScheduledJob older" in status.conditions[0].message


def test_one_whose_name_turns_out_to_be_anothers_gives_its_cronjob_back() -> None:
    assert writes(plan(seen(THREE, cron=CRON, rival="older"), "12:00:50").steps) == ["DeleteCronJob"]


def test_takes_a_name_over_when_the_rival_has_gone() -> None:
    waiting = settled(seen(THREE, rival="older"), "12:00:50")
    assert writes(plan(replace(waiting, rival=None), "12:05:10").steps) == ["CreateCronJob"]


@pytest.mark.parametrize("owner", [None, "another"])
def test_a_cronjob_that_is_not_ours_is_never_touched(owner: str | None) -> None:
    world = seen(THREE, cron=replace(CRON, owner=owner))
    found = plan(world, "12:00:50")
    status = status_of(world, found.steps)
    assert writes(found.steps) == []
    assert (status.phase, status.conditions[0].reason, status.cron_job) == ("Invalid", "CronJobConflict", None)


def test_a_job_of_a_cronjob_that_is_not_ours_fills_no_gaps() -> None:
    foreign = replace(CRON, owner="another", last_schedule_time=at("12:02"))
    world = seen(THREE, cron=foreign)
    assert status_of(world, plan(world, "12:02:30").steps).executions == 0


@pytest.mark.parametrize("reason", ["InvalidTemplate", "ApplyFailed", "CronJobConflict"])
def test_a_refusal_becomes_a_condition_and_is_tried_again_later(reason: str) -> None:
    world = seen(THREE)
    found = plan(world, "12:00:50", refusal=Problem(reason=reason, message="The API server said no."))
    status = status_of(world, found.steps)
    assert kinds(found.steps) == ["WriteStatus", "Emit"]
    assert (status.phase, status.conditions[0].reason) == ("Invalid", reason)
    assert found.look_again_at == at("12:00:50") + planner.RETRY


def test_a_refusal_does_not_write_the_same_status_again() -> None:
    refusal = Problem(reason="ApplyFailed", message="The API server said no.")
    world = seen(THREE)
    told = carried_out(world, plan(world, "12:00:50", refusal=refusal).steps, "12:00:50")
    assert plan(told, "12:01:20", refusal=refusal).steps == ()


def test_when_the_template_is_mended_it_is_scheduled() -> None:
    bad = spec(3, template={"spec": {"containers": [{"image": "x"}]}})
    told = settled(seen(bad), "12:00:50")
    mended = replace(told, scheduled_job=replace(told.scheduled_job, spec=THREE, generation=2))
    status = settled(mended, "12:00:55").scheduled_job.status
    assert (status.phase, status.conditions[0].reason, status.conditions[1].status) == (
        "Scheduled",
        "Scheduled",
        "False",
    )
    assert {each.observed_generation for each in status.conditions} == {2}


def test_nothing_is_done_for_one_that_is_deleted() -> None:
    world = seen(THREE, cron=CRON, jobs=[run("12:01")])
    assert plan(replace(world, scheduled_job=replace(world.scheduled_job, deleting=True)), "12:01:10").steps == ()


def test_an_unreadable_spec_is_said_and_all_else_left_alone() -> None:
    unreadable = replace(scheduled_job(THREE, counted("12:01")), spec=None, problem="spec.retries: must be a number")
    world = Observed(scheduled_job=unreadable, watching_since=at("12:00"), cronjob=CRON, jobs=(run("12:01"),))
    found = plan(world, "12:01:10")
    status = status_of(world, found.steps)
    assert kinds(found.steps) == ["WriteStatus", "Emit"]
    assert (status.phase, status.conditions[0].reason) == ("Invalid", "InvalidSpec")
    assert status.executions == 1


def test_an_event_is_told_once() -> None:
    world = seen(THREE)
    first = plan(world, "12:00:30")
    assert "Emit" in kinds(first.steps)
    rest = settled(carried_out(world, first.steps, "12:00:30"), "12:00:31")
    running = replace(rest, jobs=(run("12:01", "running"),))
    assert kinds(plan(running, "12:01:01").steps) == ["WriteStatus"]


def test_a_surplus_job_is_told_by_an_event_and_not_counted() -> None:
    world = seen(THREE, counted("12:01", "12:02", "12:03"), jobs=[run("12:04", "running", owner=UID)])
    steps = plan(world, "12:04:01").steps
    (deletion,) = [step for step in steps if isinstance(step, DeleteJob)]
    assert deletion.why == "surplus"
    assert any(isinstance(step, Emit) and step.reason == "SurplusDeleted" for step in steps)
    assert status_of(world, steps).executions == 3


def test_manual_runs_fall_under_the_history_limits_but_are_not_counted() -> None:
    world = seen(spec(successful_jobs_history_limit=1), cron=ENDLESS, jobs=[manual("by-hand", owner=UID), run("12:01")])
    steps = plan(world, "12:01:10").steps
    assert writes(steps) == ["DeleteJob by-hand"]
    assert status_of(world, steps).executions == 1


def test_a_job_that_came_and_went_unseen_still_counts() -> None:
    world = seen(THREE, cron=replace(CRON, last_schedule_time=at("12:02")), watching_since="12:05")
    status = status_of(world, plan(world, "12:05:01").steps)
    # 12:01 may have run too while nobody watched: never more than the limit comes first.
    assert status.executions == 2


@pytest.mark.parametrize(
    ("case", "cron", "asked", "now", "listing"),
    [
        ("within the fence", CRON, THREE, "12:03:59", False),
        ("at its end, a Job may not be listed yet", CRON, THREE, "12:04:01", False),
        ("after its end", CRON, THREE, "12:04:02", True),
        ("suspended", CRON, spec(3, suspend=True), "12:04:02", False),
        ("without a limit", ENDLESS, UNLIMITED, "12:04:02", False),
        ("without a CronJob", None, THREE, "12:04:02", False),
    ],
)
def test_needs_a_listing_when_the_fence_has_ended(
    case: str, cron: CronJob | None, asked: Spec, now: str, listing: bool
) -> None:
    assert planner.needs_listing(seen(asked, cron=cron), at(now)) is listing, case


@pytest.mark.parametrize(
    ("executed", "listed", "moved", "missed"),
    [
        (["12:01", "12:02"], None, False, 0),  # only the watch says that the third did not come
        (["12:01", "12:02"], "12:04:05", True, 1),
        ([], "12:04:05", True, 3),
        ([], "12:10:05", True, 9),  # of 12:01 to 12:10, the newest may still start late
    ],
)
def test_what_did_not_come_is_missed_once_a_listing_says_so(
    executed: list[str], listed: str | None, moved: bool, missed: int
) -> None:
    world = replace(seen(THREE, counted(*executed), cron=CRON), listed_at=maybe_at(listed))
    steps = plan(world, listed or "12:04:05").steps
    assert ("ApplyCronJob" in kinds(steps)) is moved
    assert "ForgetPassed" not in kinds(steps)
    assert status_of(world, steps).missed == missed


@pytest.mark.parametrize(
    ("case", "asked", "status", "cron", "jobs", "now", "again"),
    [
        ("a new one: when its first firing should have come", THREE, None, None, [], "12:00:30", "12:01:30"),
        ("the next firing", UNLIMITED, None, ENDLESS, [], "12:00:40", "12:01:30"),
        ("the fence's end", THREE, counted("12:01", "12:02"), CRON, [], "12:03:40", "12:04:02"),
        ("completed: never", THREE, counted("12:01", "12:02", "12:03"), None, [], "12:04", None),
        (
            "suspended: never",
            *(spec(suspend=True), None, cronjob(spec(suspend=True), window("12:00:30")), [], "12:00:40", None),
        ),
    ],
)
def test_looks_again(
    case: str,
    asked: Spec,
    status: Status | None,
    cron: CronJob | None,
    jobs: Sequence[Job],
    now: str,
    again: str | None,
) -> None:
    assert plan(seen(asked, status, cron=cron, jobs=jobs), now).look_again_at == maybe_at(again), case


@pytest.mark.parametrize(
    "template",
    [
        {"spec": {"nodeSelector": {"disk": "ssd"}}},
        {"spec": {"containers": [{"name": "job", "env": [{"name": "SHOP", "value": "1"}]}]}},
        {"spec": {"containers": [{"name": "sidecar", "image": "x"}]}},
        {"metadata": {"annotations": {"team": "shop"}}},
    ],
)
def test_what_a_user_takes_out_of_the_template_goes_from_the_cronjob_too(template: dict[str, Any]) -> None:
    before = settled(seen(spec(3, template=template)), "12:00:30")
    mended = replace(before, scheduled_job=replace(before.scheduled_job, spec=THREE))
    assert writes(plan(mended, "12:00:50").steps) == ["ApplyCronJob"]
    assert plan(settled(mended, "12:00:50"), "12:00:55").steps == ()


@pytest.mark.parametrize(
    ("now", "slots", "following"),
    [
        ("12:03:00", [], "12:10:30"),
        ("12:09:00", [], "12:10:30"),
        ("12:10:55", [], "12:10:30"),  # it may come yet
        ("12:11:05", [], "12:20:30"),
        ("12:43:00", [], "12:50:30"),
        ("12:11:00", ["12:10:30"], "12:20:30"),
    ],
)
def test_the_next_time_of_an_interval_does_not_move_with_each_look(now: str, slots: list[str], following: str) -> None:
    asked = spec(schedule="@every 10m")
    world = seen(asked, counted(*slots), cron=cronjob(asked, window("12:00:30")))
    status = status_of(world, plan(world, now).steps)
    assert status.next_schedule_time == f"2026-01-05T{following}Z"


def test_an_interval_has_no_next_time_until_its_cronjob_is_made_and_is_looked_at_then() -> None:
    found = plan(seen(spec(schedule="@every 10m")), "12:00:30")
    assert status_of(seen(THREE), found.steps).next_schedule_time is None
    assert found.look_again_at == at("12:00:30") + planner.SETTLE
