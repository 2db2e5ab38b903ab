"""A watch as its reader has it: the log of one kind, in order, but as late as the reader's lag says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tests.simulation.api_model import ApiServer, Body, Event, Kind


@dataclass
class View:
    """Reads one log.

    Args:
        lag: How old an event is before it is read, in seconds.
    """

    api: ApiServer
    kind: Kind
    lag: int = 0
    objects: dict[str, Body] = field(default_factory=dict)
    cursor: int = 0

    def relist(self) -> list[Body]:
        """Take what there is now, and read on from here."""
        self.cursor = len(self.api.log[self.kind])
        self.objects = dict(self.api.objects[self.kind])
        return list(self.objects.values())

    def read(self) -> list[Event]:
        """Read what is old enough."""
        log, news = self.api.log[self.kind], []
        while self.cursor < len(log) and log[self.cursor].at + timedelta(seconds=self.lag) <= self.api.now:
            event = log[self.cursor]
            self.cursor += 1
            news.append(event)
            name = event.body["metadata"]["name"]
            if event.type == "DELETED":
                self.objects.pop(name, None)
            else:
                self.objects[name] = event.body
        return news

    @property
    def is_current(self) -> bool:
        return self.cursor == len(self.api.log[self.kind])

    @property
    def next_news(self) -> datetime | None:
        """When there will be something to read, if nothing else happens."""
        if self.is_current:
            return None
        return self.api.log[self.kind][self.cursor].at + timedelta(seconds=self.lag)
