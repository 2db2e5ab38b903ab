"""Carries out a plan's steps against the API server; it decides nothing, but says what was refused and why."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tally_operator import instants, names, observed, termination
from tally_operator.api import Api, ApiError, Query, tolerated_absence
from tally_operator.observed import Ending, Job, Json, Key, ScheduledJob
from tally_operator.problems import Problem, cronjob_conflict
from tally_operator.recorder import Recorder
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

# What server-side apply says, as an internal error, of an unknown field, a wrong type or a double entry.
_UNREADABLE = ("failed to create typed patch object", "failed to convert new object")
_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """The API server refused a step for good: trying the same again does not help.

    Args:
        refusal: What to say in the status.
    """

    def __init__(self, refusal: Problem) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class StaleError(Exception):
    """What a plan rested on has changed meanwhile; look again."""


class Cluster:
    """The writes, and the few reads that no watch covers.

    Args:
        api: The API server.
        store: Learns what the answers say.
    """

    def __init__(self, api: Api, store: Store) -> None:
        self._api = api
        self._store = store
        self.recorder = Recorder(api)

    async def carry_out(
        self, scheduled_job: ScheduledJob, steps: tuple[Step, ...], done: Callable[[Step], None] = lambda _: None
    ) -> None:
        """Carry out steps in their order.

        Args:
            scheduled_job: What they are for.
            steps: As the planner gave them.
            done: Told of each one that has been carried out.

        Raises:
            RefusedError: The API server refused one for good.
            StaleError: The world has changed since it was observed.
            ApiError, aiohttp.ClientError, TimeoutError: One failed; the rest has not been tried.
        """
        # By the CronJob's version that was seen, the one that our own writes have made of it since.
        versions: dict[str, str] = {}
        if any(isinstance(step, ForgetPassed) for step in steps):
            await self._try_out(scheduled_job.key, steps)
        for step in steps:
            try:
                await self._carry_out(scheduled_job, step, versions)
            except ApiError as error:
                raise _judged(step, error) from error
            done(step)

    async def _try_out(self, key: Key, steps: tuple[Step, ...]) -> None:
        """Ask whether the CronJob would be taken: for one that is refused, no scheduled time is to be forgotten."""
        for step in steps:
            if isinstance(step, ApplyCronJob):
                try:
                    await self._api.apply(*_applied(key, step, step.version), dry_run=True)
                except ApiError as error:
                    raise _judged(step, error) from error

    async def list_jobs(self, scheduled_job: ScheduledJob) -> datetime:
        """List a ScheduledJob's Jobs anew, and give the API server's time from before it, or a little earlier."""
        listed_at = self._api.clock.now()
        query: Query = {"labelSelector": f"{names.LABEL_OWNER}={scheduled_job.uid}"}
        bodies, version = await self._api.list(_jobs(scheduled_job.key), query)
        self._store.sync_jobs(bodies, int(version), scheduled_job.uid)
        return listed_at

    async def ending(self, key: Key, job: Job) -> Ending:
        """Read what a finished Job's newest pod left in its termination message."""
        query: Query = {"labelSelector": f"batch.kubernetes.io/job-name={job.name}"}
        pods, _ = await self._api.list(f"/api/v1/namespaces/{key.namespace}/pods", query)
        return termination.read(list(pods))

    async def _carry_out(self, scheduled_job: ScheduledJob, step: Step, versions: dict[str, str]) -> None:
        key = scheduled_job.key
        match step:
            case WriteStatus():
                await self._write_status(scheduled_job, step)
            case CreateCronJob(body=body):
                await self._create_cronjob(scheduled_job, body)
            case ForgetPassed():
                versions[step.version] = await self._forget_passed(key, step)
            case ApplyCronJob():
                await self._apply(key, step, versions.get(step.version, step.version))
            case AdoptJob(job=name, uid=uid):
                adopted = {"metadata": {"uid": uid, "ownerReferences": [_owner_reference(scheduled_job)]}}
                with tolerated_absence():
                    await self._api.merge(f"{_jobs(key)}/{name}", adopted)
            case DeleteCronJob(cronjob=name, uid=uid):
                await self._delete_cronjob(key, name, uid)
            case DeleteJob(job=name, uid=uid, why=why):
                await self._delete_job(scheduled_job, name, uid, why)
            case Emit():
                self.recorder.record(scheduled_job, step)

    async def _create_cronjob(self, scheduled_job: ScheduledJob, body: dict[str, Any]) -> None:
        key, name = scheduled_job.key, body["metadata"]["name"]
        try:
            made = await self._api.create(_cronjobs(key), body)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            await self._take_up(scheduled_job, body)
            raise StaleError(f"the CronJob {name} is there already") from error
        self._store.put_cronjob(made)
        _log.info("%s/%s: made the CronJob %s", *key, name)

    async def _take_up(self, scheduled_job: ScheduledJob, body: dict[str, Any]) -> None:
        """Look whose the CronJob is that has the name: our own may have lost its label, or no watch has told of it."""
        path, metadata = _cronjobs(scheduled_job.key), body["metadata"]
        query: Query = {"fieldSelector": f"metadata.name={metadata['name']}"}
        found, _ = await self._api.list(path, query)
        for each in found:
            if observed.cronjob(each).owner != scheduled_job.uid:
                raise RefusedError(cronjob_conflict(metadata["name"]))
            if (each["metadata"].get("labels") or {}).items() >= metadata["labels"].items():
                self._store.put_cronjob(each)
            else:
                labels = {"metadata": {"uid": each["metadata"]["uid"], "labels": metadata["labels"]}}
                self._store.put_cronjob(await self._api.merge(f"{path}/{metadata['name']}", labels))

    async def _write_status(self, scheduled_job: ScheduledJob, step: WriteStatus) -> None:
        """Replace the status, if nobody has changed the ScheduledJob since: a merge patch that nulls what has gone."""
        changed = _merge_patch(scheduled_job.status.to_json(), step.status.to_json())
        metadata = {"uid": scheduled_job.uid, "resourceVersion": scheduled_job.resource_version}
        path = f"{_scheduled_jobs(scheduled_job.key)}/{scheduled_job.key.name}/status"
        body = await self._api.merge(path, {"metadata": metadata, "status": changed})
        self._store.put_scheduled_job(body)

    async def _forget_passed(self, key: Key, step: ForgetPassed) -> str:
        until = instants.write(step.until)
        annotations = {names.FORGOTTEN: until}
        metadata = {"uid": step.uid, "resourceVersion": step.version, "annotations": annotations}
        patch = {"metadata": metadata, "status": {"lastScheduleTime": until}}
        body = await self._api.merge(f"{_cronjobs(key)}/{step.cronjob}/status", patch)
        return str(body["metadata"]["resourceVersion"])

    async def _delete_cronjob(self, key: Key, name: str, uid: str) -> None:
        if await self._api.delete(f"{_cronjobs(key)}/{name}", uid, "Orphan"):
            self._store.end_cronjob(Key(key.namespace, name), uid)
            _log.info("%s/%s: deleted the CronJob %s, its Jobs stay", *key, name)

    async def _delete_job(self, scheduled_job: ScheduledJob, name: str, uid: str, why: str) -> None:
        key = scheduled_job.key
        if await self._api.delete(f"{_jobs(key)}/{name}", uid, "Background"):
            self._store.end_job(scheduled_job.uid, name, uid)
            _log.info("%s/%s: deleted the Job %s (%s)", *key, name, why)

    async def _apply(self, key: Key, step: ApplyCronJob, version: str) -> None:
        path, body = _applied(key, step, version)
        applied = await self._api.apply(path, body)
        if step.removal:
            applied = await self._api.merge(path, {"metadata": {"uid": step.uid}, **step.removal})
        self._store.put_cronjob(applied)
        _log.info("%s/%s: put the CronJob %s right", *key, applied["metadata"]["name"])


def _judged(step: Step, error: ApiError) -> Exception:
    """Tell apart what changed meanwhile, what is refused for good, and what may pass."""
    if error.status in (404, 409):
        return StaleError(str(error))
    if isinstance(step, CreateCronJob | ApplyCronJob):
        if error.status in (400, 422) or error.message.startswith(_UNREADABLE):
            return RefusedError(
                Problem(reason="InvalidTemplate", message=f"The API server refused the CronJob: {error.message}")
            )
        if error.status == 403:
            return RefusedError(
                Problem(reason="ApplyFailed", message=f"The CronJob could not be written: {error.message}")
            )
    return error


def _applied(key: Key, step: ApplyCronJob, version: str) -> tuple[str, dict[str, Any]]:
    """Give the path and the body of an apply that expects a version."""
    metadata = {**step.body["metadata"], "uid": step.uid, "resourceVersion": version}
    return f"{_cronjobs(key)}/{metadata['name']}", {**step.body, "metadata": metadata}


def _merge_patch(old: Json, new: Json) -> dict[str, Any]:
    """Give the merge patch (RFC 7386) that makes one object of another: what has gone is null, at every depth."""
    patch: dict[str, Any] = {}
    for name in {*old, *new}:
        before, after = old.get(name), new.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            patch |= {name: inner} if (inner := _merge_patch(before, after)) else {}
        elif before != after:
            patch[name] = after
    return patch


def _owner_reference(scheduled_job: ScheduledJob) -> dict[str, Any]:
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "name": scheduled_job.key.name,
        "uid": scheduled_job.uid,
        "controller": True,
    }


def _scheduled_jobs(key: Key) -> str:
    return f"/apis/{names.API_VERSION}/namespaces/{key.namespace}/{names.PLURAL}"


def _cronjobs(key: Key) -> str:
    return f"/apis/batch/v1/namespaces/{key.namespace}/cronjobs"


def _jobs(key: Key) -> str:
    return f"/apis/batch/v1/namespaces/{key.namespace}/jobs"
