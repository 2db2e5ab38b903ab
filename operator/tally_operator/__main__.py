"""`python -m tally_operator`: reads the settings, then lives as process.py tells."""

import asyncio
import gc
import logging
import os
import sys

from tally import logs

from tally_operator.config import Config, ConfigError
from tally_operator.process import Process

# The API server takes JSON of ten thousand levels, which Python reads and copies by functions that call themselves:
# one such object must not end the process.
_FRAMES = 50_000
# Python looks for cycles after each 700 new objects, which is what one request makes: 6% of the work.
_OBJECTS = 20_000
_log = logging.getLogger("tally_operator")


def main() -> int:
    """Run the operator until it is told to stop.

    Returns:
        The exit code: 0 after a stop, 1 when a part of it has failed, 2 when a setting is wrong, 3 when it does not
        lead any more.
    """
    sys.setrecursionlimit(_FRAMES)
    gc.set_threshold(_OBJECTS)
    logs.configure(os.environ, {})
    for chatty in ("kopf", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        config = Config.from_environ(os.environ)
    except ConfigError as error:
        _log.error("The operator cannot start: %s", error)
        return 2
    return asyncio.run(_live(config))


async def _live(config: Config) -> int:
    return await Process(config).run()


if __name__ == "__main__":
    sys.exit(main())
