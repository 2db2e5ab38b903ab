"""The session from the first reading to the last run's end, in played time and with the real counts on disk."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tally.dev.reading import Folder
from tally.dev.store import StateError
from tally.errors import LoadError

from tests.unit.runner.dev.played import Play, at, folder, job

NewPlay = Callable[..., Play]


@pytest.fixture
def play(tmp_path: Path) -> NewPlay:
    def new(*, start: str = "11:59:30", holds: Folder | None = None, **given: Any) -> Play:  # noqa: ANN401
        return Play(tmp_path / ".tally" / "jobs.db", at(start), holds or folder(job()), **given)

    return new


def test_a_job_runs_at_its_times_and_no_more_often_than_it_may(play: NewPlay) -> None:
    played = play(holds=folder(job(number_of_executions=3), job("report", "*/2 * * * *")))
    played.then("12:06:20", lambda: shown.update(played.shown))
    shown: dict[str, Any] = {}
    assert played.run(until="12:06:30")
    assert sorted(played.begun) == [
        *("report 12:00", "report 12:02", "report 12:04", "report 12:06"),
        *("sync 12:00", "sync 12:01", "sync 12:02"),
    ]
    assert (shown["sync"].executions, shown["sync"].upcoming) == ("3/3", "complete")
    assert (shown["report"].executions, shown["report"].upcoming) == ("4", "in 1 min 55 s")
    assert played.shown["report"].upcoming == ""
    assert played.shown["sync"].outcomes == ("succeeded", "succeeded", "succeeded")


def test_a_restart_remembers_and_starts_nothing_that_has_passed(play: NewPlay) -> None:
    limited = folder(job(number_of_executions=3))
    first = play(holds=limited)
    first.run(until="12:00:30")
    second = play(start="12:02:10", holds=limited)
    second.run(until="12:10:00")
    assert (first.begun, second.begun) == (["sync 12:00"], ["sync 12:03", "sync 12:04"])
    assert play(start="12:11:00", holds=limited).run(until="12:20:00")


@pytest.mark.parametrize("slot", ["sync 12:00", "sync 12:01"])
def test_a_crash_when_a_run_would_begin_counts_it(play: NewPlay, slot: str) -> None:
    limited = folder(job(number_of_executions=3))
    first = play(holds=limited)
    first.crash(slot)
    with pytest.raises(KeyboardInterrupt):
        first.run(until="12:10:00")
    # In the same minute, and the clock a little behind.
    second = play(start=f"{slot.removeprefix('sync ')}:00", holds=limited)
    second.run(until="12:10:00")
    assert slot not in first.begun + second.begun
    assert len(first.begun + second.begun) == 2
    assert second.shown["sync"].outcomes.count("unknown") == 1


def test_forbid_lets_the_newest_wait(play: NewPlay) -> None:
    played = play(holds=folder(job()), lasts={"sync": timedelta(seconds=150)})
    played.run(until="12:03:00")
    assert played.begun == ["sync 12:00", "sync 12:02"]
    assert "sync: The run for 12:01Z waits: the one before it still goes on (Forbid)." in played.said
    assert "sync: The run for 12:01Z is skipped: the one before it went on too long." in played.said
    assert "sync: Execution 2 begins, for 12:02Z, 30 s late." in played.said


def test_replace_stops_the_run_that_goes_on(play: NewPlay) -> None:
    played = play(holds=folder(job(concurrency_policy="Replace")), lasts={"sync": None})
    played.run(until="12:01:30")
    assert played.begun == ["sync 12:00", "sync 12:01"]
    assert played.shown["sync"].outcomes == ("stopped", "stopped")
    assert "sync: Execution stopped after 0.0 s: replaced by the next run" in played.said


def test_allow_runs_both(play: NewPlay) -> None:
    played = play(holds=folder(job(concurrency_policy="Allow")), lasts={"sync": timedelta(seconds=90)})
    played.then("12:01:10", lambda: outcomes.append(played.shown["sync"].outcomes))
    outcomes: list[tuple[str, ...]] = []
    played.run(until="12:04:30")
    assert outcomes == [("running", "running")]
    assert len(played.begun) == 5


def test_a_machine_that_slept_misses_and_does_not_hurry(play: NewPlay) -> None:
    played = play()
    played.sleep("12:00:10", until="14:30:40")
    played.run(until="14:31:30")
    assert played.begun == ["sync 12:00", "sync 14:30", "sync 14:31"]
    assert "sync: 149 runs from 12:01Z on are missed: this machine slept or was busy." in played.said


@pytest.mark.parametrize(
    ("holds", "begun", "said"),
    [
        (folder(job(schedule="*/3 * * * *")), ["sync 12:03"], "sync: has changed: */3 * * * *, 2 executions, next run"),
        (folder(job(suspend=True)), [], "sync: has changed: * * * * *, 2 executions, next run none: suspended."),
        (folder(job(number_of_executions=3)), ["sync 12:02"], "sync: has changed: * * * * *, 2 of 3 executions, next"),
        (
            folder(job(number_of_executions=1)),
            [],
            "sync: has changed: * * * * *, 2 of 1 executions, next run none: com",
        ),
        (folder(job()), ["sync 12:02", "sync 12:03", "sync 12:04"], "sync: is saved: its next run is by the new file."),
        (folder(), [], "sync: is gone from the folder: nothing of it starts any more."),
        (folder(broken=["sync"], errors=["sync.py: no"]), [], "sync: is broken: nothing of it starts until it is mend"),
        (
            folder(job(), job("more", "2 12 * * *")),
            ["more 12:02", "sync 12:02", "sync 12:03", "sync 12:04"],
            "more: is",
        ),
    ],
)
def test_a_save_holds_from_then_on(play: NewPlay, holds: Folder, begun: list[str], said: str) -> None:
    played = play()
    played.save("12:01:20", holds)
    played.then("12:04:20", lambda: shown.update(played.shown))
    shown: dict[str, Any] = {}
    played.run(until="12:04:30")
    assert sorted(played.begun) == sorted(["sync 12:00", "sync 12:01", *begun])
    assert [line for line in played.said if line.startswith(said)] != []
    if holds.errors:
        assert "tally: error: sync.py: no" in played.said
        assert (shown["sync"].upcoming, played.errors) == ("broken", holds.errors)


def test_a_broken_job_that_is_mended_starts_nothing_that_has_passed(play: NewPlay) -> None:
    played = play(holds=folder(job("report", "0 * * * *"), broken=["sync"]))
    played.save("12:02:30", folder(job("report", "0 * * * *"), job()))
    played.run(until="12:03:30")
    assert sorted(played.begun) == ["report 12:00", "sync 12:03"]
    assert any(line.startswith("sync: is mended: ") for line in played.said)


def test_what_cannot_be_read_at_all_leaves_the_jobs_as_they_were(play: NewPlay) -> None:
    played = play()
    played.save("12:00:30", LoadError("a file waits"))
    played.then("12:01:30", lambda: errors.extend(played.errors))
    errors: list[str] = []
    played.save("12:01:40", folder(job()))
    played.run(until="12:02:30")
    assert played.begun == ["sync 12:00", "sync 12:01", "sync 12:02"]
    assert (errors, played.errors) == (["a file waits"], ())


def test_a_folder_that_cannot_be_read_at_the_start_is_refused(play: NewPlay) -> None:
    played = replace(play(), holds=LoadError("There is no jobs folder"))
    with pytest.raises(LoadError):
        played.run(until="12:00:30")


def test_stopping_begins_nothing_more_and_waits_for_the_runs(play: NewPlay) -> None:
    played = play(obeys=False, lasts={"sync": timedelta(seconds=100)})
    assert played.run(until="12:00:30")
    assert played.time == at("12:01:40")
    assert played.begun == ["sync 12:00"]
    assert "tally: Ctrl-C: 1 run has 30 s to undo what was begun. Ctrl-C again ends it at once." in played.said


def test_a_second_ctrl_c_kills(play: NewPlay) -> None:
    played = play(obeys=False, lasts={"sync": None})
    played.then("12:00:40", lambda: played.session.interrupt("Ctrl-C"))
    assert not played.run(until="12:00:30")
    assert played.time == at("12:00:40")


def test_a_run_that_was_killed_earlier_is_not_the_end_of_the_session_s(play: NewPlay) -> None:
    played = play(lasts={"sync": None})
    played.then("12:00:10", lambda: played.runs["sync"].end("failed", message="too long", killed=True))
    assert played.run(until="12:00:30")


def test_a_terminal_that_is_gone_stops_it_but_lets_the_runs_undo(play: NewPlay) -> None:
    played = play(obeys=False, lasts={"sync": timedelta(seconds=75)})
    played.then("12:00:10", lambda: setattr(played, "deaf", True))
    played.then("12:00:50", lambda: played.session.stop("The terminal is gone"))  # SIGHUP, after a write failed
    played.then("12:00:20", lambda: played.save("12:00:30", folder(broken=["sync"])))
    assert played.run(until="13:00:00")
    assert (played.begun, played.time) == (["sync 12:00"], at("12:01:15"))


@pytest.mark.parametrize("what", ["claim", "end"])
def test_counts_that_cannot_be_kept_end_it_in_good_order(
    play: NewPlay, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    played = play(holds=folder(job(), job("other", "0 12 * * *")), lasts={"other": None})

    def breaks() -> None:
        def fails(*_arguments: object) -> None:
            raise StateError("disk full")

        monkeypatch.setattr(played.session._store, what, fails)

    played.then("12:00:02", breaks)
    with pytest.raises(StateError, match="disk full"):
        played.run(until="12:10:00")
    assert sorted(played.begun) == ["other 12:00", "sync 12:00"]
    assert "other: Execution stopped after 0.0 s: the counts cannot be kept" in played.said


def test_a_run_that_cannot_be_started_failed(play: NewPlay) -> None:
    played = play(lasts={"sync": None})
    played.then("12:00:01", lambda: played.runs["sync"].ending.set_exception(OSError(11, "no more processes")))
    assert played.run(until="12:00:30")
    assert played.shown["sync"].outcomes == ("failed",)
    assert any("it could not be started: [Errno 11] no more processes" in line for line in played.said)


def test_saves_that_are_no_longer_noticed_are_said(play: NewPlay) -> None:
    played = play()

    async def breaks() -> Any:  # noqa: ANN401
        raise OSError("watch limit reached")
        yield

    played._signs = breaks  # type: ignore[method-assign]
    assert played.run(until="12:00:30")
    assert any("Saves are not noticed any more: watch limit reached." in line for line in played.said)
    assert played.begun == ["sync 12:00"]
