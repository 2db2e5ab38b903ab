"""Runs tests together: the smallest step of a schedule is a minute, so all scenes go through the same few minutes.

A scene is a test with a namespace of its own. All that were collected begin at once, each in a thread, when the first
one's result is asked for.
"""

from collections.abc import Callable
from concurrent.futures import Future  # noqa: TC003 (used in an annotation that is evaluated)
from dataclasses import dataclass

from tests.integration.operator_process import Operator
from tests.integration.shop import Shop

RESULT_SECONDS = 420.0


@dataclass(frozen=True)
class Scene:
    """A test that runs beside others.

    Args:
        name: Of its namespace.
        play: The test; it gets an operator of its own where it wants to stop it.
        own_operator: Whether it does.
        started: Whether its own operator has been started.
    """

    name: str
    play: Callable[[Shop, Operator], None]
    own_operator: bool
    started: bool = True


class Stage:
    """Where the scenes are played: gives each one's result."""

    def __init__(self) -> None:
        self.results: dict[str, Future[None]] = {}

    def result(self, scene: Scene) -> None:
        """Wait for a scene's end, and fail as it has failed."""
        self.results[scene.name].result(RESULT_SECONDS)


def scene(test: Callable[[Shop], None]) -> Callable[[Stage], None]:
    """Make a test one that runs beside others, under the operator that all share."""
    return _test(Scene(_name(test), lambda shop, _: test(shop), own_operator=False), test)


def scene_with_operator(test: Callable[[Shop, Operator], None]) -> Callable[[Stage], None]:
    """Make a test one that runs beside others, with an operator of its own that it may stop; it has been started."""
    return _test(Scene(_name(test), test, own_operator=True), test)


def scene_with_candidates(test: Callable[[Shop], None]) -> Callable[[Stage], None]:
    """Make a test one that runs beside others, and starts its operators by itself."""
    return _test(Scene(_name(test), lambda shop, _: test(shop), own_operator=True, started=False), test)


def scene_of(function: object) -> Scene | None:
    """Give the scene of a test function, if it is one."""
    found = getattr(function, "scene", None)
    return found if isinstance(found, Scene) else None


def _test(of: Scene, test: Callable[..., None]) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        stage.result(of)

    # Not functools.wraps: pytest would look at the test's own arguments.
    play.__name__, play.__doc__, play.__module__ = test.__name__, test.__doc__, test.__module__
    play.scene = of  # type: ignore[attr-defined]
    return play


def _name(test: Callable[..., None]) -> str:
    return test.__name__.removeprefix("test_").replace("_", "-")[:60].rstrip("-")
