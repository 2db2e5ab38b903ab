"""What is measured: each execution once, when the status that counts it has been written, and each look and request."""

from dataclasses import replace
from typing import Any, cast

import pytest
from tally_operator import metrics
from tally_operator.api import Api, ApiError
from tally_operator.cluster import Cluster, StaleError
from tally_operator.model import Status
from tally_operator.observed import Observed
from tally_operator.reconciler import Reconciler
from tally_operator.steps import DeleteJob, Step
from tally_operator.store import Store

from tests.unit.operator.world import DEFAULTS, at, carried_out, counted, cronjob, plan, run, seen, spec, window

THREE = spec(3)
CRON = cronjob(THREE, window("12:00:30", "12:03", "12:04"))


class Readings:
    """How much each series has grown since the last reading."""

    def __init__(self) -> None:
        self._before = self._now()

    def grown(self, name: str) -> dict[str, float]:
        """Give the series of a metric that have grown, by the values of their labels."""
        now = self._now()
        found = {
            labels: value - self._before.get((each, labels), 0) for (each, labels), value in now.items() if each == name
        }
        return {labels: value for labels, value in found.items() if value}

    @staticmethod
    def _now() -> dict[tuple[str, str], float]:
        return {
            (sample.name, ",".join(sample.labels.values())): sample.value
            for family in metrics.REGISTRY.collect()
            for sample in family.samples
        }


@pytest.fixture
def readings() -> Readings:
    return Readings()


def looked(world: Observed, now: str) -> Observed:
    """Plan, carry everything out, account for it, and give the world after it."""
    steps = plan(world, now).steps
    for step in steps:
        metrics.carried_out(world, step, at(now))
    return carried_out(world, steps, now)


def executed(world: Observed, slot: str, outcome: Any = "succeeded", **times: str) -> Observed:  # noqa: ANN401 (Outcome)
    """Let a run start and end, with a look after each."""
    others = tuple(job for job in world.jobs if job.slot != at(slot))
    world = looked(replace(world, jobs=(*others, run(slot, "running", **times))), f"{slot}:05")
    world = looked(replace(world, jobs=(*others, run(slot, outcome, **times, completed=f"{slot}:47"))), f"{slot}:50")
    return looked(world, f"{slot}:51")


def test_an_execution_is_counted_once_at_its_start_and_once_at_its_end(readings: Readings) -> None:
    world = executed(seen(THREE, counted(), cron=CRON), "12:01", created="12:01:07")
    world = executed(world, "12:02", "failed", created="12:02:02")
    assert readings.grown("tally_executions_started_total") == {"": 2}
    assert readings.grown("tally_executions_total") == {"succeeded": 1, "failed": 1}
    assert readings.grown("tally_execution_duration_seconds_sum") == {"succeeded": 40, "failed": 45}
    assert readings.grown("tally_execution_lateness_seconds_count") == {"": 2}
    assert readings.grown("tally_execution_lateness_seconds_sum") == {"": 9}


def test_what_was_counted_before_a_restart_is_not_counted_again(readings: Readings) -> None:
    status = counted("12:01", "12:02", missed=4, failed=3)
    world = seen(THREE, status, cron=CRON, jobs=[run("12:01"), run("12:02")])
    looked(looked(world, "12:02:30"), "12:02:40")
    for name in ("executions_started", "executions", "executions_missed"):
        assert readings.grown(f"tally_{name}_total") == {}
    assert readings.grown("tally_execution_lateness_seconds_count") == {}


def test_what_ran_while_no_operator_was_there_is_counted(readings: Readings) -> None:
    jobs = [run("12:01"), run("12:02", "failed", completed="12:02:30"), run("12:03", "running")]
    looked(seen(spec(9), counted(), cron=cronjob(spec(9), window("12:00:30", "12:09", "12:10")), jobs=jobs), "12:03:30")
    assert readings.grown("tally_executions_started_total") == {"": 3}
    assert readings.grown("tally_executions_total") == {"succeeded": 1, "failed": 1}


def test_a_job_that_came_and_went_between_two_looks_was_as_late_as_it_was(readings: Readings) -> None:
    gone = run("12:01", created="12:01:03", completed="12:01:04", deleting=True)
    looked(seen(THREE, counted(), cron=CRON, gone=(gone,)), "12:01:10")
    assert readings.grown("tally_execution_lateness_seconds_sum") == {"": 3}


def test_a_job_that_has_gone_unseen_is_unknown(readings: Readings) -> None:
    cron = replace(CRON, last_schedule_time=at("12:01"))
    looked(seen(THREE, counted(), cron=cron, watching_since="12:01:30"), "12:01:40")
    assert readings.grown("tally_executions_total") == {"unknown": 1}
    assert readings.grown("tally_execution_duration_seconds_count") == {}


def test_missed_times_are_counted(readings: Readings) -> None:
    unlimited = spec()
    world = seen(unlimited, counted("12:01"), cron=cronjob(unlimited, window("12:00:30")), jobs=[run("12:01")])
    executed(world, "12:04")
    assert readings.grown("tally_executions_missed_total") == {"": 2}


def test_the_limit_takes_from_the_last_job_to_the_end_of_its_cronjob(readings: Readings) -> None:
    world = seen(THREE, counted("12:01", "12:02", observed_generation=1), cron=CRON, jobs=[run("12:03", "running")])
    looked(looked(world, "12:03:04"), "12:03:09")
    assert readings.grown("tally_limit_latency_seconds_sum") == {"": 4}
    again = replace(world, cronjob=CRON)  # before the watch tells of the deletion
    looked(again, "12:03:30")
    assert readings.grown("tally_limit_latency_seconds_count") == {"": 1}


@pytest.mark.parametrize("more", [{"rival": "older"}, {}])
def test_a_cronjob_that_goes_for_another_reason_tells_nothing_of_the_limit(
    readings: Readings, more: dict[str, Any]
) -> None:
    cron = replace(CRON, uid=f"cronjob-of-{more}")
    # The name is another's, or the limit came down to what was counted long ago.
    status = counted("12:01", "12:02", "12:03", observed_generation=1 if more else 0)
    asked = spec(9) if more else spec(3)
    world = seen(asked, status, cron=cron, jobs=[run("12:03")], **more)
    assert "DeleteCronJob" in [type(step).__name__ for step in plan(world, "12:30").steps]
    looked(world, "12:30")
    assert readings.grown("tally_limit_latency_seconds_count") == {}


def test_a_surplus_job_is_counted_when_it_is_deleted_and_only_once(readings: Readings) -> None:
    world = seen(THREE, counted("12:01", "12:02", "12:03"), jobs=[run("12:04", "running")])
    for _ in range(2):
        looked(world, "12:04:01")
    metrics.carried_out(world, DeleteJob(job="old", uid="uid-of-old", why="history"), at("12:05"))
    assert readings.grown("tally_surplus_jobs_deleted_total") == {"": 1}


@pytest.mark.parametrize("refused", [None, ApiError(409, "Conflict", "x"), TimeoutError()])
async def test_a_look_is_measured_and_its_executions_count_only_if_they_were_written(
    readings: Readings, refused: Exception | None
) -> None:
    class OneRun(Cluster):
        async def _carry_out(self, *_: Any) -> None:  # noqa: ANN401
            if refused:
                raise refused

    class OneObject(Store):
        def observe(self, *_: Any) -> Observed:  # noqa: ANN401
            return seen(THREE, counted(), cron=CRON, jobs=[run("12:01", "running")])

    class Clock:
        def now(self) -> Any:  # noqa: ANN401
            return at("12:01:02")

    store = OneObject()
    reconciler = Reconciler(store, OneRun(cast("Api", None), store), Clock(), DEFAULTS, at("12:00"))
    key = seen(THREE).scheduled_job.key
    if refused:
        with pytest.raises((StaleError, TimeoutError)) as caught:
            await reconciler.reconcile(key)
        assert readings.grown("tally_reconcile_errors_total") == {caught.type.__name__: 1}
    else:
        await reconciler.reconcile(key)
        assert readings.grown("tally_reconcile_errors_total") == {}
    assert readings.grown("tally_reconcile_duration_seconds_count") == {"": 1}
    assert readings.grown("tally_executions_started_total") == ({} if refused else {"": 1})


@pytest.mark.parametrize(
    ("method", "path", "watch", "named"),
    [
        ("GET", "/apis/tally.dev/v1/scheduledjobs", False, ("list", "scheduledjobs")),
        ("GET", "/apis/batch/v1/namespaces/shop/jobs", True, ("watch", "jobs")),
        ("GET", "/apis/batch/v1/namespaces/shop/cronjobs/v1", False, ("get", "cronjobs")),
        ("PATCH", "/apis/batch/v1/namespaces/shop/cronjobs/sync", False, ("patch", "cronjobs")),
        (
            "PATCH",
            "/apis/tally.dev/v1/namespaces/shop/scheduledjobs/a/status",
            False,
            ("patch", "scheduledjobs/status"),
        ),
        ("DELETE", "/apis/batch/v1/namespaces/shop/jobs/sync-1", False, ("delete", "jobs")),
        ("POST", "/apis/events.k8s.io/v1/namespaces/shop/events", False, ("create", "events")),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/x/leases/tally", False, ("update", "leases")),
        ("GET", "/api/v1/namespaces/shop/pods", False, ("list", "pods")),
        ("GET", "/api/v1/namespaces/shop", False, ("get", "namespaces")),
        ("GET", "/version", False, ("list", "other")),
    ],
)
def test_a_request_is_named_as_in_a_role(method: str, path: str, watch: bool, named: tuple[str, str]) -> None:
    assert metrics.request_named(method, path, watch=watch) == named


def test_a_request_is_counted_by_its_answer(readings: Readings) -> None:
    with metrics.requesting("GET", "/api/v1/pods", watch=False) as answered:
        answered(200)
    with metrics.requesting("GET", "/api/v1/pods", watch=True) as answered:
        answered(410)
    with pytest.raises(TimeoutError), metrics.requesting("GET", "/api/v1/pods", watch=False):
        raise TimeoutError
    assert readings.grown("tally_api_requests_total") == {"list,pods,200": 1, "watch,pods,410": 1, "list,pods,none": 1}
    assert readings.grown("tally_api_request_duration_seconds_count") == {"list,pods": 2}


def test_a_status_that_somebody_has_set_back_takes_nothing_away(readings: Readings) -> None:
    world = seen(THREE, counted("12:01", "12:02", missed=4))
    step: Step = next(step for step in plan(seen(THREE, Status()), "12:00:30").steps if hasattr(step, "status"))
    metrics.carried_out(world, step, at("12:03"))
    assert readings.grown("tally_executions_started_total") == {}
