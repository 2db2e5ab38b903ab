"""The command line: what all commands have in common, and what they exit with."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib

import pytest
from tally import cli

from tests.unit.runner.command import Command
from tests.unit.runner.process import CONFIG, RUNNER, Tally

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
        (["next", "--help"], ["SCHEDULE|NAME", "Europe/Berlin"]),
        (["new", "--help"], ["Dockerfile"]),
        (["manifests", "--help"], ["kubectl apply -f -", "pip install 'tally[dev]'"]),
        (["completion", "--help"], [".bashrc", ".zshrc"]),
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


def test_the_version_is_that_of_the_package(command: Command) -> None:
    project = tomllib.loads((RUNNER.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert command("--version").out == f"tally {project['version']}\n"
    chart = (RUNNER.parent / "charts" / "tally" / "Chart.yaml").read_text(encoding="utf-8").splitlines()
    assert {f"version: {project['version']}", f"appVersion: {project['version']}"} <= set(chart)


def test_a_run_imports_no_other_command(tally: Tally) -> None:
    tally.job("print(sorted(name for name in sys.modules if name.startswith('tally.commands.')))")
    assert tally.run().out.count("'tally.commands.run', 'tally.commands.shared']") == 1


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["list", "--json"], ["check"], ["next", "* * * * *", "--count", "1000"], ["manifests"], ["--help"]],
)
def test_nobody_reads_any_more(tally: Tally, arguments: list[str]) -> None:
    tally.write("sync", GOOD)
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen(
        [sys.executable, "-m", "tally", *arguments],
        env={"PYTHONPATH": str(RUNNER), "TALLY_JOBS": str(tally.jobs)},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    _, err = process.communicate()
    assert err == ""
    assert process.returncode == (0 if "--help" in arguments else 128 + signal.SIGPIPE)


def test_ctrl_c_ends_without_a_traceback(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    command.job("sync")
    monkeypatch.setattr("tally.loader.load_all", interrupted)
    said = command("list")
    assert (said.code, said.out, said.err) == (128 + signal.SIGINT, "", "")


def helps(command: Command, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Every help text by its command; "" is `tally --help`."""
    monkeypatch.setenv("COLUMNS", "100")
    return {name: command(*name.split(), "--help").out for name in ("", *cli.COMMANDS)}


def test_every_help_fits_and_shows_examples(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = helps(command, monkeypatch)
    assert [line for text in texts.values() for line in text.splitlines() if len(line) > 100] == []
    assert [name for name in cli.COMMANDS if not examples(texts[name])] == []
    for name in cli.COMMANDS:
        assert f"\n    {name}" in texts[""]


def examples(text: str) -> list[str]:
    """The command lines under `examples:`, without what is said beside them."""
    block = text.partition("\nexamples:\n")[2].partition("\n\n")[0]
    return [re.split(r" {3,}", line.strip())[0] for line in block.splitlines()]


# What needs a cluster, or another shell; `tally dev` goes on until somebody stops it.
CRONJOB = """
kind: CronJob
metadata: {name: backup}
spec:
  schedule: "@daily"
  jobTemplate:
    spec:
      template:
        spec: {securityContext: {runAsUser: 70, runAsGroup: 70}, containers: [{name: job, image: postgres:16}]}
"""
ELSEWHERE = {
    "tally manifests | kubectl apply -f -",
    "kubectl get cronjob backup --output yaml | tally manifests --from-cronjob -",
    'eval "$(tally completion zsh)"',
}


def test_every_example_works_as_it_stands(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for text in helps(command, monkeypatch).values() for line in examples(text)]
    shown = [line for line in lines if line not in ELSEWHERE and not line.startswith("tally dev")]
    assert len(shown) > 20
    if shutil.which("jq") is None:
        shown = [line.partition(" | jq ")[0] for line in shown]
    for folder, name in [("jobs", "sync-products"), ("jobs", "limited-test"), ("services/shop/jobs", "sync-stock")]:
        command.job(name, folder=folder)
    (command.folder / "backup.yaml").write_text(CRONJOB)
    program = command.folder / "bin" / "tally"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tally "$@"\n')
    program.chmod(0o755)
    shown.sort(key=lambda line: not line.startswith("tally new"))  # it writes a job that others name
    script = "\n".join(f"{line} || echo FAILED {number} >&2" for number, line in enumerate(shown))
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        cwd=command.folder,
        env={"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(RUNNER)},
        capture_output=True,
        text=True,
        check=False,
    )
    failed = [shown[int(number)] for number in re.findall(r"FAILED (\d+)", ended.stderr)]
    assert (failed, ended.stderr) == ([], "")
