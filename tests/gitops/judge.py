"""Asks the real kstatus, and Argo CD's Lua with the health check of deploy/argocd, what they make of an object."""

import hashlib
import json
import os
import subprocess
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tally_cluster import demo, toolchain
from tally_cluster.settings import cache as cache_folder

SOURCES = Path(__file__).parent
ARGOCD = demo.CHART.parents[1] / "deploy" / "argocd"
HEALTH = ARGOCD / "health.lua"


@dataclass(frozen=True)
class Seen:
    """What is made of an object.

    Args:
        kstatus: `Current`, `InProgress`, `Failed`, `Terminating`, by which Flux and others wait.
        health: Argo CD's `Healthy`, `Progressing`, `Degraded`, `Suspended`.
        message: What Argo CD shows beside it.
    """

    kstatus: str
    health: str
    message: str


def judge(*objects: dict[str, Any]) -> list[Seen]:
    """Ask about objects as a cluster gives them."""
    lines = "".join(f"{json.dumps(each)}\n" for each in objects)
    done = subprocess.run([_program(), HEALTH], input=lines, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(objects)
    return [Seen(each["kstatus"], each["health"]["status"], each["health"]["message"]) for each in answers]


@cache
def _program() -> Path:
    sources = sorted([*SOURCES.glob("*.go"), *SOURCES.glob("go.*")])
    stamp = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    program = cache_folder() / "gitops" / stamp / "judge"
    if not program.exists():
        half = program.with_name(f"half-{os.getpid()}-{threading.get_ident()}")  # scenes are threads
        command = [toolchain.go(), "build", "-trimpath", "-buildvcs=false", "-o", half, "."]
        subprocess.run(command, cwd=SOURCES, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
        half.rename(program)
    return program
