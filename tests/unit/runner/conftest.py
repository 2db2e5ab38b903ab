"""A folder in which `tally` runs: as a process of its own, or called in this one."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.runner.command import Command
from tests.unit.runner.process import Tally


@pytest.fixture
def tally(tmp_path: Path) -> Tally:
    return Tally(tmp_path)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """The command line in this process: fast, for all that does not depend on how a process ends."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TALLY_JOBS", raising=False)
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "jobs"}
    yield Command(tmp_path, capsys)
    for name in [name for name in sys.modules if name.partition(".")[0] == "jobs"]:
        del sys.modules[name]
    sys.modules.update(before)
