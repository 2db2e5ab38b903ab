"""Any tree of steps, failing and stopped anywhere: what was done and not undone is exactly what the result says."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from tally import Container, WorkflowResult, step, workflow
from tally.workflows import BoundWorkflow, Failure


@dataclass(frozen=True)
class Step:
    """Changes the world at its `change`-th pause, of `pauses`, in each try; the first `failures` tries fail."""

    pauses: int
    change: int
    failures: int
    max_retries: int
    stuck: bool
    plain: bool


@dataclass(frozen=True)
class Sequence:
    parts: tuple["Tree", ...]


@dataclass(frozen=True)
class Parallel:
    parts: tuple["Tree", ...]
    how: str


@dataclass(frozen=True)
class Nested:
    part: "Tree"


@dataclass(frozen=True)
class Caught:
    part: "Tree"


Tree = Step | Sequence | Parallel | Nested | Caught


@st.composite
def steps(draw: st.DrawFn) -> Step:
    pauses = draw(st.integers(0, 3))
    return Step(
        pauses=pauses,
        change=draw(st.integers(0, pauses)),
        failures=draw(st.sampled_from([0, 0, 0, 1, 2])),
        max_retries=draw(st.integers(0, 2)),
        stuck=draw(st.sampled_from([False, False, True])),
        plain=draw(st.sampled_from([False, False, False, False, True])),
    )


def composed(parts: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    many = st.lists(parts, min_size=1, max_size=3).map(tuple)
    how = st.sampled_from(["gather", "collect", "group"])
    return st.one_of(
        st.builds(Sequence, many), st.builds(Parallel, many, how), st.builds(Nested, parts), st.builds(Caught, parts)
    )


trees: st.SearchStrategy[Tree] = st.recursive(steps(), composed, max_leaves=8)


Path = tuple[int, ...]


class StepError(Exception):
    """What a step of a tree fails with."""


@dataclass
class World:
    """What the steps, each known by its place in the tree, have changed, and what happened in which order."""

    changed: set[Path] = field(default_factory=set)
    log: list[tuple[str, Path]] = field(default_factory=list)
    well: set[Path] = field(default_factory=set)  # the steps that ended well
    stuck: set[Path] = field(default_factory=set)  # those that could not be undone
    reverted: set[Path] = field(default_factory=set)  # the inner workflows that failed
    wrong: list[str] = field(default_factory=list)
    ticks: int = 0
    stop_at: int | None = None
    stop: Callable[[], object] = lambda: None

    async def pause(self) -> None:
        if self.ticks == self.stop_at:
            self.stop()
        self.ticks += 1
        await asyncio.sleep(0)

    @property
    def stopped(self) -> bool:
        return self.stop_at is not None and self.ticks > self.stop_at

    def of(self, kind: str, scope: Path = ()) -> list[Path]:
        """Give the steps below a place to which this happened, in order; a step that is retried begins once."""
        return list(dict.fromkeys(path for each, path in self.log if each == kind and below(path, scope)))


def below(path: Path, scope: Path) -> bool:
    return path[: len(scope)] == scope


async def play(tree: Tree, path: Path, world: World) -> None:
    """Carry a tree out in the workflow around it."""
    match tree:
        case Step():
            world.log.append(("call", path))  # a thread begins later
            await made(tree, path, world)()
        case Sequence():
            for number, part in enumerate(tree.parts):
                await play(part, (*path, number), world)
        case Parallel():
            await play_parallel(tree, path, world)
        case Nested():
            try:
                await flow(tree.part, (*path, 0), world).run(input=None)
            except BaseException:
                world.reverted.add(path)
                judge_reverted(world, path)
                raise
        case Caught():
            with contextlib.suppress(Exception):
                await play(tree.part, (*path, 0), world)


async def play_parallel(tree: Parallel, path: Path, world: World) -> None:
    parts = [play(part, (*path, number), world) for number, part in enumerate(tree.parts)]
    if tree.how == "group":
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(part)
        return
    for ending in await asyncio.gather(*parts, return_exceptions=tree.how == "collect"):
        if isinstance(ending, BaseException):
            raise ending


def flow(tree: Tree, path: Path, world: World) -> BoundWorkflow[None, None]:
    @workflow
    async def run(_container: Container, _input: None) -> None:
        await play(tree, path, world)

    return run(Container())


def made(spec: Step, path: Path, world: World) -> Callable[[], Coroutine[Any, Any, Path]]:
    failures = iter([True] * spec.failures)

    async def undo(_container: Container, result: Path | None) -> None:
        world.log.append(("undo", path))
        if result != (path if path in world.well else None):
            world.wrong.append(f"the compensation of {path} got {result}")
        await world.pause()
        if spec.stuck:
            world.stuck.add(path)
            raise StepError
        world.changed.discard(path)

    def plain() -> Path:
        world.log.append(("begin", path))
        world.changed.add(path)
        world.log.append(("end", path))
        if next(failures, False):
            raise StepError
        world.well.add(path)
        return path

    async def act() -> Path:
        world.log.append(("begin", path))
        try:
            for number in range(spec.pauses + 1):
                if number == spec.change:
                    world.changed.add(path)
                await world.pause()
            if next(failures, False):
                raise StepError
            world.well.add(path)
        finally:
            world.log.append(("end", path))
        return path

    function: Callable[[], Any] = plain if spec.plain else act
    function.__name__ = str(path)
    return step(compensate=undo, max_retries=spec.max_retries)(function)


def judge_reverted(world: World, scope: Path) -> None:
    """Check that nothing is left of a workflow that failed but what was stuck, and in which order it was undone."""
    began, undone = world.of("begin", scope), world.of("undo", scope)
    check(world, sorted(began) == sorted(undone), f"{scope}: {began} began, {undone} were undone")
    left = {path for path in world.changed if below(path, scope)}
    check(world, left <= world.stuck, f"{scope}: {left} is left")
    inner = [each for each in world.reverted if each != scope and below(each, scope)]
    own = [path for path in undone if not any(below(path, each) for each in inner)]
    newest_first = [path for path in reversed(world.of("call", scope)) if path in own]
    check(world, own == newest_first, f"{scope}: undone in the order {own}")
    if own:
        rest = world.log[world.log.index(("undo", own[0])) :]
        late = [path for kind, path in rest if kind in ("begin", "end") and below(path, scope)]
        check(world, not late, f"{scope}: {late} ran while it was undone")


def check(world: World, holds: bool, message: str) -> None:
    # An assertion in the middle of a tree would be one more error that a workflow handles.
    if not holds:
        world.wrong.append(message)


def judge_done(world: World, errors: tuple[Failure, ...]) -> None:
    """Check that all steps that ended well stand, save those of inner workflows that failed."""
    undone = set(world.of("undo"))
    assert undone == {path for path in world.of("begin") if any(below(path, each) for each in world.reverted)}
    assert world.well - undone <= world.changed
    failed = {each.name for each in errors if each.while_doing == "run"}
    assert {str(path) for path in world.changed - world.well - undone} <= failed
    assert world.changed & undone <= world.stuck


def fails(tree: Tree) -> bool:
    """Foretell whether a tree fails when nobody stops it."""
    match tree:
        case Step():
            return tree.failures > tree.max_retries
        case Sequence() | Parallel():
            return any(fails(part) for part in tree.parts)
        case Nested():
            return fails(tree.part)
        case Caught():
            return False


def abandons(tree: Tree, caught: bool = False) -> bool:
    """Tell whether a tree goes on while steps of a failed `gather` still run: then nobody can foretell its end."""
    match tree:
        case Step():
            return False
        case Sequence() | Parallel():
            here = caught and isinstance(tree, Parallel) and tree.how == "gather" and fails(tree)
            return here or any(abandons(part, caught) for part in tree.parts)
        case Nested():
            return abandons(tree.part, caught)
        case Caught():
            return abandons(tree.part, caught=True)


async def ending_of(tree: Tree, world: World) -> WorkflowResult[None] | None:
    """Run a tree as a workflow; None where it was cancelled."""
    task = asyncio.create_task(flow(tree, (), world).run(input=None, throw_on_error=False))
    world.stop = task.cancel
    try:
        return await asyncio.wait_for(asyncio.shield(task), 60)  # for a workflow that hangs
    except asyncio.CancelledError:
        return None


@settings(deadline=None, max_examples=300)
@given(tree=composed(trees), stop_at=st.none() | st.integers(0, 25))
def test_what_was_done_and_not_undone_is_exactly_what_the_result_says(tree: Tree, stop_at: int | None) -> None:
    world = World(stop_at=stop_at)
    result = asyncio.run(ending_of(tree, world))
    event("cancelled" if result is None else result.state)
    assert (result is None) == world.stopped
    if result is not None and result.state == "done":
        judge_done(world, result.errors)
    else:
        judge_reverted(world, ())
    assert not world.wrong
    if result is not None:
        stuck = {each.name for each in result.errors if each.while_doing == "compensation"}
        assert stuck == {str(path) for path in world.stuck}
        assert result.state == "done" or result.state == ("failed" if stuck else "reverted")
        if not abandons(tree):
            assert (result.state != "done") == fails(tree)
