"""kopf watches the ScheduledJobs for us, and does nothing else: no finalizer, no annotation, no event of its own."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import kopf

from tally_operator import names
from tally_operator.api import PAGE, WATCH_SECONDS, configured
from tally_operator.observed import Json
from tally_operator.watching import QUIET_SECONDS


async def watch(
    namespaces: tuple[str, ...],
    seen: Callable[[str | None, Json], None],
    stop: asyncio.Event,
    spawned: Callable[[], None],
) -> None:
    """Tell of ScheduledJobs until it is stopped.

    Args:
        namespaces: Which ones to watch; empty for all.
        seen: Takes an event's type, None for an object of a listing, and the ScheduledJob.
        stop: Ends it.
        spawned: Called when kopf has begun, and has taken the process's signals.

    Raises:
        Exception: kopf cannot go on.
    """
    # kopf waits for whatever begins after it, so what we have begun is none of its business.
    ours = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        registry=_registry(seen),
        settings=_settings(),
        standalone=True,
        clusterwide=not namespaces,
        namespaces=namespaces,
        stop_flag=stop,
    )
    spawned()
    await kopf.run_tasks(tasks, ignored=ours)


class _NoComparison(kopf.DiffBaseStorage):
    """Spares kopf from copying each object to find out what has changed, which is for handlers that we do not have."""

    def build(self, *, body: kopf.Body, extra_fields: Iterable[kopf.FieldSpec] | None = None) -> kopf.BodyEssence:
        del body, extra_fields
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> None:
        del body

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        del body, patch, essence


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True  # the CRD is there, and the namespaces are named or all
    settings.posting.enabled = False
    settings.persistence.diffbase_storage = _NoComparison()
    settings.queueing.idle_timeout = 0.1  # seconds for which kopf keeps a task for each object that it has told of
    settings.watching.chunk_size = PAGE  # ten thousand in one answer would take 100 MB
    settings.watching.server_timeout = WATCH_SECONDS
    settings.watching.client_timeout = WATCH_SECONDS + 30
    settings.watching.inactivity_timeout = QUIET_SECONDS
    return settings


def _registry(seen: Callable[[str | None, Json], None]) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.ConnectionInfo:  # noqa: ANN401
        # kopf's own login asks DNS for the API server, which not every cluster has.
        found = await configured()
        token = found.api_key.get("BearerToken", "").rpartition(" ")[2]
        return kopf.ConnectionInfo(
            server=found.host,
            ca_path=found.ssl_ca_cert,
            token=token or None,
            certificate_path=found.cert_file,
            private_key_path=found.key_file,
        )

    @kopf.on.event(names.GROUP, names.VERSION, names.PLURAL, registry=registry)
    async def tell(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401
        seen(event["type"], event["object"])

    return registry
