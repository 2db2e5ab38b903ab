"""What the documentation has its reader write and type is sound: manifests, jobs, and commands."""

import json
import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tally import cli
from tally.kubectl import main as kubectl_tally
from tally_operator import crd, render, timing
from tally_operator.model import NAME_LIMIT, Condition, Spec
from tally_operator.observed import Key, Window
from tally_operator.problems import Problem
from tally_operator.render import Defaults

from deploy import chart_docs
from tests.docs import structure
from tests.docs.written import ROOT, WITH_EXAMPLES, Fence, commands, fences, files, pages
from tests.e2e.guide import Command, File, Reader

NOW = datetime(2026, 11, 25, tzinfo=UTC)
WITHOUT_COLOUR = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1", "COLUMNS": "200"}
WITH_FILES = [page for page in pages() if page.startswith(WITH_EXAMPLES) and files(page)]
TYPED = [(page, command) for page in pages() for command in commands(page)]


def manifests() -> list[object]:
    return [
        pytest.param(document, id=f"{fence.page}-{number}")
        for fence in fences("yaml")
        for number, document in enumerate(structure.documents(fence.body))
        if document.get("kind") == "ScheduledJob"
    ]


@pytest.mark.parametrize("manifest", manifests())
def test_a_manifest_is_what_the_api_server_and_the_operator_take(manifest: structure.Json) -> None:
    assert set(manifest) == {"apiVersion", "kind", "metadata", "spec"}
    assert manifest["apiVersion"] == "tally.dev/v1"
    assert list(structure.problems(structure.spec_schema(), manifest["spec"], "spec")) == []
    spec = Spec.model_validate(manifest["spec"])
    assert re.fullmatch(crd._NAME_PATTERN, spec.name)
    assert len(spec.name) <= NAME_LIMIT
    assert not isinstance(timing.check(spec.schedule, spec.time_zone, NOW), Problem)
    key = Key("shop", manifest["metadata"]["name"])
    body = render.cronjob(key, "uid", spec, Window(after=NOW), Defaults(runner_image="runner"))
    pod = body["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["name"] == "job"
    assert pod["containers"][0]["image"] == (spec.image or "runner")


def test_what_is_wrong_with_a_manifest_is_found() -> None:
    wrong = {
        "name": 1,
        "retries": -1,
        "numberOfExecutions": True,
        "concurrencyPolicy": "forbid",
        "image": "",
        "cron": 1,
    }
    found = "\n".join(structure.problems(structure.spec_schema(), wrong, "spec"))
    for field in ("name is no", "retries is less", "Executions is no", "Policy is none", "image is too", "field cron"):
        assert field in found
    assert "has no schedule" in found


def test_yaml_that_is_no_manifest_can_be_read() -> None:
    for fence in fences("yaml"):
        assert structure.documents(fence.body) or fence.body.startswith("- "), fence


@pytest.mark.parametrize("fence", [fence for fence in fences("python") if fence.page.startswith(WITH_EXAMPLES)])
def test_python_is_python_and_says_which_file_it_is(fence: Fence) -> None:
    compile(fence.body, fence.page, "exec", dont_inherit=True)
    assert fence.file, "write the file's name in the line before: `jobs/sync_products.py`:"


@pytest.mark.parametrize("page", WITH_FILES)
def test_files_are_sound_and_commands_do_with_them_what_is_shown(page: str, tmp_path: Path) -> None:
    reader = Reader(tmp_path, WITHOUT_COLOUR | {"TALLY_LOG_FORMAT": "text"}, {})
    for fence in files(page):
        reader.follow(File(str(fence.file), fence.body))
    if (tmp_path / "jobs").exists():
        reader.follow(Command("tally check", "..."))
    for command in commands(page):
        if command.text.startswith(("tally run", "tally manifests")):
            reader.follow(Command(command.text, command.answer or "..."))


@pytest.mark.parametrize("command", [command for _, command in TYPED if command.text.startswith("tally next")])
def test_a_schedule_is_said_as_is_shown(command: Command, tmp_path: Path) -> None:
    Reader(tmp_path, WITHOUT_COLOUR, {}).follow(Command(command.text, command.answer or "..."))


def words(command: Command) -> list[str]:
    """Give the words of a command's first program, without what is set before it and where its output goes."""
    typed = [re.sub(r"^\w+=\S+ +", "", command.text.replace("\\\n", " "))]
    return shlex.split(re.split(r" [|<>] | && ", typed[0])[0])


@pytest.mark.parametrize(("page", "command"), [each for each in TYPED if "tally " in each[1].text])
def test_a_command_of_ours_has_these_options(page: str, command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    typed = words(command)
    parser = {"tally": cli.parser, "kubectl": kubectl_tally.parser}.get(typed[0])
    given = typed[1:] if typed[0] == "tally" else typed[2:]
    if parser is None or (typed[0] == "kubectl" and typed[1] != "tally"):
        return
    try:
        parser().parse_args(given)
    except SystemExit as end:
        assert end.code == 0, f"{page}: {command.text}\n{capsys.readouterr().err}"  # noqa: PT017 (argparse's own end)


def test_what_helm_is_to_set_are_values_of_the_chart() -> None:
    known = {value.path for value in chart_docs.values((chart_docs.CHART / "values.yaml").read_text())}
    given = [re.findall(r"--set '?([\w.]+)=", command.text) for _, command in TYPED]
    found = {name for each in given for name in each}
    assert len(found) >= 6
    assert found - known == set()


def test_patches_paths_and_conditions_are_those_of_the_resource() -> None:
    patches = paths = conditions = 0
    for page, command in TYPED:
        typed = words(command)
        for patch in typed[typed.index("--patch") + 1 :][:1] if "--patch" in typed else []:
            patches += 1
            spec = {"name": "any", "schedule": "@hourly"} | json.loads(patch)["spec"]
            assert list(structure.problems(structure.spec_schema(), spec, page)) == []
        for path in re.findall(r"\{\.status\.([\w.]+)\}", command.text):
            paths += 1
            assert structure.has_path(structure.status_schema(), path.split(".")), f"{page}: {path}"
        for condition in re.findall(r"--for=condition=(\w+) sj/", command.text):
            conditions += 1
            assert condition in str(Condition.model_fields["type"].annotation), f"{page}: {condition}"
    assert min(patches, paths, conditions) > 0


def test_shell_that_is_shown_is_shell() -> None:
    shells = [fence.body for fence in fences("sh")] + [command.text for _, command in TYPED]
    for text in shells:
        done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.returncode == 0, f"{text}\n{done.stderr}"
