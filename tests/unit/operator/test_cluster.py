"""The writes: each step is the request that it says, and a refusal is judged by what it means."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tally_operator.api import Api, ApiError
from tally_operator.cluster import Cluster, RefusedError, StaleError
from tally_operator.model import LastExecution, Status
from tally_operator.observed import Key
from tally_operator.steps import (
    AdoptJob,
    ApplyCronJob,
    CreateCronJob,
    DeleteCronJob,
    DeleteJob,
    Emit,
    ForgetPassed,
    Step,
    WriteStatus,
)
from tally_operator.store import Store

from tests.unit.operator.world import CRONJOB_UID, KEY, UID, at, cronjob, scheduled_job, spec, window

BODY = cast("dict[str, Any]", cronjob(spec(3), window("12:00:30", "12:03", "12:04")).body)
CRONJOB = "/apis/batch/v1/namespaces/shop/cronjobs/sync"
JOB = "/apis/batch/v1/namespaces/shop/jobs/sync-1"
STATUS = "/apis/tally.dev/v1/namespaces/shop/scheduledjobs/sync/status"

OBJECT = {
    "metadata": {
        "namespace": "shop",
        "name": "sync",
        "uid": UID,
        "resourceVersion": "7",
        "creationTimestamp": "2026-01-05T12:00:00Z",
    },
    "spec": {"name": "sync", "schedule": "* * * * *"},
}
CREATE = CreateCronJob(body=BODY)
APPLY = ApplyCronJob(uid=CRONJOB_UID, version="5", body=BODY)
FORGET = ForgetPassed(cronjob="sync", uid=CRONJOB_UID, version="5", until=at("12:20:10"))
ADOPT = AdoptJob(job="sync-1", uid="job-1")
EMIT = Emit(type="Normal", reason="Scheduled", message="It is scheduled.")
WRITE = WriteStatus(status=Status(executions=1))


@dataclass
class Requests:
    """Stands in for the API: notes what is asked, and fails once if it is told to."""

    error: ApiError | None = None
    made: list[tuple[str, str, Any]] = field(default_factory=list)
    there: list[dict[str, Any]] = field(default_factory=list)
    deletes: bool = True

    async def list(self, path: str, query: dict[str, str]) -> tuple[list[dict[str, Any]], str]:
        assert (path, query) == (CRONJOB.removesuffix("/sync"), {"fieldSelector": "metadata.name=sync"})
        return self.there, "9"

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._answer("create", path, body)

    async def merge(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._answer("merge", path, body)

    async def apply(self, path: str, body: dict[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        return self._answer("try" if dry_run else "apply", path, body)

    async def delete(self, path: str, uid: str, propagation: str) -> bool:
        self._answer("delete", path, (uid, propagation))
        return self.deletes

    def _answer(self, verb: str, path: str, body: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON or a deletion's options)
        self.made.append((verb, path, body))
        if self.error:
            raise self.error
        metadata = {"name": "sync", "namespace": "shop", "uid": "x", "creationTimestamp": "2026-01-05T12:00:00Z"}
        return {**BODY, "metadata": {**metadata, "resourceVersion": str(100 + len(self.made))}}


async def carried_out(*steps: Step, error: ApiError | None = None, old: Status | None = None) -> Requests:
    requests = Requests(error)
    await Cluster(cast("Api", requests), Store()).carry_out(scheduled_job(spec(3), old), steps)
    return requests


async def test_a_status_is_written_as_a_difference_over_what_was_seen() -> None:
    last = LastExecution(job="a", scheduled_time="t", outcome="failed", exit_code=1, message="no stock")
    old = Status(executions=1, phase="Running", remaining=2, last_execution=last)
    gone = last.model_copy(update={"exit_code": None, "message": None, "outcome": "succeeded"})
    new = old.model_copy(update={"executions": 2, "remaining": None, "last_execution": gone})
    requests = await carried_out(WriteStatus(status=new), old=old)
    ((verb, path, body),) = requests.made
    assert (verb, path) == ("merge", STATUS)
    assert body == {
        "metadata": {"uid": UID, "resourceVersion": "7"},
        "status": {
            "executions": 2,
            "remaining": None,
            "lastExecution": {"outcome": "succeeded", "exitCode": None, "message": None},
        },
    }


async def test_steps_are_carried_out_in_their_order() -> None:
    deletions = (DeleteCronJob(cronjob="sync", uid=CRONJOB_UID), DeleteJob(job="sync-1", uid="job-1", why="history"))
    requests = await carried_out(ADOPT, *deletions)
    owner = {"apiVersion": "tally.dev/v1", "kind": "ScheduledJob", "name": "sync", "uid": UID, "controller": True}
    assert requests.made == [
        ("merge", JOB, {"metadata": {"uid": "job-1", "ownerReferences": [owner]}}),
        ("delete", CRONJOB, (CRONJOB_UID, "Orphan")),
        ("delete", JOB, ("job-1", "Background")),
    ]


@pytest.mark.parametrize("agreed", [True, False])
async def test_a_deletion_is_asked_for_once_the_api_server_has_agreed(agreed: bool) -> None:
    store = Store()
    store.put_scheduled_job(OBJECT)
    labels = {"tally.dev/owner": UID, "tally.dev/name": "sync"}
    metadata = {**OBJECT["metadata"], "name": "sync-1", "uid": "job-1", "labels": labels}
    store.put_job({"metadata": metadata, "status": {}})
    delete = DeleteJob(job="sync-1", uid="job-1", why="history")
    await Cluster(cast("Api", Requests(deletes=agreed)), store).carry_out(scheduled_job(spec(3)), (delete,))
    seen = store.observe(KEY, at("12:00"))
    assert seen is not None
    assert [job.deleting for job in seen.jobs] == [agreed]


async def test_what_is_forgotten_is_marked_in_the_same_request_and_then_applied_over() -> None:
    tried, forget, apply = (await carried_out(FORGET, APPLY)).made
    assert (tried[0], tried[2]["metadata"]["resourceVersion"]) == ("try", "5")
    verb, path, body = forget
    assert (verb, path) == ("merge", f"{CRONJOB}/status")
    assert body["status"] == {"lastScheduleTime": "2026-01-05T12:20:10Z"}
    assert body["metadata"]["annotations"] == {"tally.dev/forgotten": "2026-01-05T12:20:10Z"}
    assert body["metadata"]["resourceVersion"] == "5"
    assert apply[2]["metadata"]["resourceVersion"] == "102", "as the request before has left it"


async def test_an_apply_takes_away_what_others_added() -> None:
    removal = {"spec": {"startingDeadlineSeconds": None}}
    apply, merge = (await carried_out(ApplyCronJob(uid=CRONJOB_UID, version="5", body=BODY, removal=removal))).made
    assert (apply[0], apply[2]["metadata"]["uid"], apply[2]["metadata"]["resourceVersion"]) == (
        "apply",
        CRONJOB_UID,
        "5",
    )
    assert merge == ("merge", CRONJOB, {"metadata": {"uid": CRONJOB_UID}, **removal})


@pytest.mark.parametrize(
    ("step", "error", "reason", "says"),
    [
        (CREATE, ApiError(422, "Invalid", "spec.x: bad"), "InvalidTemplate", "spec.x: bad"),
        (CREATE, ApiError(400, "BadRequest", "cannot be read"), "InvalidTemplate", "cannot be read"),
        (APPLY, ApiError(422, "Invalid", "spec.x: bad"), "InvalidTemplate", "spec.x: bad"),
        (APPLY, ApiError(500, "", "failed to create typed patch object (...): .spec.x"), "InvalidTemplate", ".spec.x"),
        (CREATE, ApiError(500, "", "failed to convert new object (...): bad"), "InvalidTemplate", "bad"),
        (CREATE, ApiError(403, "Forbidden", "exceeded quota"), "ApplyFailed", "exceeded quota"),
    ],
)
async def test_a_refusal_for_good_is_said(step: Step, error: ApiError, reason: str, says: str) -> None:
    with pytest.raises(RefusedError) as caught:
        await carried_out(step, error=error)
    assert caught.value.refusal.reason == reason
    assert says in caught.value.refusal.message


async def test_nothing_is_forgotten_for_a_cronjob_that_is_refused() -> None:
    requests = Requests(ApiError(422, "Invalid", "spec.x: bad"))
    with pytest.raises(RefusedError):
        await Cluster(cast("Api", requests), Store()).carry_out(scheduled_job(spec(3)), (FORGET, APPLY))
    assert [verb for verb, _, _ in requests.made] == ["try"]


SEEN = {"uid": CRONJOB_UID, "resourceVersion": "5", "creationTimestamp": "2026-01-05T12:00:00Z"}
TAKEN = ApiError(409, "AlreadyExists", "x")


async def test_a_cronjob_of_another_owner_is_a_conflict_and_is_left_alone() -> None:
    theirs = {**BODY, "metadata": {**BODY["metadata"], **SEEN, "ownerReferences": []}}
    requests = Requests(TAKEN, there=[theirs])
    with pytest.raises(RefusedError, match="'sync' is there already") as caught:
        await Cluster(cast("Api", requests), Store()).carry_out(scheduled_job(spec(3)), (CREATE,))
    assert caught.value.refusal.reason == "CronJobConflict"
    assert [verb for verb, _, _ in requests.made] == ["create"]


async def test_a_cronjob_of_ours_that_no_watch_has_told_of_is_taken_up() -> None:
    requests, store = Requests(TAKEN, there=[{**BODY, "metadata": {**BODY["metadata"], **SEEN}}]), Store()
    metadata = {"namespace": "shop", "name": "sync", "uid": UID, **{k: SEEN[k] for k in SEEN if k != "uid"}}
    store.put_scheduled_job({"metadata": metadata, "spec": {"name": "sync", "schedule": "* * * * *"}})
    with pytest.raises(StaleError):
        await Cluster(cast("Api", requests), store).carry_out(scheduled_job(spec(3)), (CREATE,))
    assert [verb for verb, _, _ in requests.made] == ["create"]
    seen = store.observe(Key("shop", "sync"), at("12:00"))
    assert seen is not None
    assert seen.cronjob is not None
    assert seen.cronjob.uid == CRONJOB_UID


async def test_a_cronjob_that_is_there_no_more_is_made_at_the_next_look() -> None:
    with pytest.raises(StaleError):
        await carried_out(CREATE, error=TAKEN)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (WRITE, ApiError(409, "Conflict", "x")),
        (WRITE, ApiError(404, "NotFound", "x")),
        (APPLY, ApiError(409, "Conflict", "x")),
        (APPLY, ApiError(404, "NotFound", "x")),
        (FORGET, ApiError(409, "Conflict", "x")),
        (DeleteCronJob(cronjob="sync", uid=CRONJOB_UID), ApiError(409, "Conflict", "x")),
    ],
)
async def test_a_world_that_has_changed_is_looked_at_again(step: Step, error: ApiError) -> None:
    with pytest.raises(StaleError):
        await carried_out(step, APPLY, error=error)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (CREATE, ApiError(500, "InternalError", "etcd is away")),
        (APPLY, ApiError(429, "TooManyRequests", "later", 1.0)),
        (WRITE, ApiError(422, "Invalid", "x")),
        (WRITE, ApiError(503, "ServiceUnavailable", "x")),
        (ADOPT, ApiError(403, "Forbidden", "x")),
    ],
)
async def test_what_may_pass_is_raised_as_it_is(step: Step, error: ApiError) -> None:
    with pytest.raises(ApiError) as caught:
        await carried_out(step, error=error)
    assert caught.value is error


@pytest.mark.parametrize("status", [404, 409])
async def test_a_job_that_has_gone_need_not_be_adopted(status: int) -> None:
    await carried_out(ADOPT, error=ApiError(status, "", "x"))


async def test_after_a_failed_step_nothing_more_is_tried() -> None:
    requests = Requests(ApiError(500, "", "x"))
    with pytest.raises(ApiError):
        await Cluster(cast("Api", requests), Store()).carry_out(scheduled_job(spec(3)), (WRITE, CREATE, EMIT))
    assert [verb for verb, _, _ in requests.made] == ["merge"]
