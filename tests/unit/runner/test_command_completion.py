"""`tally completion`: a real shell completes commands, options and the names of jobs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tally.cli import COMMANDS
from tally_cluster import toolchain

from tests.unit.runner.command import Command
from tests.unit.runner.process import RUNNER, Tally

# Each line of the input is a command line; its last word is completed.
COMPLETE = """
eval "$(tally completion bash)"
while IFS=, read -r -a COMP_WORDS; do
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_WORDS[COMP_CWORD]=${COMP_WORDS[COMP_CWORD]%.}; COMPREPLY=()
  _shtab_tally tally "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
  echo "${COMPREPLY[*]}"
done
"""
# compadd is zsh's own and works only while it completes: here it prints what it was given.
COMPLETE_ZSH = """
compdef() { : }
compadd() { print -l -- ${(P)2} }
eval "$(tally completion zsh)"
words=("$@"); CURRENT=$#
_tally_jobs
"""


@pytest.fixture
def folder(tally: Tally) -> Path:
    """A place where `tally` is a command, with two jobs whose import would fail."""
    program = tally.folder / "bin" / "tally"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tally "$@"\n')
    program.chmod(0o755)
    for path in ("jobs/sync_products.py", "jobs/report.py", "jobs/test_report.py", "shop/jobs/sync_prices.py"):
        (tally.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (tally.folder / path).write_text("1 / 0")
    return tally.folder


def shell(folder: Path, *command: str, lines: str = "") -> list[str]:
    environ = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "PYTHONPATH": str(RUNNER)}
    ended = subprocess.run(command, cwd=folder, env=environ, input=lines, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.splitlines()


def test_bash_completes(folder: Path) -> None:
    completed = {
        ("man",): "manifests",
        ("run", ""): "report sync-products",
        ("run", "s"): "sync-products",
        ("next", "r"): "report",
        ("manifests", "report", "s"): "sync-products",
        ("run", "--jobs", "shop/jobs", ""): "sync-prices",
        ("run", "--jobs", "nowhere", ""): "",
        ("new", "s"): "",  # a job that is not there yet
        ("list", "--jobs", "sh"): "shop",
        ("list", "--js"): "--json",
        ("completion", "z"): "zsh",
    }
    lines = "".join(f"tally,{','.join(words)}.\n" for words in completed)  # the full stop keeps an empty word
    assert dict(zip(completed, shell(folder, "bash", "-c", COMPLETE, lines=lines), strict=True)) == completed


@pytest.fixture
def zsh() -> str:
    """The shell zsh, which not every machine has, and not everybody may install."""
    if shutil.which("zsh") is None and os.geteuid() == 0:
        toolchain.apt_install(["zsh"])
    return shutil.which("zsh") or pytest.skip("zsh is not installed")


def test_zsh_completes_the_names_of_jobs(folder: Path, zsh: str) -> None:
    def complete(*words: str) -> list[str]:
        return shell(folder, zsh, "-f", "-c", COMPLETE_ZSH, "zsh", *words)

    assert complete("run", "") == ["report", "sync-products"]
    assert complete("run", "--jobs", "shop/jobs", "") == ["sync-prices"]
    assert complete("run", "", "--jobs") == ["report", "sync-products"]


def test_both_scripts_are_for_the_whole_command_line(command: Command) -> None:
    for shell_name in ("bash", "zsh"):
        said = command("completion", shell_name)
        assert (said.code, said.err) == (0, "")
        assert [word for word in (*COMMANDS, "--namespace", "_tally_jobs") if word not in said.out] == []


def test_a_missing_library_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    said = command("completion", "bash")
    assert (said.code, said.out) == (2, "")
    assert "tally completion needs shtab. Install it: pip install 'tally[dev]'." in said.err
    command.job("sync")
    assert command("completion", "jobs").out == "sync\n"  # this one needs nothing
