"""Why a ScheduledJob is not running: each reason, and no reason where all is well."""

from datetime import timedelta

import pytest
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.reasons import needs_attention, reasons
from tally.kubectl.runs import runs

from tests.unit.runner.kubectl.objects import NOON, Json, conditions, job, pod, recent, scheduled_job

SLOT = NOON.replace(second=0)
NO_NODE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/1 nodes are available: 1 Insufficient cpu.",
}


def why(
    of: ScheduledJob, jobs: tuple[Json, ...] = (), pods: tuple[Json, ...] = (), events: tuple[Json, ...] = ()
) -> list[str]:
    return reasons(of, runs(of, jobs, pods), pods, events, NOON)


def test_all_is_well() -> None:
    status = {"conditions": conditions("Ready"), "nextScheduleTime": "2026-03-02T12:01:00Z"}
    waiting = scheduled_job(status=status)
    assert why(waiting) == []
    assert why(waiting, (job(SLOT),)) == []
    running = job(SLOT, "running")
    assert why(waiting, (running,), (pod(running, state={"running": {}}),)) == []


def test_suspended() -> None:
    resting = scheduled_job(suspend=True, status={"conditions": conditions("Ready")})
    assert why(resting) == ["It is suspended. Let it go on: kubectl tally resume sync-products -n shop"]
    assert needs_attention(resting, NOON) is None


def test_completed() -> None:
    status = {"executions": 2, "phase": "Completed", "conditions": conditions("Ready", "Complete")}
    (reason,) = why(scheduled_job(numberOfExecutions=2, status=status))
    assert reason.startswith("It is complete: executed 2 of 2 times. Raise spec.numberOfExecutions")
    assert needs_attention(scheduled_job(numberOfExecutions=2, status=status), NOON) is None


@pytest.mark.parametrize(
    ("cronjob", "kept"),
    [({}, ""), ({"cronJob": "sync-products"}, " Its CronJob goes on by the last sound spec.")],
)
def test_invalid_with_the_condition_s_own_message(cronjob: Json, kept: str) -> None:
    told = conditions("Stalled", reason="NeverFires", message="It does not fire. Write a day that comes.")
    invalid = scheduled_job(schedule="0 0 31 2 *", status={"phase": "Invalid", "conditions": told, **cronjob})
    assert why(invalid) == [f"NeverFires: It does not fire. Write a day that comes.{kept}"]
    assert needs_attention(invalid, NOON) == why(invalid)[0]


def test_a_schedule_without_a_next_time() -> None:
    never = scheduled_job(schedule="0 0 31 2 *", status={"conditions": conditions("Ready")})
    assert why(never) == ["The schedule '0 0 31 2 *' does not fire within five years."]


def test_a_zone_that_this_machine_does_not_know() -> None:
    elsewhere = scheduled_job(timeZone="Europe/Berlino", status={"conditions": conditions("Ready")})
    (reason,) = why(elsewhere)
    assert "'Europe/Berlino' is none that this machine knows" in reason


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (0, "The operator has not read it yet;"),
        (2, "The operator has read version 2 of the spec, and the newest is 3;"),
    ],
)
def test_the_operator_has_not_read_the_newest_spec(seen: int, told: str) -> None:
    status = {"observedGeneration": seen, "conditions": conditions("Ready")}
    behind = scheduled_job(generation=3, status=status)
    (reason,) = why(behind)
    assert reason.startswith(told)
    assert "Is it running? kubectl get deployments -A -l app.kubernetes.io/name=tally" in reason
    assert needs_attention(behind, NOON) == reason


def test_a_suspension_that_the_operator_has_not_read_is_told_too() -> None:
    told = why(scheduled_job(generation=3, suspend=True, status={"observedGeneration": 2}))
    assert [reason.split()[0] for reason in told] == ["The", "It"]


@pytest.mark.parametrize(("due", "overdue"), [("11:59:31", False), ("11:59:30", True), ("11:00:00", True)])
def test_a_next_time_that_has_passed_while_the_operator_said_nothing(due: str, overdue: bool) -> None:
    silent = scheduled_job(status={"conditions": conditions("Ready"), "nextScheduleTime": f"2026-03-02T{due}Z"})
    assert [reason.split(" ago")[0] for reason in why(silent)] == (
        [{"11:59:30": "It was due 1 min", "11:00:00": "It was due 1 h"}[due]] if overdue else []
    )


def test_forbid_while_the_last_run_goes_on() -> None:
    slot = SLOT - timedelta(minutes=3)
    status = {"conditions": conditions("Ready"), "recentExecutions": recent("running")}
    going_on = job(slot, "running")
    pods = (pod(going_on, state={"running": {}}),)
    assert why(scheduled_job(status=status), (going_on,), pods) == [
        "The run for Mon 2026-03-02 11:57 +00:00 still goes on, and concurrencyPolicy is Forbid: "
        "3 scheduled times have passed meanwhile, and the newest starts when it ends."
    ]
    assert why(scheduled_job(status=status, concurrencyPolicy="Allow"), (going_on,), pods) == []


def test_a_run_by_hand_keeps_no_other_one() -> None:
    by_hand = job(None, "running", name="sync-products-manual-abcde", late=-600)
    assert why(scheduled_job(status={"conditions": conditions("Ready")}), (by_hand,)) == []


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("ImagePullBackOff", "its image cannot be pulled (ImagePullBackOff: Back-off pulling)"),
        ("ErrImagePull", "its image cannot be pulled (ErrImagePull: Back-off pulling)"),
        ("CreateContainerConfigError", "its container cannot be made (CreateContainerConfigError: Back-off pulling)"),
    ],
)
def test_a_container_that_cannot_start(reason: str, told: str) -> None:
    going_on = job(SLOT, "running")
    state = {"waiting": {"reason": reason, "message": "Back-off pulling"}}
    name = going_on["metadata"]["name"]
    found = why(scheduled_job(), (going_on,), (pod(going_on, state=state),))
    assert found == [f"The pod {name}-pod1 waits: {told}"]


@pytest.mark.parametrize(("late", "told"), [(11, []), (10, ["20 s"]), (0, ["30 s"])])
def test_a_container_that_is_being_made_is_no_reason_for_some_seconds(late: int, told: list[str]) -> None:
    going_on = job(SLOT, "running", late=late)
    found = why(scheduled_job(), (going_on,), (pod(going_on, state={"waiting": {"reason": "ContainerCreating"}}),))
    name = f"{going_on['metadata']['name']}-pod1"
    assert found == [
        f"The pod {name} has not begun for {long}. Its events may say why: kubectl describe pod {name} -n shop"
        for long in told
    ]


def test_no_node_can_take_the_pod() -> None:
    going_on = job(SLOT, "running")
    (reason,) = why(scheduled_job(), (going_on,), (pod(going_on, conditions=[NO_NODE]),))
    assert reason.endswith("no node can take it (Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.)")


def test_a_job_that_gets_no_pod() -> None:
    going_on = job(SLOT, "running")
    name = going_on["metadata"]["name"]
    others = {"reason": "FailedCreate", "message": "of another", "involvedObject": {"name": "another"}}
    event = {"reason": "FailedCreate", "message": "exceeded quota: pods", "involvedObject": {"name": name}}
    assert why(scheduled_job(), (going_on,), events=(event, others)) == [
        f"The Job {name} gets no pod: exceeded quota: pods"
    ]


def test_a_job_that_got_its_pod_in_the_end() -> None:
    going_on = job(SLOT, "running", late=25)
    event = {
        "reason": "FailedCreate",
        "message": "exceeded quota: pods",
        "involvedObject": {"name": going_on["metadata"]["name"]},
    }
    has_a_node = {**NO_NODE, "status": "True"}
    young = (pod(going_on, conditions=[has_a_node]),)
    assert why(scheduled_job(), (going_on,), young, (event,)) == []
