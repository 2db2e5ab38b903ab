"""`python -m tally_operator`: reads the settings, then kopf runs the process and watches ScheduledJobs."""

import asyncio
import logging
import os
import sys
from typing import Any

import kopf
from tally import logs

from tally_operator import names
from tally_operator.api import WATCH_SECONDS, configured
from tally_operator.config import Config, ConfigError
from tally_operator.controller import Controller

_log = logging.getLogger("tally_operator")


def main() -> int:
    """Run the operator until it is told to stop.

    Returns:
        The exit code: 0 after a stop, 1 when a part of it has failed, 2 when a setting is wrong.
    """
    logs.configure(os.environ, {})
    for chatty in ("kopf", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        config = Config.from_environ(os.environ)
    except ConfigError as error:
        _log.error("The operator cannot start: %s", error)
        return 2
    return _run(config)


def _run(config: Config) -> int:
    stop = asyncio.Event()
    failed: list[bool] = []

    def fail() -> None:
        failed.append(True)
        stop.set()

    kopf.run(
        registry=_registry(config, fail),
        settings=_settings(),
        standalone=True,
        clusterwide=not config.namespaces,
        namespaces=config.namespaces,
        liveness_endpoint=f"http://0.0.0.0:{config.port}/healthz",
        stop_flag=stop,
    )
    return 1 if failed else 0


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True  # the CRD is there, and the namespaces are named or all
    settings.posting.enabled = False
    settings.watching.server_timeout = WATCH_SECONDS
    settings.watching.client_timeout = WATCH_SECONDS + 30
    settings.batching.batch_window = 0.01  # seconds; our queue coalesces by itself
    return settings


def _registry(config: Config, fail: Any) -> kopf.OperatorRegistry:  # noqa: ANN401 (a callback)
    registry = kopf.OperatorRegistry()
    controllers: list[Controller] = []

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

    @kopf.on.startup(registry=registry)
    async def start(**_: Any) -> None:  # noqa: ANN401
        controller = Controller(config, fail)
        await controller.start()
        controllers.append(controller)

    @kopf.on.cleanup(registry=registry)
    async def stop(**_: Any) -> None:  # noqa: ANN401
        for controller in controllers:
            await controller.stop()

    @kopf.on.event(names.GROUP, names.VERSION, names.PLURAL, registry=registry)
    async def seen(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401
        controllers[0].seen(event["type"], event["object"])

    return registry


if __name__ == "__main__":
    sys.exit(main())
