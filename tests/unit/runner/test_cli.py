"""The commands: what they print, and what they exit with."""

import re

import pytest

from tests.unit.runner.process import CONFIG, Tally

GOOD = f'"""Sync them."""\nfrom tally import JobConfig\n{CONFIG}def run(container): ...\n'


def test_list_shows_each_job_and_its_schedule(tally: Tally) -> None:
    tally.write("sync", GOOD)
    tally.write(
        "report",
        "from tally import JobConfig\n"
        "config = JobConfig(name='report', schedule='0 9 * * 1', number_of_executions=3, time_zone='Europe/Berlin')\n"
        "def run(container): ...\n",
    )
    ended = tally.run("list")
    assert (ended.code, ended.err) == (0, "")
    assert [re.split(r"\s{2,}", line) for line in ended.out.splitlines()] == [
        ["NAME", "SCHEDULE", "EXECUTIONS", "ZONE", "SUMMARY"],
        ["report", "0 9 * * 1", "3", "Europe/Berlin"],
        ["sync", "* * * * *", "unlimited", "Etc/UTC", "Sync them."],
    ]


def test_check_says_all_that_is_wrong_at_once(tally: Tally) -> None:
    tally.write("sync", GOOD)
    tally.write("broken", "1 / 0")
    tally.write("empty", "")
    tally.write("_services", "")
    ended = tally.run("check")
    assert ended.code == 1
    assert ended.out == f"ok  sync  ({tally.jobs}/sync.py)\n"
    assert [line.split(",")[0].split(" has ")[0] for line in ended.err.splitlines()] == [
        f"error: {tally.jobs}/broken.py",
        f"error: {tally.jobs}/empty.py",
        f"error: {tally.jobs}/_services.py",
    ]


def test_check_is_content_with_sound_jobs_and_with_none(tally: Tally) -> None:
    tally.jobs.mkdir()
    assert (tally.run("check").code, tally.run("check").out) == (0, f"No jobs in {tally.jobs}.\n")
    tally.write("sync", GOOD)
    assert tally.run("check").code == 0


@pytest.mark.parametrize("command", ["list", "check"])
def test_a_missing_folder_is_told_without_a_traceback(tally: Tally, command: str) -> None:
    ended = tally.run(command, "--jobs", "/nowhere")
    assert (ended.code, ended.out) == (2, "")
    assert (
        ended.err == "tally: There is no jobs folder /nowhere. Name it by --jobs FOLDER or the variable TALLY_JOBS.\n"
    )


def test_the_option_wins_over_the_variable(tally: Tally) -> None:
    tally.write("sync", GOOD)
    assert tally.run("check", "--jobs", str(tally.jobs), TALLY_JOBS="/nowhere").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["run", "list", "check", "tally run --help"]),
        (["run", "--help"], ["--input JSON", "TALLY_INPUT", "143 stopped by SIGTERM", "tally run sync-products"]),
        (["list", "--help"], ["--jobs FOLDER", "TALLY_JOBS"]),
        (["check", "--help"], ["before a commit", "1 at least one is not"]),
    ],
)
def test_help_tells_what_there_is(tally: Tally, arguments: list[str], words: list[str]) -> None:
    ended = tally.run(*arguments)
    assert ended.code == 0
    assert [word for word in words if word not in ended.out] == []


@pytest.mark.parametrize("arguments", [["rum"], ["run"], ["run", "sync", "--inputs", "{}"]])
def test_a_wrong_call_exits_with_2(tally: Tally, arguments: list[str]) -> None:
    ended = tally.run(*arguments)
    assert ended.code == 2
    assert ended.err.startswith("usage: tally")


def test_output_that_the_terminal_cannot_show_is_escaped(tally: Tally) -> None:
    tally.write("sync", GOOD.replace("Sync them.", "Grüße 💥"))
    ended = tally.run("list", PYTHONIOENCODING="ascii")
    assert ended.code == 0
    assert r"Gr\xfc\xdfe \U0001f4a5" in ended.out
