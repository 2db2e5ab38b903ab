"""What tells that a part of the operator is stuck: a watch that is silent, a key that is held, a queue that stands.

An API server that is away is no reason to fail: a try that failed is a sign of life, and a restart would not help.
"""

from collections.abc import Hashable, Iterable, Set
from dataclasses import dataclass
from typing import Generic, TypeVar

from tally_operator.api import WATCH_SECONDS

# Seconds. The API server ends each watch, and a connection that died unnoticed has timed out long before.
SILENCE = WATCH_SECONDS + 120.0
# One look is some requests, each of at most half a minute.
HELD = 600.0

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Sign:
    """How long something has lasted.

    Args:
        what: Such as "the watch of Jobs has been silent".
        seconds: How long until now.
        limit: How long it may.
    """

    what: str
    seconds: float
    limit: float


def stuck(signs: Iterable[Sign]) -> str | None:
    """Say what has lasted for too long; None when nothing has."""
    found = [each for each in signs if each.seconds > each.limit]
    told = [f"{each.what} for {each.seconds:.0f} s; at most {each.limit:.0f} s are normal" for each in found]
    return "\n".join(told) or None


class Echo(Generic[K]):
    """Tells that a watch in other hands is stuck: what we have written it must come to tell.

    kopf tells only of objects, not of its watch. Versions of one kind of object grow.
    """

    def __init__(self) -> None:
        self._heard: dict[K, int] = {}
        self._awaited: dict[K, tuple[int, float]] = {}

    def expect(self, key: K, version: int, now: float) -> None:
        """Take in that an object has a version by now; `now` is of a stopwatch, in seconds."""
        if version > self._heard.get(key, -1) and key not in self._awaited:
            self._awaited[key] = (version, now)

    def hear(self, key: K, version: int) -> None:
        """Take in what the watch tells."""
        self._heard[key] = max(version, self._heard.get(key, version))
        if key in self._awaited and self._awaited[key][0] <= version:
            del self._awaited[key]

    def forget(self, key: K) -> None:
        """Take an object for gone."""
        self._heard.pop(key, None)
        self._awaited.pop(key, None)

    def keep(self, keys: Set[K]) -> None:
        """Forget what there is no more: a watch that began anew does not tell what went meanwhile."""
        for gone in (self._heard.keys() | self._awaited.keys()) - keys:
            self.forget(gone)

    def waiting(self, now: float) -> float:
        """Give how long, in seconds, the oldest echo has been awaited; 0 when there is none."""
        return max((now - since for _, since in self._awaited.values()), default=0.0)
