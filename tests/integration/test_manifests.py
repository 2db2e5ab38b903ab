"""The plain manifests are the chart's, and what the README shows is what the repository holds."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

from tests.e2e.kube import Kubectl

ROOT = Path(__file__).resolve().parents[2]


def test_the_plain_manifests_are_what_the_chart_renders() -> None:
    rendered = subprocess.run([ROOT / "deploy" / "render"], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "deploy" / "tally.yaml").read_text() == rendered, "run: make manifests"


def test_the_readme_shows_the_sample() -> None:
    (shown,) = re.findall(r"```yaml\n(.+?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert yaml.safe_load(shown) == yaml.safe_load((ROOT / "deploy" / "samples" / "limited-test.yaml").read_text())


def test_the_readme_shows_the_job_as_it_is() -> None:
    (shown,) = re.findall(r"```python\n(.+?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert shown == (ROOT / "jobs" / "limited_test.py").read_text()


def test_every_make_target_in_the_readme_is_there() -> None:
    targets = set(re.findall(r"`make ([a-z-]+)`", (ROOT / "README.md").read_text()))
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert targets <= set(re.findall(r"make ([a-z-]+)", listed))


def test_the_api_server_takes_what_tally_manifests_prints(kubectl: Kubectl) -> None:
    command = [sys.executable, "-m", "tally", "manifests", "--jobs", str(ROOT / "jobs")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    said = kubectl.run("apply", "--dry-run=server", "--validate=strict", "--filename=-", stdin=printed)
    assert said.count("created (server dry run)") == printed.count("kind: ScheduledJob") > 1
