"""What the watches have told, by key and by owner, so that a decision costs no request."""

import json
import sys
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from tally_operator import observed
from tally_operator.observed import CronJob, Job, Json, Key, Observed, ScheduledJob
from tally_operator.series import Series

_REMEMBERED = 10_000  # deleted objects


@dataclass(frozen=True, slots=True)
class _Known:
    """A ScheduledJob, packed, and of it what is asked for without a look at it.

    Args:
        job_name: Its `spec.name`, which must be unique in its namespace; "" where the spec cannot be read.
    """

    key: Key
    uid: str
    created: datetime
    deleting: bool
    job_name: Key
    series: Series
    source: bytes

    @classmethod
    def of(cls, body: Json) -> "_Known":
        """Read it once."""
        read = observed.scheduled_job(body)
        job_name = Key(read.key.namespace, read.spec.name if read.spec else "")
        source = observed.packed(body, "spec", "status")
        return cls(read.key, read.uid, read.created, read.deleting, job_name, Series.of(read), source)

    @property
    def whole(self) -> ScheduledJob:
        """All of it, read anew: ten thousand would take 80 MB."""
        return observed.scheduled_job(json.loads(self.source))


class Store:
    """The operator's picture of the cluster.

    Objects come from watches and from the answers to our own writes; the newer one wins, by resource version.
    """

    def __init__(self) -> None:
        self._scheduled_jobs: dict[Key, _Known] = {}
        self._by_job_name: dict[Key, set[Key]] = {}
        self._by_uid: dict[str, Key] = {}
        self._cronjobs: dict[Key, CronJob] = {}
        self._jobs: dict[str, dict[str, Job]] = {}
        self._gone: dict[str, dict[str, Job]] = {}
        self._versions: dict[str, int] = {}
        self._buried: deque[str] = deque()

    def put_scheduled_job(self, body: Json) -> set[Key]:
        """Take in a ScheduledJob.

        Returns:
            What is to be looked at again: itself and its rivals; nothing when it is no news.
        """
        if not self._is_news(body):
            return set()
        new = _Known.of(body)
        old = self._scheduled_jobs.get(new.key)
        if old is not None and old.uid != new.uid:
            self._forget(old)
        elif old is not None:
            self._leave_name(old)
        self._scheduled_jobs[new.key] = new
        self._by_uid[new.uid] = new.key
        rivals = self._by_job_name.setdefault(new.job_name, set())
        rivals.add(new.key)
        # The others' verdict depends on who there is, not on how this one does.
        return {new.key} if old is not None and not new.deleting else set(rivals)

    def drop_scheduled_job(self, body: Json) -> set[Key]:
        """Forget a ScheduledJob; the end of an older one of the same name is no end of the one that is known.

        Returns:
            What is to be looked at again: its rivals, of which one may take over; and itself, so that nothing waits for
            its next time.
        """
        known = self._scheduled_jobs.get(observed.key_of(body))
        if known is None or known.uid != body["metadata"]["uid"]:
            return set()
        return self._forget(known)

    def sync_scheduled_jobs(self, bodies: Iterable[Json], version: int) -> set[Key]:
        """Take a full listing of ScheduledJobs for what there is.

        Args:
            bodies: The ScheduledJobs.
            version: The listing's resource version: what is known of a later one stays.

        Returns:
            What is to be looked at again.
        """
        changed, present = _taken(bodies, self.put_scheduled_job)
        gone = [each for each in self._scheduled_jobs.values() if self._is_gone(each.uid, present, version)]
        return changed | {key for each in gone for key in self._forget(each)}

    def put_cronjob(self, body: Json) -> set[Key]:
        """Take in a CronJob that carries our label; returns what is to be looked at again."""
        if not self._is_news(body):
            return set()
        self._cronjobs[observed.key_of(body)] = observed.cronjob(body)
        return self._owner(body)

    def drop_cronjob(self, body: Json) -> set[Key]:
        """Forget a CronJob; returns what is to be looked at again."""
        key = observed.key_of(body)
        known = self._cronjobs.get(key)
        self._bury(body["metadata"]["uid"], int(body["metadata"]["resourceVersion"]))
        if known is not None and known.uid == body["metadata"]["uid"]:
            del self._cronjobs[key]
        # One whose name was taken by this CronJob may have it now.
        return self._owner(body) | self._by_job_name.get(key, set())

    def put_job(self, body: Json) -> set[Key]:
        """Take in a Job that carries our label; returns what is to be looked at again."""
        if not self._is_news(body):
            return set()
        job = observed.job(body)
        jobs = self._jobs.setdefault(observed.owner_of(body), {})
        old, jobs[job.name] = jobs.get(job.name), job
        return self._owner(body) if old != job else set()

    def drop_job(self, body: Json) -> set[Key]:
        """Take a Job for gone; returns what is to be looked at again."""
        owner = observed.owner_of(body)
        self._note_gone(owner, observed.job(body))
        self._bury(body["metadata"]["uid"], int(body["metadata"]["resourceVersion"]))
        known = self._jobs.get(owner, {}).get(body["metadata"]["name"])
        if known is not None and known.uid == body["metadata"]["uid"]:
            self._drop_job(owner, known)
        return self._owner(body)

    def sync_jobs(self, bodies: Iterable[Json], version: int, owner: str | None = None) -> set[Key]:
        """Take a full listing of Jobs for what there is.

        Args:
            bodies: The Jobs.
            version: The listing's resource version: what is known of a later one stays.
            owner: The uid of the ScheduledJob whose Jobs were listed; None when all were.

        Returns:
            What is to be looked at again.
        """
        changed, present = _taken(bodies, self.put_job)
        for uid in [owner] if owner else list(self._jobs):
            jobs = self._jobs.get(uid, {}).values()
            for gone in [job for job in jobs if self._is_gone(job.uid, present, version)]:
                self._drop_job(uid, gone)
                self._note_gone(uid, gone)
                changed |= {self._by_uid[uid]} if uid in self._by_uid else set()
        return changed

    def sync_cronjobs(self, bodies: Iterable[Json], version: int) -> set[Key]:
        """Take a full listing of CronJobs for what there is.

        Args:
            bodies: The CronJobs.
            version: The listing's resource version: what is known of a later one stays.

        Returns:
            What is to be looked at again.
        """
        changed, present = _taken(bodies, self.put_cronjob)
        gone = [each for each in self._cronjobs.values() if self._is_gone(each.uid, present, version)]
        return changed | {key for each in gone for key in self.drop_cronjob(each.body)}

    def end_cronjob(self, key: Key, uid: str) -> None:
        """Take a CronJob for one that goes, as the API server has agreed: no later look is to ask again."""
        known = self._cronjobs.get(key)
        if known is not None and known.uid == uid:
            self._cronjobs[key] = replace(known, deleting=True)

    def end_job(self, owner: str, name: str, uid: str) -> None:
        """Take a Job for one that goes; `owner` is its ScheduledJob's uid."""
        known = self._jobs.get(owner, {}).get(name)
        if known is not None and known.uid == uid:
            self._jobs[owner][name] = replace(known, deleting=True)

    def keys(self) -> set[Key]:
        """Give all ScheduledJobs' keys."""
        return set(self._scheduled_jobs)

    def version(self, key: Key) -> int | None:
        """Give the resource version of a ScheduledJob as it is known; None when it has gone."""
        known = self._scheduled_jobs.get(key)
        return None if known is None else self._versions[known.uid]

    def series(self) -> list[tuple[Key, Series, CronJob | None]]:
        """Give what is told of all ScheduledJobs, each with its own CronJob; may be asked in any thread."""
        # One call takes all, in C: a loop over the dictionary itself could see it change.
        return [(each.key, each.series, self._cronjob_of(each)) for each in list(self._scheduled_jobs.values())]

    def observe(self, key: Key, watching_since: datetime) -> Observed | None:
        """Put together what a decision rests on; None when the ScheduledJob has gone."""
        known = self._scheduled_jobs.get(key)
        if known is None:
            return None
        return Observed(
            scheduled_job=known.whole,
            watching_since=watching_since,
            rival=self._rival(known),
            cronjob=self._cronjobs.get(known.job_name),
            jobs=tuple(self._jobs.get(known.uid, {}).values()),
            gone=tuple(self._gone.get(known.uid, {}).values()),
        )

    def forget_gone(self, seen: Observed) -> None:
        """Forget the Jobs that have gone, once a plan that knew of them has been carried out."""
        gone = self._gone.get(seen.scheduled_job.uid, {})
        for job in seen.gone:
            gone.pop(job.uid, None)

    def _drop_job(self, owner: str, job: Job) -> None:
        jobs = self._jobs[owner]
        del jobs[job.name]
        if not jobs:
            del self._jobs[owner]

    def _note_gone(self, owner: str, job: Job) -> None:
        # Between two looks a Job may come and go: deleted by hand, or by the CronJob controller, which replaces it.
        if job.slot is not None and owner in self._by_uid:
            self._gone.setdefault(owner, {})[job.uid] = replace(job, deleting=True)

    def _forget(self, old: _Known) -> set[Key]:
        del self._scheduled_jobs[old.key]
        self._by_uid.pop(old.uid, None)
        self._jobs.pop(old.uid, None)
        self._gone.pop(old.uid, None)
        self._bury(old.uid, sys.maxsize)  # a uid never comes back
        return {old.key} | self._leave_name(old)

    def _leave_name(self, old: _Known) -> set[Key]:
        rivals = self._by_job_name.get(old.job_name, set())
        rivals.discard(old.key)
        if not rivals:
            self._by_job_name.pop(old.job_name, None)
        return set(rivals)

    def _rival(self, known: _Known) -> str | None:
        """Name the oldest ScheduledJob with the same `spec.name`, unless it is this one."""
        if not known.job_name.name:
            return None
        rivals = [self._scheduled_jobs[key] for key in self._by_job_name.get(known.job_name, ())]
        oldest = min([known, *(each for each in rivals if not each.deleting)], key=_age)
        return None if oldest.uid == known.uid else oldest.key.name

    def _cronjob_of(self, known: _Known) -> CronJob | None:
        cronjob = self._cronjobs.get(known.job_name)
        return cronjob if cronjob is not None and cronjob.owner == known.uid else None

    def _owner(self, body: Json) -> set[Key]:
        key = self._by_uid.get(observed.owner_of(body))
        return {key} if key else set()

    def _is_gone(self, uid: str, present: set[str], version: int) -> bool:
        """Tell what a listing no longer has from what has come since: a watch or an answer may be ahead of it."""
        return uid not in present and self._versions.get(uid, 0) <= version

    def _bury(self, uid: str, version: int) -> None:
        """Remember a deleted object for a while: the answer to a write of ours may come after the news of its end."""
        self._versions[uid] = max(version, self._versions.get(uid, version))
        self._buried.append(uid)
        if len(self._buried) > _REMEMBERED:
            self._versions.pop(self._buried.popleft(), None)

    def _is_news(self, body: Json) -> bool:
        metadata = body["metadata"]
        version = int(metadata["resourceVersion"])
        if self._versions.get(metadata["uid"], -1) >= version:
            return False
        self._versions[metadata["uid"]] = version
        return True


def _taken(bodies: Iterable[Json], put: Callable[[Json], set[Key]]) -> tuple[set[Key], set[str]]:
    """Take in the objects of a listing one by one; give what is to be looked at again, and the uids."""
    changed: set[Key] = set()
    present: set[str] = set()
    for body in bodies:
        changed |= put(body)
        present.add(body["metadata"]["uid"])
    return changed, present


def _age(known: _Known) -> tuple[datetime, str]:
    return known.created, known.uid
