"""One look at one ScheduledJob: observe, plan, carry out. The controller decides when, the planner what."""

import logging
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from tally_operator import metrics, planner, status
from tally_operator.cluster import Cluster, RefusedError
from tally_operator.observed import Key, Observed
from tally_operator.render import Defaults
from tally_operator.steps import Plan, Step
from tally_operator.store import Store

_log = logging.getLogger(__name__)


class Clock(Protocol):
    """Tells the API server's time."""

    def now(self) -> datetime:
        """Give it in UTC, or a little less."""
        ...


class Reconciler:
    """Puts ScheduledJobs right, one at a time.

    Args:
        store: What the watches have told.
        cluster: Where plans are carried out.
        clock: The API server's time.
        defaults: What the installation says.
        watching_since: Since when no Job can have come and gone unseen; later, when the watch had to begin anew.
    """

    def __init__(
        self, store: Store, cluster: Cluster, clock: Clock, defaults: Defaults, watching_since: datetime
    ) -> None:
        self._store = store
        self._cluster = cluster
        self._clock = clock
        self._defaults = defaults
        self.watching_since = watching_since

    async def reconcile(self, key: Key) -> Plan | None:
        """Look at a ScheduledJob and put it right.

        Returns:
            What was carried out; None when the ScheduledJob has gone.

        Raises:
            StaleError: The world has changed since it was observed.
            ApiError, aiohttp.ClientError, TimeoutError: A request failed.
        """
        with metrics.reconciling():
            return await self._reconcile(key)

    async def _reconcile(self, key: Key) -> Plan | None:
        observed = await self._observe(key)
        if observed is None:
            return None
        now = self._clock.now()
        plan = planner.plan(observed, self._defaults, now)
        try:
            await self._carry_out(observed, plan)
        except RefusedError as error:
            _log.warning("%s/%s: %s", *key, error)
            # Some steps may have been carried out before: look anew.
            observed = self._store.observe(key, observed.watching_since) or observed
            plan = planner.plan(observed, self._defaults, now, error.refusal)
            await self._carry_out(observed, plan)
        self._store.forget_gone(observed)
        return plan

    async def _carry_out(self, observed: Observed, plan: Plan) -> None:
        def done(step: Step) -> None:
            metrics.carried_out(observed, step, self._clock.now())

        await self._cluster.carry_out(observed.scheduled_job, plan.steps, done)

    async def _observe(self, key: Key) -> Observed | None:
        observed = self._store.observe(key, self.watching_since)
        if observed is None:
            return None
        listed_at = None
        if planner.needs_listing(observed, self._clock.now()):
            listed_at = await self._cluster.list_jobs(observed.scheduled_job)
            observed = self._store.observe(key, self.watching_since)
        if observed is None:
            return None
        job = status.awaited_ending(observed.scheduled_job.status, observed.jobs)
        ending = await self._cluster.ending(key, job) if job else None
        return replace(observed, listed_at=listed_at, ending=ending)
