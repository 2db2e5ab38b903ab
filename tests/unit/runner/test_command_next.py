"""`tally next`: when a schedule fires, in words and in times."""

from datetime import timedelta

import pytest
from tally import timezones
from tally.instants import away

from tests.unit.runner.command import Command

BERLIN = ("--zone", "Europe/Berlin")


def test_the_next_times_in_the_zone_and_in_utc(command: Command) -> None:
    said = command("next", "0 9 * * 1", *BERLIN, "--from", "2025-03-22T12:00", "--count", "2")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "Every Monday at 09:00, in Europe/Berlin.\n\n"
        "Europe/Berlin                 UTC                AWAY\n"
        "Mon 2025-03-24 09:00 +01:00   2025-03-24 08:00   in 1 day 21 h\n"
        "Mon 2025-03-31 09:00 +02:00   2025-03-31 07:00   in 8 days 20 h\n"
    )


def test_a_change_of_the_clock_is_pointed_out(command: Command) -> None:
    said = command("next", "30 2 * * *", *BERLIN, "--from", "2025-10-26", "--count", "3")
    assert said.out.splitlines()[3:6] == [
        "Sun 2025-10-26 02:30 +02:00   2025-10-26 00:30   in 2 h 30 min",
        "Sun 2025-10-26 02:30 +01:00   2025-10-26 01:30   in 3 h 30 min",
        "Mon 2025-10-27 02:30 +01:00   2025-10-27 01:30   in 1 day 3 h",
    ]
    assert said.out.endswith(
        "\nNote: the clock goes back on 2025-10-26 from 03:00 to 02:00: 1 time scheduled that day, 2 runs.\n"
    )


def test_json_for_a_program(command: Command) -> None:
    said = command("next", "30 2 * * *", *BERLIN, "--from", "2025-03-29T12:00+01:00", "--count", "1", "--json")
    assert said.json == {
        "schedule": "30 2 * * *",
        "words": "every day at 02:30",
        "time_zone": "Europe/Berlin",
        "times": [
            {"utc": "2025-03-31T00:30:00Z", "local": "2025-03-31T02:30:00+02:00", "seconds_away": 37 * 3600 + 1800}
        ],
        "clock_changes": [
            {
                "utc": "2025-03-30T01:00:00Z",
                "before": "2025-03-30T02:00:00",
                "after": "2025-03-30T03:00:00",
                "scheduled": 1,
                "firings": 0,
            }
        ],
    }


def test_without_a_time_it_counts_from_now(command: Command) -> None:
    (first, second) = command("next", "* * * * *", "--count", "2", "--json").json["times"]
    assert 0 <= first["seconds_away"] < 60 <= second["seconds_away"] < 120


def test_a_job_of_the_folder_with_its_zone_and_its_limit(command: Command) -> None:
    command.job("sync", 'schedule="0 9 * * *", number_of_executions=2, time_zone="Asia/Tokyo"')
    said = command("next", "sync", "--from", "2025-01-01")
    assert [line.split("   ")[0] for line in said.out.splitlines()] == [
        "Every day at 09:00, in Asia/Tokyo.",
        "",
        "Asia/Tokyo",
        "Wed 2025-01-01 09:00 +09:00",
        "Thu 2025-01-02 09:00 +09:00",
        "",
        "That is all: number_of_executions=2, if none has run yet.",
    ]
    assert len(command("next", "sync", "--count", "1", "--json").json["times"]) == 1
    assert command("next", "sync", *BERLIN, "--json").json["time_zone"] == "Europe/Berlin"


def test_a_job_that_rests(command: Command) -> None:
    command.job("sync", "suspend=True")
    assert command("next", "sync").out.endswith("\nNone of them as long as it says suspend=True.\n")


def test_a_schedule_that_never_fires(command: Command) -> None:
    said = command("next", "0 0 31 2 *")
    assert said.out.splitlines()[1:] == ["It does not fire within five years."]
    assert command("next", "0 0 31 2 *", "--json").json["times"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["*/5 * * *"], "The schedule '*/5 * * *' cannot be: It has 4 fields. Write five fields,"),
        (["*/5"], "The schedule '*/5' cannot be: It has 1 field."),
        (["*/5\t*"], "It has 2 fields."),
        ([""], "The schedule is ''."),
        (["Sync_Products"], "The name 'Sync_Products' cannot name a CronJob."),
        (["@reboot"], "The schedule '@reboot' cannot be: @reboot has no meaning in a cluster."),
        (
            ["* * * * *", "--zone", "europe/berln"],
            'is none that this machine knows. Write an IANA name: time_zone="Eur',
        ),
        (["* * * * *", "--zone", "Europe"], "The time zone 'Europe' is none that this machine knows."),
        (["* * * * *", "--zone", "localtime"], "The time zone 'localtime' cannot be."),
        (["* * * * *", "--from", "noon"], "--from 'noon' is no time from 1970 to 8999."),
        (["* * * * *", "--from", "0001-01-01"], "--from '0001-01-01' is no time from 1970 to 8999."),
        (["nothing"], "There is no job 'nothing'"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(command: Command, arguments: list[str], message: str) -> None:
    command.job("sync")
    said = command("next", *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("tally: ")
    assert message in said.err
    assert said.err.count("\n") == 1


def test_a_machine_without_a_calendar_of_zones_is_told_what_to_install(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezones, "available_timezones", set)
    said = command("next", "* * * * *", "--zone", "Europe/Nowhere")
    assert "It knows no zones at all: pip install tzdata" in said.err


@pytest.mark.parametrize("count", ["0", "1001", "-1", "two", "1.5"])
def test_a_count_that_is_none(command: Command, count: str) -> None:
    said = command("next", "* * * * *", f"--count={count}")
    assert said.code == 2
    assert f"{count!r} is no whole number from 1 to 1000" in said.err


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "in 0 s"),
        (59, "in 59 s"),
        (60, "in 1 min"),
        (3599, "in 59 min"),
        (3600, "in 1 h"),
        (7500, "in 2 h 5 min"),
        (86_400, "in 1 day"),
        (2 * 86_400 + 3660, "in 2 days 1 h"),
        (86_400 + 60, "in 1 day 1 min"),
    ],
)
def test_how_far_away(seconds: int, words: str) -> None:
    assert away(timedelta(seconds=seconds)) == words
