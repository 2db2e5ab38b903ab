"""`tally` called within the test's process, in a folder of its own."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tally import cli


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a call of the command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 (JSON)
        return json.loads(self.out)


@dataclass(frozen=True)
class Command:
    """The command line in the folder that is the current one."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Said:
        try:
            code = cli.main(arguments)
        except SystemExit as end:  # argparse's own ends
            code = end.code if isinstance(end.code, int) else 1
        said = self.capsys.readouterr()
        return Said(code=code, out=said.out, err=said.err)

    def job(self, name: str, config: str = "", *, head: str = "", folder: str = "jobs") -> Path:
        """Write a job that is sound but for the fields given."""
        schedule = "" if "schedule=" in config else ', schedule="* * * * *"'
        path = self.folder / folder / f"{name.replace('-', '_')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'"""Do {name}."""\nfrom tally import JobConfig\n{head}\n'
            f'config = JobConfig(name="{name}"{schedule}{", " if config else ""}{config})\n'
            "async def run(container): ...\n",
            encoding="utf-8",
        )
        return path
