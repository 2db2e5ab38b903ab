"""`tally manifests`: what it prints is a ScheduledJob by the operator's own model."""

import sys
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from tally import JobConfig
from tally.manifests import camel_case, scheduled_job
from tally_operator.model import Spec

from tests.unit.runner.command import Command

ROOT = Path(__file__).parents[3]
EVERYTHING = JobConfig(
    name="sync",
    schedule="*/5 * * * *",
    number_of_executions=3,
    time_zone="Europe/Berlin",
    concurrency_policy="Replace",
    suspend=True,
    starting_deadline_seconds=0,
    timeout_seconds=600,
    retries=2,
    successful_jobs_history_limit=0,
    failed_jobs_history_limit=10,
    input={"since": "2026-01-01"},
    image="registry/shop-jobs:1.4",
)


def test_every_field_arrives_in_the_operators_model() -> None:
    spec = Spec.model_validate(scheduled_job(EVERYTHING)["spec"], extra="forbid")
    for field in fields(JobConfig):
        if field.name != "input":  # stays in the code
            assert getattr(spec, field.name) == getattr(EVERYTHING, field.name), field.name


def test_every_field_but_the_pods_template_can_be_written_in_python() -> None:
    assert {camel_case(field.name) for field in fields(JobConfig)} == {
        field.alias for field in Spec.model_fields.values()
    } - {"template"}


def test_what_is_left_out_is_the_models_default_too() -> None:
    plain = JobConfig(name="sync", schedule="* * * * *")
    manifest = scheduled_job(plain)
    assert manifest["spec"] == {"name": "sync", "schedule": "* * * * *"}
    spec = Spec.model_validate(manifest["spec"])
    assert {field.name: getattr(spec, field.name) for field in fields(plain)} == vars(plain)


def test_the_sample_of_the_limited_test_is_made_so(command: Command) -> None:
    said = command("manifests", "limited-test", "--jobs", str(ROOT / "jobs"))
    sample = (ROOT / "deploy" / "samples" / "limited-test.yaml").read_text(encoding="utf-8")
    assert without_comments(said.out) == without_comments(sample)


def without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def test_all_jobs_as_one_stream_that_names_its_maker(command: Command) -> None:
    command.job("sync-products", "number_of_executions=3")
    command.job("report", 'schedule="0 9 * * 1", time_zone="Europe/Berlin"')
    said = command("manifests", "--namespace", "shop", "--image", "registry/shop-jobs:1.4")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "# Made by `tally manifests` from report.py: change it there.\n"
        "apiVersion: tally.dev/v1\nkind: ScheduledJob\nmetadata:\n  name: report\n  namespace: shop\n"
        'spec:\n  name: report\n  schedule: "0 9 * * 1"\n  timeZone: Europe/Berlin\n  image: registry/shop-jobs:1.4\n'
        "---\n"
        "# Made by `tally manifests` from sync_products.py: change it there.\n"
        "apiVersion: tally.dev/v1\nkind: ScheduledJob\nmetadata:\n  name: sync-products\n  namespace: shop\n"
        'spec:\n  name: sync-products\n  schedule: "* * * * *"\n  numberOfExecutions: 3\n'
        "  image: registry/shop-jobs:1.4\n"
    )


def test_a_long_schedule_stays_on_its_line(command: Command) -> None:
    schedule = ",".join(map(str, range(0, 60, 2))) + " * * * *"
    command.job("sync", f'schedule="{schedule}"')
    assert f'  schedule: "{schedule}"\n' in command("manifests").out


def test_only_the_jobs_that_are_named_once_each(command: Command) -> None:
    for name in ("a", "b", "c"):
        command.job(name)
    said = command("manifests", "c", "a", "c")
    assert [each["metadata"]["name"] for each in yaml.safe_load_all(said.out)] == ["a", "c"]


@pytest.mark.parametrize("name", ["0", "1e3", "true", "null", "0x1f", "2026-01-01"])
def test_a_name_that_yaml_would_read_as_something_else(command: Command, name: str) -> None:
    command.job(name, 'image="1.0"')
    (manifest,) = yaml.safe_load_all(command("manifests").out)
    assert (manifest["metadata"]["name"], manifest["spec"]["image"]) == (name, "1.0")


@pytest.mark.parametrize("arguments", [[], ["good", "zone"], ["good", "gone"]])
def test_one_wrong_job_and_nothing_is_printed(command: Command, arguments: list[str]) -> None:
    command.job("good")
    command.job("zone", 'time_zone="Europe/Nowhere"')
    said = command("manifests", *arguments)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("error: ")


def test_no_job_is_an_error_since_kubectl_would_say_less(command: Command) -> None:
    (command.folder / "jobs").mkdir()
    said = command("manifests")
    assert (said.code, said.out, said.err) == (1, "", "error: No jobs in jobs.\n")


def test_what_a_job_prints_at_its_import_is_not_in_the_manifest(command: Command) -> None:
    command.job("loud", head='print("Hello")')
    said = command("manifests")
    assert said.err == "Hello\n"
    assert yaml.safe_load(said.out)["metadata"] == {"name": "loud"}


def test_a_missing_library_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    command.job("sync")
    monkeypatch.setitem(sys.modules, "yaml", None)
    said = command("manifests")
    assert (said.code, said.out) == (2, "")
    assert said.err == ("tally: tally manifests needs pyyaml. Install it: pip install 'tally[dev]'.\n")
