"""What is costly to draw is drawn once for all tabs, when there is news or it is old, and never most of the time."""

import asyncio
from collections.abc import Awaitable, Callable

_OLD_SECONDS = 20.0
_SHARE = 0.05  # of the time may go into drawing,
_LONGEST_REST = 2.0  # seconds; but nobody waits longer


class Shared:
    """A text that many ask for.

    Args:
        draw: Makes it.
        serial: Changes when it would be another.
    """

    def __init__(self, draw: Callable[[], Awaitable[str]], serial: Callable[[], int]) -> None:
        self._draw = draw
        self._serial = serial
        self._text = ""
        self._drawn = -1  # at which serial
        self._old = self._rests = 0.0  # until when, by the loop's clock
        self._one = asyncio.Lock()

    async def get(self) -> str:
        """Give it as it is now; whoever asks too soon waits."""
        clock = asyncio.get_running_loop().time
        async with self._one:
            if self._drawn == self._serial() and clock() < self._old:
                return self._text
            await asyncio.sleep(self._rests - clock())
            began, serial = clock(), self._serial()
            self._text = await self._draw()
            ended = clock()
            self._drawn, self._old = serial, ended + _OLD_SECONDS
            self._rests = ended + min(_LONGEST_REST, (ended - began) / _SHARE)
            return self._text
