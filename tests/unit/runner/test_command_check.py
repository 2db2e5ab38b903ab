"""`tally check` and `tally list`: what they warn of, and what they say to a program."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tally import JobConfig
from tally.surprises import surprises

from tests.unit.runner.command import Command

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)


def told(schedule: str, zone: str = "Etc/UTC", limit: int | None = None, now: datetime = NOON) -> list[str]:
    config = JobConfig(name="sync", schedule=schedule, time_zone=zone, number_of_executions=limit)
    return surprises(config, ZoneInfo(zone), now)


@pytest.mark.parametrize(
    ("schedule", "zone", "limit"),
    [
        ("* * * * *", "Europe/Berlin", 1),
        ("*/5 * * * *", "Europe/Berlin", 3),
        ("0 * * * *", "Europe/Berlin", 1),  # within the hour
        ("0 9 * * *", "Europe/Berlin", None),
        ("0 9 * * *", "Europe/Berlin", 2),
        ("30 2 * * *", "Etc/UTC", None),
        ("30 2 * * 1", "Europe/Berlin", None),
        ("0 0 29 2 *", "Etc/UTC", None),
        ("@every 90m", "Europe/Berlin", None),
    ],
)
def test_what_surprises_nobody(schedule: str, zone: str, limit: int | None) -> None:
    assert told(schedule, zone, limit) == []


def test_a_single_execution_says_when_it_will_be() -> None:
    assert told("0 0 * * *", "Europe/Berlin", 1) == [
        "number_of_executions=1 does not mean now: the one run is at Thu 2025-01-16 00:00 +01:00 (in 11 h) if it is "
        'applied now. To try it at once: `tally run sync`; to try its schedule: schedule="* * * * *".'
    ]
    assert "Tue 2028-02-29 00:00 +00:00 (in 1139 days 12 h)" in told("0 0 29 2 *", limit=1)[0]


def test_a_schedule_that_never_fires() -> None:
    assert told("0 0 31 2 *", limit=1) == [
        "The schedule '0 0 31 2 *' never fires. Write a day that comes: schedule=\"0 0 28 2 *\"."
    ]


def test_times_that_the_clock_skips_and_repeats() -> None:
    assert told("30 2 * * *", "Europe/Berlin") == [
        "In Europe/Berlin the clock goes forward on 2025-03-30 from 02:00 to 03:00: 1 time scheduled that day, no runs"
        "; the clock goes back on 2025-10-26 from 03:00 to 02:00: 1 time scheduled that day, 2 runs. "
        'Choose another time of day, or time_zone="Etc/UTC".'
    ]


def test_warnings_change_neither_the_exit_code_nor_the_output(command: Command) -> None:
    command.job("yearly", 'schedule="0 0 1 1 *", number_of_executions=1')
    command.job("sync")
    said = command("check")
    assert (said.code, said.out) == (0, "ok  sync  (jobs/sync.py)\nok  yearly  (jobs/yearly.py)\n")
    assert re.fullmatch(r"warning: jobs/yearly\.py: number_of_executions=1 does not mean now: .*\n", said.err)


def test_an_unknown_zone_is_an_error(command: Command) -> None:
    command.job("sync", 'time_zone="Europe/Berln"')
    said = command("check")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "error: jobs/sync.py: The time zone 'Europe/Berln' is none that this machine knows. "
        'Write an IANA name: time_zone="Europe/Berlin".\n'
    )


def test_check_for_a_program(command: Command) -> None:
    command.job("sync", 'schedule="0 0 31 2 *"', head="print('loud')")
    (command.folder / "jobs" / "empty.py").touch()
    (command.folder / "jobs" / "_services.py").write_text("print('loud, too')\ndef register(container): ...")
    said = command("check", "--json")
    assert said.code == 1
    ((job,), (error,)) = said.json["jobs"], said.json["errors"]
    assert (job["name"], job["path"], len(job["warnings"])) == ("sync", "jobs/sync.py", 1)
    assert error.startswith("jobs/empty.py has no config.")
    assert said.err == f"loud\nloud, too\nerror: {error}\n"


def test_list_for_a_program(command: Command) -> None:
    command.job("sync", 'schedule="0 9 * * 1", number_of_executions=3, time_zone="Europe/Berlin"')
    said = command("list", "--json")
    assert (said.code, said.err) == (0, "")
    assert said.json == {
        "jobs": [
            {
                "name": "sync",
                "schedule": "0 9 * * 1",
                "time_zone": "Europe/Berlin",
                "number_of_executions": 3,
                "summary": "Do sync.",
                "path": "jobs/sync.py",
            }
        ],
        "errors": [],
    }
    command.job("b")
    assert command("list", "--json").json["jobs"][0]["number_of_executions"] is None
