"""What Prometheus is told of each ScheduledJob: what is there now, and nothing of what has gone."""

import asyncio
from datetime import UTC, datetime

import pytest
from tally_operator.model import Status
from tally_operator.observed import Key
from tally_operator.scrape import Scrape

from tests.unit.operator.picture import Json, Picture
from tests.unit.operator.world import at, counted, execution


@pytest.fixture
def picture() -> Picture:
    return Picture()


def moment(value: float) -> str:
    return datetime.fromtimestamp(value, UTC).strftime("%H:%M")


def test_a_scheduled_job_is_told_by_what_its_status_says(picture: Picture) -> None:
    recent = (
        execution("12:00"),
        execution("12:01"),
        execution("12:02", "failed"),
        execution("12:03", "failed"),
    )
    status = counted(
        phase="Running",
        executions=4,
        remaining=5,
        missed=2,
        recent_executions=recent,
        last_schedule_time="2026-01-05T12:03:00Z",
    )
    picture.put("sync", status)
    assert picture.of("sync") == {
        "phase": 1,
        "consecutive_failures": 2,
        "missed_total": 2,
        "remaining_executions": 5,
        "last_success_timestamp_seconds": at("12:01").timestamp(),
        "next_run_timestamp_seconds": at("12:04").timestamp(),
    }
    assert b'tally_scheduledjob_phase{namespace="shop",name="sync",phase="Running"} 1\n' in picture.scrape.text()


def test_what_has_no_value_has_no_series(picture: Picture) -> None:
    picture.put("new", Status(), cron={})
    assert picture.of("new") == {"consecutive_failures": 0, "missed_total": 0}


def test_one_that_has_gone_is_not_told_any_more(picture: Picture) -> None:
    gone, _ = picture.put("gone"), picture.put("stays")
    picture.store.drop_scheduled_job(gone)
    assert {name for _, name in picture.read()} == {"stays"}


@pytest.mark.parametrize(
    ("asked", "status", "due"),
    [
        # Before the first run: the first firing after the schedule's beginning, not after now.
        ({}, {}, "12:01"),
        ({"schedule": "*/5 * * * *"}, {}, "12:05"),
        ({"schedule": "@every 7m"}, {}, "12:07"),
        # After a run: the firing that follows it, however late that one is by now.
        ({"schedule": "*/5 * * * *"}, {"last_schedule_time": "2026-01-05T12:10:00Z"}, "12:15"),
        ({"schedule": "@every 7m"}, {"last_schedule_time": "2026-01-05T12:07:30Z"}, "12:14"),
        ({"schedule": "0 14 * * *", "time_zone": "Europe/Berlin"}, {}, "13:00"),
        # Nothing is due where nothing may run.
        ({"suspend": True}, {"phase": "Suspended"}, None),
        ({"suspend": True}, {"phase": "Running"}, None),
        ({}, {"phase": "Completed"}, None),
        ({}, {"phase": "Invalid"}, None),
    ],
)
def test_the_next_run_is_the_first_firing_that_was_not_executed(
    picture: Picture, asked: Json, status: Json, due: str | None
) -> None:
    picture.put("sync", Status(**{"phase": "Scheduled", **status}), **asked)
    found = picture.of("sync").get("next_run_timestamp_seconds")
    assert (moment(found) if found is not None else None) == due


def test_a_resumed_schedule_owes_nothing_from_before(picture: Picture) -> None:
    for name, schedule in (("calendar", "* * * * *"), ("interval", "@every 5m")):
        picture.put(name, schedule=schedule, cron={"status": {"lastScheduleTime": "2026-01-05T15:00:00Z"}})
    found = picture.read()
    assert moment(found["next_run_timestamp_seconds", "calendar"]) == "15:01"
    assert moment(found["next_run_timestamp_seconds", "interval"]) == "15:05"


def test_without_a_cronjob_of_ours_nothing_is_due(picture: Picture) -> None:
    picture.put("none", cron={})
    theirs = {"metadata": {"name": "theirs", "namespace": "shop", "uid": "x", "resourceVersion": "99"}}
    theirs["metadata"]["creationTimestamp"] = "2026-01-05T12:00:00Z"
    picture.put("theirs", cron=theirs)
    assert [metric for metric, _ in picture.read() if metric.startswith("next_run")] == []


async def test_the_queue_tells_how_many_wait_and_for_how_long(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[float]:
        lines = picture.scrape.text().decode().splitlines()
        return [float(line.split()[1]) for line in lines if line.startswith("tally_queue_")]

    assert told() == [0, 0]
    loop_time = 1000.0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: loop_time)
    monkeypatch.setattr("tally_operator.scrape.time.monotonic", lambda: 1007.5)
    picture.queue.add(Key("shop", "a"))
    loop_time = 1005.0
    picture.queue.add(Key("shop", "b"))
    picture.queue.add(Key("shop", "a"))
    assert told() == [2, 7.5]
    await picture.queue.get()
    assert told() == [1, 2.5]


def test_an_operator_that_stands_by_tells_of_itself_only() -> None:
    text = Scrape().text().decode()
    assert "tally_build_info{" in text
    assert "tally_leader 0.0\n" in text
    assert "tally_scheduledjob_" not in text
