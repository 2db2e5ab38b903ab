"""`tally new`: what it writes works as it is, and nothing is overwritten."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.runner.command import Command
from tests.unit.runner.process import RUNNER, Tally


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_is_written_passes_check_run_and_pytest(tally: Tally) -> None:
    assert tally.run("new", "clean-up-carts", "--schedule", "0 */6 * * *").code == 0
    checked = tally.run("check")
    assert (checked.code, checked.err) == (0, "")
    assert tally.run("run", "clean-up-carts").outcome["result"] == {"processed": 3}
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tally.jobs)],
        env={"PYTHONPATH": str(RUNNER), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        cwd=tally.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in tested.stdout, tested.stdout


def test_an_empty_folder_gets_a_dockerfile_and_the_next_commands_are_told(command: Command) -> None:
    said = command("new", "clean-up-carts")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "written  jobs/clean_up_carts.py\nwritten  jobs/test_clean_up_carts.py\nwritten  Dockerfile\n\n"
        "Next:\n  tally run clean-up-carts\n  pytest jobs/test_clean_up_carts.py\n"
        "  tally manifests clean-up-carts | kubectl apply -f -\n"
    )
    dockerfile = (command.folder / "Dockerfile").read_text()
    assert re.fullmatch(r"FROM tally-runner:[\d.]+\nCOPY jobs /app/jobs\nENV TALLY_JOBS=/app/jobs\n", dockerfile)
    assert command("new", "second").out.count("written") == 2
    assert (command.folder / "Dockerfile").read_text() == dockerfile


def test_another_folder_is_named_in_the_next_commands(command: Command) -> None:
    said = command("new", "sync", "--jobs", "our services/shop/tasks")
    assert "  tally run sync --jobs 'our services/shop/tasks'\n" in said.out
    place = command.folder / "our services" / "shop"
    assert files(place) == ["Dockerfile", "tasks/sync.py", "tasks/test_sync.py"]
    assert "COPY tasks /app/jobs" in (place / "Dockerfile").read_text()


def test_the_schedule_is_explained_in_the_file(command: Command) -> None:
    command("new", "report", "--schedule", "0 9 * * 1")
    text = (command.folder / "jobs" / "report.py").read_text()
    assert 'schedule="0 9 * * 1",  # every Monday at 09:00, in UTC\n' in text


def test_an_odd_schedule_breaks_no_file(command: Command) -> None:
    odd = '*-"\\ * * * *'  # what follows "*-" is ignored, as in robfig's cron
    assert command("new", "odd", "--schedule", odd).code == 0
    assert command("list", "--json").json["jobs"][0]["schedule"] == odd


@pytest.mark.parametrize("there", ["jobs/sync.py", "jobs/test_sync.py"])
def test_nothing_is_overwritten(command: Command, there: str) -> None:
    path = command.folder / there
    path.parent.mkdir()
    path.write_text("mine")
    said = command("new", "sync")
    assert (said.code, said.out) == (2, "")
    assert said.err == f"tally: {there} is there already, and is not overwritten. Choose another name, or edit it.\n"
    assert files(command.folder) == [there]
    assert path.read_text() == "mine"


def test_a_place_that_is_no_folder_is_told_in_a_line(command: Command) -> None:
    (command.folder / "jobs").write_text("mine")
    said = command("new", "sync")
    assert (said.code, said.out, said.err) == (2, "", "tally: jobs/sync.py cannot be written: File exists.\n")


def test_a_dockerfile_that_is_there_stays(command: Command) -> None:
    (command.folder / "Dockerfile").write_text("mine")
    assert command("new", "sync").code == 0
    assert (command.folder / "Dockerfile").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["Sync_Products"],
            """Use a-z, 0-9 and '-' only, with a letter or digit at both ends: name="sync-products".\n""",
        ),
        (["../etc"], "cannot name a CronJob"),
        (["x" * 53], "has 53 characters; a CronJob's name has at most 52."),
        (["test-sync"], "No job can be named 'test-sync': test_sync.py is a test's file. Write another name"),
        (["sync", "--schedule", "* * * *"], "The schedule '* * * *' cannot be: It has 4 fields."),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(command: Command, arguments: list[str], message: str) -> None:
    said = command("new", *arguments)
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert files(command.folder) == []


def test_names_of_every_kind_load(command: Command) -> None:
    for name in ("a", "0", "2-fast", "import", "a--b", "x" * 52):
        assert command("new", name).code == 0, name
    said = command("check", "--json")
    assert (said.code, len(said.json["jobs"])) == (0, 6), json.dumps(said.json)
