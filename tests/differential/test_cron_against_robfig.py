"""tally.cron beside robfig/cron itself, the CronJob controller's: same grammar, same times, by tens of thousands.

Where a clock goes back from a time that is no full hour, robfig may find an instant that is not after the one given,
and find it for ever. There ends what it can tell; ours must go on.

Cases are made by chance. Each test prints its seed; `TALLY_SEED=<seed>` makes the same cases again.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from tally import cron
from tally.cron.every import Every
from tally.cron.grammar import read

from tests.differential import expressions
from tests.differential.robfig import ask, zone

if TYPE_CHECKING:
    from collections.abc import Callable

STAR = 1 << 63  # robfig's flag in a field
MINUTE = 60 * 10**9  # nanoseconds, as Go counts
END = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())  # Go's calendar goes on where Python's ends


@pytest.fixture
def random(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Random:
    seed = int(os.environ.get("TALLY_SEED") or Random().randrange(2**32))
    with capsys.disabled():
        print(f"\n{request.node.name}: TALLY_SEED={seed}")
    return Random(seed)


def test_one_hundred_thousand_next_firings_are_robfigs(random: Random) -> None:
    questions = [_question(random, firings=2) for _ in range(100_000)]
    differences: list[tuple[object, ...]] = []
    for question, answer in zip(questions, ask(questions), strict=True):
        ours = _firings(question)
        theirs, stuck = _rising(question["after"], answer.get("firings", []))
        if stuck:
            ours = ours[: len(theirs)]
        if "error" in answer or ours != theirs:
            differences.append((question, answer, ours))
    assert not differences, _shown(differences)


def test_tens_of_thousands_of_odd_texts_are_read_as_robfig_reads_them(random: Random) -> None:
    questions = [{"expression": expressions.odd_text(random)} for _ in range(60_000)]
    differences: list[tuple[object, ...]] = []
    accepted = 0
    for question, answer in zip(questions, ask(questions), strict=True):
        refused = _refused_besides(question["expression"], answer)
        theirs = "refused" if refused else _robfigs_reading(answer)
        ours = _our_reading(question["expression"])
        accepted += ours != "refused"
        if ours != theirs:
            differences.append((question, answer, ours))
    assert not differences, _shown(differences)
    assert 5_000 < accepted < 55_000, "the texts are no longer a mixture"


def test_nth_and_count_are_robfigs_firings_one_by_one(random: Random) -> None:
    questions = [_question(random, firings=random.choice([20, 200, 2000])) for _ in range(1_500)]
    questions.append({"expression": "0 0 29 2 *", "zone": "UTC", "after": 0, "firings": 2000})  # to the year 10211
    differences: list[tuple[object, ...]] = []
    for question, answer in zip(questions, ask(questions), strict=True):
        firings, stuck = _rising(question["after"], answer.get("firings", []))
        last = len(firings) if stuck else question["firings"]
        firings = [firing for firing in firings if firing < END]
        schedule, after = cron.parse(question["expression"]), _instant(question)
        for n in {1, 2, random.randint(1, last), last} if last > 1 else ():
            found = schedule.nth(after, n)
            if (found and int(found.timestamp())) != (firings[n - 1] if n <= len(firings) else None):
                differences.append((question, f"firing {n}", found))
        for k in {random.randrange(len(firings)), len(firings) - 1} if firings else ():
            until = datetime.fromtimestamp(firings[k], UTC)
            if schedule.count(after, until) != k + 1:
                differences.append((question, f"count to firing {k + 1}", schedule.count(after, until)))
    assert not differences, _shown(differences)


def _question(random: Random, firings: int) -> dict[str, Any]:
    name = expressions.zone_name(random)
    return {
        "expression": expressions.expression(random),
        "zone": name,
        "after": expressions.instant(random, name),
        "firings": firings,
    }


def _rising(after: int, firings: list[int]) -> tuple[list[int], bool]:
    """The firings up to where the next one is no later, and whether there is such a place."""
    for i, (before, firing) in enumerate(pairwise([after, *firings])):
        if firing <= before:
            return firings[:i], True
    return firings, False


def _instant(question: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(question["after"], zone(question["zone"]))


def _firings(question: dict[str, Any]) -> list[int]:
    following: Callable[[datetime], datetime | None] = cron.parse(question["expression"]).next
    firings: list[int] = []
    instant: datetime | None = _instant(question)
    while len(firings) < question["firings"] and instant and (instant := following(instant)):
        firings.append(int(instant.timestamp()))
    return firings


def _refused_besides(expression: str, answer: dict[str, Any]) -> bool:
    """Whether Tally refuses what robfig reads: any TZ, and an `@every` of no positive whole number of minutes."""
    every = "delay" in answer
    return "TZ" in expression or (every and (answer["duration"] <= 0 or answer["duration"] % MINUTE != 0))


def _robfigs_reading(answer: dict[str, Any]) -> object:
    if "error" in answer:
        return "refused"
    if "delay" in answer:
        return answer["delay"]
    either = not (answer["fields"][2] | answer["fields"][4]) & STAR
    return ([field & ~STAR for field in answer["fields"]], either)


def _our_reading(expression: str) -> object:
    try:
        found = read(expression)
    except ValueError:
        return "refused"
    if isinstance(found, Every):
        return found.delay
    return ([found.minutes, found.hours, found.days, found.months, found.weekdays], found.either)


def _shown(differences: list[tuple[object, ...]]) -> str:
    return f"{len(differences)} differences:\n" + "\n".join(str(difference) for difference in differences[:20])
