"""The reference says what the code says: the pages that are made of it, and those that are written beside it."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
import yaml
from tally import cli, cron, database
from tally.kubectl import main as plugin
from tally.outcome import Outcome
from tally_operator import fence, render
from tally_operator.model import Condition, Phase, Spec

from deploy.docs import __main__ as reference
from deploy.docs import commands, library, resource
from tests.docs.written import DOCS, ROOT, column, fences, text

OPERATOR = ROOT / "operator" / "tally_operator"
RUNNER = ROOT / "runner" / "tally"
TYPES = get_args(Condition.model_fields["type"].annotation)


@pytest.mark.parametrize("name", reference.pages())
def test_a_page_is_what_the_code_makes_of_it(name: str) -> None:
    assert (DOCS / "reference" / name).read_text(encoding="utf-8") == reference.pages()[name], "run: make docs"


def test_every_field_is_told_and_none_that_is_not_there() -> None:
    page = resource.page()
    assert re.findall(r"^\| `([\w.\[\]]+)` \|(?:[^|]*\|){1,2} *\|$", page, re.MULTILINE) == []
    assert [name for name in resource._SAID if f"\n| `{name}` |" not in page] == []
    for field in Spec.model_fields.values():
        assert f"\n| `{field.alias}` |" in page


def test_every_command_and_every_option_is_told() -> None:
    page = commands.page()
    for name in cli.COMMANDS:
        assert f"\n## tally {name}\n" in page
    assert "| `NAME` | the job's name, such as sync-products |" in page
    assert "\ntally run [--jobs FOLDER] NAME [--input JSON]\n" in page


def test_every_command_and_every_option_of_the_plugin_is_told() -> None:
    page = commands.plugin_page()
    _, common, *sections = page.split("\n## ")
    parsers = dict(commands._commands(plugin.parser()))
    assert [section.partition("\n")[0] for section in sections] == [f"kubectl tally {name}" for name in parsers]
    for section, parser in zip(sections, parsers.values(), strict=True):
        options = {option for action in parser._actions for option in action.option_strings}
        told = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", section + common))
        assert options - told == {"-h", "--help"}
    assert "\nkubectl tally diff -f, --filename FILE\n" in page
    assert page.count("`--kubeconfig FILE`") == 1


def test_a_docstring_of_another_form_is_not_passed_over() -> None:
    def wrong() -> None:
        """Do something.

        Args:
            no name and no colon
        """

    with pytest.raises(ValueError, match="an entry without a name"):
        library._documented(wrong)


def reasons() -> Iterator[str]:
    """Find the reasons in the operator's code: those of a Problem, and those that the status itself has."""
    for path in OPERATOR.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem":
                given = next(each.value for each in node.keywords if each.arg == "reason")
                assert isinstance(given, ast.Constant), (
                    f"{path.name}:{node.lineno} has a reason that is not written out"
                )
                yield str(given.value)
            if path.name == "status.py" and isinstance(node, ast.FunctionDef) and node.name in ("_said", "_conditions"):
                constants = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
                words = [each for each in constants if isinstance(each, str) and re.fullmatch(r"[A-Z][A-Za-z]+", each)]
                yield from (each for each in words if each not in (*TYPES, "True", "False"))


def bare(cells: list[str]) -> list[str]:
    return [re.findall(r"`([^`]+)`", cell)[0] for cell in cells]


def test_reasons_phases_and_conditions_are_those_of_the_code() -> None:
    page = "reference/conditions.md"
    found = set(reasons())
    assert len(found) >= 12
    assert set(bare(column(page, "## Reasons"))) == found
    assert bare(column(page, "# Conditions and reasons")) == [*TYPES, *get_args(Phase)]


def test_variables_are_those_that_a_run_reads() -> None:
    sources = [path for path in RUNNER.rglob("*.py") if "kubectl" not in path.parts]
    found = {name for path in sources for name in re.findall(r"\bTALLY_[A-Z_]*[A-Z]\b", path.read_text("utf-8"))}
    names = bare(column("reference/runner.md", "## Environment"))
    assert set(names) == found | {database.VARIABLE}
    set_by = dict(zip(names, column("reference/runner.md", "## Environment", 2), strict=True))
    template = (Path(render.__file__).parent / "cronjob.yaml.j2").read_text(encoding="utf-8")
    assert {name for name, by in set_by.items() if by.startswith("the operator")} == set(
        re.findall(r"name: (TALLY_\w+)", template)
    )


def test_exit_codes_are_those_of_tally_run() -> None:
    parser = dict(commands._commands(cli.parser()))["run"]
    told = " ".join(str(parser.epilog).partition("exit codes: ")[2].split())
    shown = column("reference/runner.md", "## Exit codes")
    said = column("reference/runner.md", "## Exit codes", 1)
    assert [f"{code} {what}" for code, what in zip(shown, said, strict=True)] == re.split(r", (?=\d)", told)


def test_the_fields_of_the_termination_message_are_those_that_are_written() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    outcome = Outcome(
        kind="failed", exit_code=1, start_time=now, completion_time=now, duration_seconds=0, message="x" * 5000
    )
    cells = column("reference/runner.md", "## The termination message")
    assert re.findall(r"`(\w+)`", " ".join(cells)) == list(yaml.safe_load(outcome.to_json()))


def test_the_picture_and_the_page_of_the_fence_tell_what_the_fence_does() -> None:
    """Its times are those of a job that is applied at 10:02."""
    day = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    at = [day + timedelta(minutes=5 * number) for number in range(6)]  # 10:00, 10:05 ...
    schedule, zone = cron.parse("*/5 * * * *"), ZoneInfo("Etc/UTC")
    window = fence.opened(schedule, zone, day + timedelta(minutes=2), 3)
    (shown,) = fences("yaml", of=["explanation/the-fence-and-the-count.md"])
    assert yaml.safe_load(shown.body) == {"annotations": render.fence_annotations(window)}
    # Above: three start, the fourth does not.
    assert [fence.is_open_for(window, slot, slot) for slot in at] == [False, True, True, True, False, False]
    # Below: 10:15 is missed; the window is kept until 10:20, and then there is one more.
    below = partial(fence.kept, window, schedule, zone, newest=at[2], anchor=at[2], remaining=1)
    assert below(now=at[4] - timedelta(seconds=1)) == window
    moved = below(now=at[4] + timedelta(seconds=2))
    assert (moved.after, moved.not_after) == (at[3], at[4])
    assert not fence.is_open_for(window, at[3], at[4])
    assert fence.is_open_for(moved, at[4], at[4] + timedelta(minutes=1))
    picture = (DOCS / "pictures" / "promise.svg").read_text(encoding="utf-8")
    assert 'schedule: "*/5 * * * *"' in picture
    assert "applied at 10:02" in picture
    assert picture.count(">expires 10:20") == 2


def test_the_fields_of_a_cronjob_lead_to_fields_that_are_there() -> None:
    cells = column("coming-from/native-cronjobs.md", "# Coming from native CronJobs", 1)
    named = {name for cell in cells for name in re.findall(r"`(?:spec\.)?(\w+)`", cell)}
    assert named - {field.alias for field in Spec.model_fields.values()} == set()
    assert len(named) > 8


def test_a_picture_can_be_read_in_light_and_dark_and_by_a_reader_of_screens() -> None:
    picture = (DOCS / "pictures" / "promise.svg").read_text(encoding="utf-8")
    style = re.search(r"<style>(.*)@media \(prefers-color-scheme: dark\) \{(.*)\}\s*</style>", picture, re.DOTALL)
    assert style
    coloured = re.findall(r"\.(\w+) \{[^}]*#", style[1])
    # A mark is white on its colour in both.
    assert {name for name in coloured if not re.search(rf"\.{name} \{{", style[2])} == {"mark"}
    assert "<title" in picture
    assert "<desc" in picture
    assert "![Two time lines: " in text("explanation/the-promise.md")
