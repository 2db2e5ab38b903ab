"""A folder in which `tally` runs."""

from pathlib import Path

import pytest

from tests.unit.runner.process import Tally


@pytest.fixture
def tally(tmp_path: Path) -> Tally:
    return Tally(tmp_path)
