"""What helm makes of the chart, as objects; no cluster is asked."""

import json
import os
import subprocess
from functools import cache
from typing import Any

import pytest
import yaml
from tally_cluster import demo, toolchain

if not (toolchain.folder() / "complete").exists():
    pytest.skip("helm is not built yet: `make cluster` builds it", allow_module_level=True)

Json = dict[str, Any]
# helm must not find anybody's cluster.
NOWHERE = {**os.environ, "KUBECONFIG": "/nonexistent"}
HOOK = "helm.sh/hook"
VERSION = yaml.safe_load((demo.CHART / "Chart.yaml").read_text())["version"]


def helm(*arguments: str, values: Json | None = None) -> "subprocess.CompletedProcess[str]":
    """Run helm on the chart.

    Args:
        arguments: What follows its name; the chart's path is put after them.
        values: What a user sets.
    """
    command = [str(toolchain.tool("helm")), *arguments, str(demo.CHART), "--values=-"]
    return subprocess.run(
        command, input=json.dumps(values or {}), capture_output=True, text=True, check=False, env=NOWHERE
    )


def rendered(values: Json | None = None) -> list[Json]:
    """Give the objects that a user's values make."""
    found: list[Json] = json.loads(_rendered(json.dumps(values or {})))
    return found


@cache
def _rendered(values: str) -> str:
    done = helm("template", "tally", "--namespace=tally-system", values=json.loads(values))
    assert done.returncode == 0, done.stderr
    return json.dumps([each for each in yaml.safe_load_all(done.stdout) if each])


def the(objects: list[Json], kind: str, name: str = "tally") -> Json:
    """Give the one object of a kind and a name."""
    (found,) = (each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return found


def names(objects: list[Json], kind: str) -> list[str]:
    """List the names of a kind's objects, helm's tests left out."""
    return [
        each["metadata"]["name"]
        for each in objects
        if each["kind"] == kind and HOOK not in each["metadata"].get("annotations", {})
    ]


def nested(dotted: str, value: object) -> Json:
    """Write one value as helm takes it: `crds.keep` as {"crds": {"keep": ...}}."""
    head, _, rest = dotted.partition(".")
    return {head: nested(rest, value) if rest else value}


def at(value: Any, *path: str | int) -> Any:  # noqa: ANN401 (JSON)
    """Follow a path into an object; None where it leads nowhere."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
