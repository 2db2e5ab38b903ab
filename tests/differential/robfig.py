"""Asks robfig/cron itself: builds the Go program in tests/oracle and questions it, over the same zone data as ours."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tally_cluster import toolchain
from tally_cluster.settings import cache as cache_folder

SOURCES = Path(__file__).resolve().parents[1] / "oracle"
# Both sides read these files, not the machine's, so that no difference can come from the data.
ZONE_FILES = Path(str(files("tzdata"))) / "zoneinfo"


@cache
def zone(name: str) -> ZoneInfo:
    """A zone by its IANA name, from the files that the oracle reads."""
    with (ZONE_FILES / name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def zone_names() -> list[str]:
    """All names of the tz database."""
    return (ZONE_FILES.parent / "zones").read_text().split()


def ask(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Asks all questions in one go; tests/oracle/main.go says what is in questions and answers."""
    lines = "\n".join(json.dumps(question) for question in questions)
    environment = {**os.environ, "ZONEINFO": str(ZONE_FILES)}
    # Robfig never returns from a day that a zone leaves out.
    done = subprocess.run([_program()], input=lines, env=environment, text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    assert len(answers) == len(questions)
    return answers


@cache
def _program() -> Path:
    sources = sorted([*SOURCES.glob("*.go"), *SOURCES.glob("go.*")])
    stamp = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    program = cache_folder() / "oracle" / stamp / "oracle"
    if not program.exists():
        half = program.with_name(f"half-{os.getpid()}")
        command = [toolchain.go(), "build", "-trimpath", "-buildvcs=false", "-o", half, "."]
        subprocess.run(command, cwd=SOURCES, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
        half.rename(program)
    return program
