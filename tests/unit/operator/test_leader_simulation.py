"""Candidates in a hostile world: requests and answers get lost or late, stopwatches differ, processes freeze and die.

Whatever happens, no two of them lead at a time; and when it is over, one does. A world is made from one seed.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tally_operator import leader
from tally_operator.leader import Candidate, Lease, Lost, Write

if TYPE_CHECKING:
    from collections.abc import Callable

TIME = datetime(2026, 11, 25, tzinfo=UTC)
TICK = 0.25  # seconds
STORM, CALM = 90.0, 40.0  # seconds


@dataclass
class Server:
    """Holds the Lease, and takes a write only over the version that the writer has seen."""

    lease: Lease | None = None
    version: int = 10
    history: list[tuple[int, Lease | None]] = field(default_factory=list)

    def write(self, seen: Lease | None, spec: dict[str, Any]) -> Lease | None:
        if (self.lease.version if self.lease else None) != (seen.version if seen else None):
            return None
        before = {} if seen is None else {"acquireTime": seen.acquired, "leaseTransitions": seen.transitions}
        self.version += 1
        self.lease = leader.read({"metadata": {"resourceVersion": str(self.version)}, "spec": {**before, **spec}})
        self.history.append((self.version, self.lease))
        return self.lease


@dataclass
class Request:
    """A write that was sent; its times are the world's, but for `sent_at`."""

    seen: Lease | None
    spec: dict[str, Any]
    sent_at: float
    arrives: float
    answered: float
    given_up: float
    done: bool = False
    answer: Lease | None = None


class Process:
    """One candidate, what it has sent, and what is done to it."""

    def __init__(self, number: int, choices: random.Random) -> None:
        self.number, self.lives = number, 0
        self.rate = choices.choice([0.92, 1.0, 1.08])
        self.frozen_until = self.cut_until = self.down_until = 0.0
        self.restart()

    def restart(self) -> None:
        self.lives += 1
        self.candidate = Candidate(me=f"{self.number}_{self.lives}")
        self.request: Request | None = None
        self.heard = 0

    def leads(self, now: float) -> bool:
        return leader.leads(self.candidate, self.clock(now))

    def clock(self, now: float) -> float:
        return now * self.rate + 1000 * self.number


class World:
    """Some processes and a server, for some minutes."""

    def __init__(self, seed: int) -> None:
        self.choices = random.Random(seed)
        self.now = 0.0
        self.server = Server()
        self.processes = [Process(number, self.choices) for number in range(self.choices.choice([2, 2, 3]))]
        self.astray: list[Request] = []
        self.storm = True
        self.terms_of_office: set[str] = set()

    def run(self) -> None:
        while self.now < STORM + CALM:
            self.now += TICK
            self.storm = self.now < STORM
            if self.storm:
                self._strike()
            else:
                self.astray.clear()
            for request in [each for each in self.astray if each.arrives <= self.now]:
                self.server.write(request.seen, request.spec)
                self.astray.remove(request)
            for process in self.choices.sample(self.processes, len(self.processes)):
                self._turn(process)
                self._check()

    def _strike(self) -> None:
        """Do something bad to somebody, every few seconds."""
        if self.choices.random() > TICK / 4:
            return
        process = self.choices.choice(self.processes)
        until = self.now + self.choices.choice([1.0, 4.0, 8.0, 15.0])
        blows: list[Callable[[], None]] = [
            lambda: setattr(process, "frozen_until", until),
            lambda: setattr(process, "cut_until", until),
            lambda: self._die(process, until),
            lambda: self._stop_well(process),
        ]
        self.choices.choice(blows)()

    def _turn(self, process: Process) -> None:
        if self.storm and self.now < max(process.frozen_until, process.down_until):
            return
        cut = self.storm and self.now < process.cut_until
        if not cut:
            self._hear(process)
        if process.request is not None:
            self._advance(process, process.request, cut=cut)
        if process.request is None:
            self._decide(process)

    def _hear(self, process: Process) -> None:
        """Be told by the watch, late at times; a process that is new lists."""
        now = process.clock(self.now)
        if process.candidate.version < 0:
            process.heard = len(self.server.history)
            version = self.server.lease.version if self.server.lease else self.server.version
            process.candidate = leader.saw(process.candidate, self.server.lease, version, now)
        while process.heard < len(self.server.history) and (not self.storm or self.choices.random() < 0.7):
            version, lease = self.server.history[process.heard]
            process.heard += 1
            process.candidate = leader.saw(process.candidate, lease, version, now)

    def _decide(self, process: Process) -> None:
        match leader.decide(process.candidate, process.clock(self.now)):
            case Lost():
                process.restart()
            case Write(seconds):
                delays = [0.0, 0.0, 0.0, 0.5, 2.0, 2.9, 6.0] if self.storm else [0.0]
                arrives = self.now + self.choices.choice(delays)
                answered = arrives + self.choices.choice(delays)
                spec = leader.claim(process.candidate, TIME)
                sent_at, given_up = process.clock(self.now), self.now + seconds / process.rate
                process.request = Request(process.candidate.lease, spec, sent_at, arrives, answered, given_up)

    def _advance(self, process: Process, request: Request, *, cut: bool) -> None:
        if not request.done and self.now >= request.arrives and not cut:
            request.done, request.answer = True, self.server.write(request.seen, request.spec)
        now = process.clock(self.now)
        # A process that was frozen finds an answer in its socket before it finds that it waited for too long.
        if request.done and self.now >= request.answered and not cut:
            if request.answer is not None:
                process.candidate = leader.wrote(process.candidate, request.answer, request.sent_at, now)
            elif self.server.lease is not None:
                process.candidate = leader.saw(process.candidate, self.server.lease, self.server.lease.version, now)
        elif self.now >= request.given_up:
            self._leave_astray(process)
        else:
            return
        process.candidate, process.request = leader.tried(process.candidate, now), None

    def _leave_astray(self, process: Process) -> None:
        """A request that nobody waits for any more may still be under way."""
        if process.request is not None and not process.request.done:
            process.request.arrives = self.now + self.choices.choice([0.5, 5.0, 20.0])
            self.astray.append(process.request)

    def _die(self, process: Process, until: float) -> None:
        self._leave_astray(process)
        process.restart()
        process.down_until = until

    def _stop_well(self, process: Process) -> None:
        """A leader releases the Lease when it works no more."""
        released, seen = process.leads(self.now), process.candidate.lease
        self._die(process, self.now)
        if released:
            self.server.write(seen, leader.release(TIME))

    def _check(self) -> None:
        leading = [each.candidate.me for each in self.processes if each.leads(self.now)]
        assert len(leading) <= 1, f"at {self.now} s all of them lead: {leading}"
        self.terms_of_office.update(leading)


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_never_two_lead_and_in_the_end_one_does(seed: int) -> None:
    world = World(seed)
    world.run()
    leading = [each for each in world.processes if each.leads(world.now)]
    assert len(leading) == 1, "one leads when all is well"
    assert world.server.lease is not None
    assert world.server.lease.holder == leading[0].candidate.me


def test_the_worlds_are_hostile() -> None:
    """They would show nothing if the first leader always stayed."""
    worlds = [World(seed) for seed in range(20)]
    for world in worlds:
        world.run()
    assert sum(len(world.terms_of_office) for world in worlds) > 50
