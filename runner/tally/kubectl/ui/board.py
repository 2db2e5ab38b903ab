"""What all tabs look at: each row as HTML, made once however many tabs, and numbered by when it last changed."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tally.kubectl import observed
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.resources import Json
from tally.kubectl.ui.following import Changed, Deleted, Event, Listed, Lost
from tally.kubectl.ui.rows import Row, row


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A ScheduledJob on the board.

    Args:
        row: What is shown of it.
        html: How.
        serial: When it last changed.
    """

    row: Row
    html: str
    serial: int


@dataclass(frozen=True, kw_only=True)
class News:
    """What has changed since a tab last heard.

    Args:
        serial: What it has heard then.
        entries: What is new or has changed.
        gone: The uids of those that are no more.
    """

    serial: int
    entries: Sequence[Entry]
    gone: Sequence[str]


class Board:
    """All ScheduledJobs as they stand; belongs to one event loop.

    Args:
        clock: Gives the present time, aware.
        draw: Makes a row's HTML.
    """

    def __init__(self, clock: Callable[[], datetime], draw: Callable[[Row], str]) -> None:
        self.trouble = ""
        self.serial = 0
        self._clock = clock
        self._draw = draw
        self._entries: dict[str, Entry] = {}
        self._gone: dict[str, int] = {}
        self._changed = asyncio.Event()

    @property
    def entries(self) -> list[Entry]:
        """All of them, in the order of kubectl."""
        return sorted(self._entries.values(), key=lambda entry: (entry.row.job.namespace, entry.row.job.name))

    def take(self, event: Event) -> None:
        """Take in what the watch has seen."""
        self.serial += 1
        match event:
            case Listed(bodies):
                found = [observed.scheduled_job(body) for body in bodies]
                for uid in self._entries.keys() - {each.uid for each in found}:
                    self._drop(uid)
                for each in found:
                    self._put(each)
                self.trouble = ""
            case Changed(body):
                self._put(observed.scheduled_job(body))
            case Deleted(body):
                self._drop(str(body["metadata"]["uid"]))
            case Lost(error):
                self.trouble = str(error)
        self._changed.set()

    def refresh(self) -> None:
        """Draw anew what time alone has changed."""
        now = self._clock()
        old = [each.row for each in self._entries.values() if each.row.right_until and each.row.right_until <= now]
        if old:
            self.serial += 1
            for each in old:
                self._put(each.job, anew=True)
            self._changed.set()

    async def wait(self, since: int) -> None:
        """Wait until there is news since a serial."""
        while self.serial <= since:
            self._changed.clear()
            await self._changed.wait()

    def news(self, since: int) -> News:
        """Tell what has changed since a serial."""
        return News(
            serial=self.serial,
            entries=[entry for entry in self.entries if entry.serial > since],
            gone=[uid for uid, serial in self._gone.items() if serial > since],
        )

    def _put(self, job: ScheduledJob, *, anew: bool = False) -> None:
        known = self._entries.get(job.uid)
        if known is not None and not anew and _version(known.row.job.body) == _version(job.body):
            return
        shown = row(job, self._clock())
        self._entries[job.uid] = Entry(row=shown, html=self._draw(shown), serial=self.serial)

    def _drop(self, uid: str) -> None:
        if self._entries.pop(uid, None) is not None:
            self._gone[uid] = self.serial


def _version(body: Json) -> str:
    return str(body["metadata"]["resourceVersion"])
