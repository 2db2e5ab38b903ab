"""`tally dev` as it is, by a clock on which a minute takes a second: `python -m tests.unit.runner.dev.fast FOLDER`."""

import asyncio
import contextlib
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tally.dev import main, session
from tally.errors import TallyError

SPEED = 60
_BEGAN = time.monotonic()


class FastClock(session.SystemClock):
    """The time of day when the process began, and from then on faster."""

    def now(self) -> datetime:
        began = datetime.fromisoformat(os.environ["BEGINS"]).replace(tzinfo=UTC)
        return began + SPEED * timedelta(seconds=time.monotonic() - _BEGAN)

    async def wait(self, wake: asyncio.Event, until: datetime | None) -> None:
        seconds = 60.0 if until is None else min(60.0, max(0.0, (until - self.now()).total_seconds()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds / SPEED):
                await wake.wait()


if __name__ == "__main__":
    try:
        sys.exit(main.run(Path(sys.argv[1]), os.environ, clock=FastClock()))
    except TallyError as error:
        sys.exit(f"tally: {error}")
