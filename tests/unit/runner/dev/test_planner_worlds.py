"""The planner and the counts in a hostile world: sleeping, crashing at any point, saving anything, clocks set back."""

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tally.config import JobConfig
from tally.dev import planner
from tally.dev.planner import Standing, Start
from tally.dev.store import Store, prepare

MORNING = datetime(2026, 3, 10, 8, 0, 17, tzinfo=UTC)
EVERY = {"* * * * *": 1, "*/5 * * * *": 5, "0 * * * *": 60}  # minutes
RULES = {
    "schedule": st.sampled_from(sorted(EVERY)),
    "number_of_executions": st.none() | st.integers(1, 6),
    "suspend": st.booleans(),
    "concurrency_policy": st.sampled_from(["Forbid", "Forbid", "Allow", "Replace"]),
    "starting_deadline_seconds": st.none() | st.sampled_from([0, 20, 200]),
}
SPANS = st.sampled_from([0, 1, 7, 30, 59, 60, 61, 200, 3600, 40_000]) | st.integers(0, 400)


class Worlds(RuleBasedStateMachine):
    """One job; the machine checks what no plan may do, at each start."""

    @initialize(fields=st.fixed_dictionaries(RULES))
    def begin(self, fields: dict[str, Any]) -> None:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        self.store = Store(Path("memory"), connection, os.dup(0))
        prepare(connection, self.store.path)
        self.config = JobConfig(name="sync", **fields)
        self.now = MORNING
        self.going: list[Start] = []
        self.executed: list[datetime] = []
        self.passed = MORNING  # what was due up to here may not start any more
        self.free_since = MORNING
        self.standing = self._taken_up(None)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()

    @rule(seconds=SPANS)
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(seconds=st.integers(1, 4000))
    def clock_is_set_back(self, seconds: int) -> None:
        self.now -= timedelta(seconds=seconds)

    @rule(crash=st.sampled_from([None, None, None, "before the claim", "before the run"]))
    def look(self, crash: str | None) -> None:
        decided = planner.plan([self.standing], {"sync"} if self.going else set(), self.now)
        (self.standing,) = decided.standings
        for start in decided.starts:
            if crash == "before the claim":
                return self.restart()
            assert self.store.claim("sync", start.slot, self.config.number_of_executions, self.now)
            self._check(start)
            self.executed.append(start.slot)
            if crash == "before the run":
                return self.restart()
            self.going = [] if start.replaces else self.going
            self.going.append(start)
        assert self.standing.executions == len(self.executed)
        assert decided.look_again_at is None or decided.look_again_at > self.standing.after
        return None

    @precondition(lambda self: self.going)
    @rule()
    def a_run_ends(self) -> None:
        del self.going[0]
        self.free_since = self.now

    @rule()
    def restart(self) -> None:
        self.going = []  # the lock waits for what is left behind
        self.passed = self.free_since = self.now
        self.standing = self._taken_up(None)

    @rule(field=st.sampled_from(sorted(RULES)), data=st.data())
    def save(self, field: str, data: st.DataObject) -> None:
        before = self.config
        self.config = JobConfig(**{**vars(before), field: data.draw(RULES[field])})
        if self.config != before and field in ("schedule", "number_of_executions", "suspend"):
            self.passed = self.now
        self.standing = self._taken_up(self.standing)

    def _taken_up(self, before: Standing | None) -> Standing:
        record = self.store.take_up("sync", self.config.schedule, "Etc/UTC", self.now)
        assert (record.executions, record.newest) == (len(self.executed), max(self.executed, default=None))
        return planner.take_up(self.config, record, self.now, before)

    def _check(self, start: Start) -> None:
        slot, config = start.slot, self.config
        limit, deadline = config.number_of_executions, config.starting_deadline_seconds
        assert not config.suspend
        assert limit is None or len(self.executed) < limit, "never more than N"
        assert slot not in self.executed, "no slot twice"
        assert self.passed < slot <= self.now, "nothing that has passed, and nothing early"
        assert (slot.minute + 60 * slot.hour) % EVERY[config.schedule] == slot.second == 0, "only scheduled times"
        late = (self.now - slot) // timedelta(seconds=1)
        if deadline is not None:
            assert late <= deadline
        elif late > planner.GRACE:
            assert config.concurrency_policy == "Forbid" or self.free_since >= slot, "late only after waiting"
        if config.concurrency_policy == "Forbid":
            assert not self.going, "Forbid never overlaps"
        assert start.replaces == (config.concurrency_policy == "Replace" and bool(self.going))


TestWorlds = Worlds.TestCase
TestWorlds.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
