"""The CRD: generated from the model, and its pattern of a schedule lets through all that a CronJob takes."""

import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import yaml
from tally import cron
from tally_operator import crd
from tally_operator.model import Spec, Status

from tests.differential import expressions

COMMITTED = Path(__file__).resolve().parents[3] / "charts" / "tally" / "files" / "crd.yaml"
# Of RE2's notation only this is not Python's; and its $ is the very end, as Python's \Z.
PATTERN = re.compile(
    re.sub(r"\\x\{([0-9a-f]+)\}", lambda match: f"\\u{int(match[1], 16):04x}", crd.schedule_pattern()[:-1]) + r"\Z",
    re.ASCII,
)


def properties() -> dict[str, dict[str, dict[str, object]]]:
    (version,) = crd.generate()["spec"]["versions"]
    found: dict[str, dict[str, dict[str, object]]] = version["schema"]["openAPIV3Schema"]["properties"]
    return found


def test_the_committed_file_is_the_generated_one() -> None:
    generated = subprocess.run(
        [sys.executable, "-m", "tally_operator.crd"], capture_output=True, text=True, check=True
    ).stdout
    assert COMMITTED.read_text() == generated, "run: python -m tally_operator.crd > charts/tally/files/crd.yaml"
    assert yaml.safe_load(generated) == crd.generate()


def test_every_field_of_the_model_is_in_it_and_is_described() -> None:
    assert set(properties()["spec"]["properties"]) == {field.alias for field in Spec.model_fields.values()}
    assert set(properties()["status"]["properties"]) == {field.alias for field in Status.model_fields.values()}
    for field, schema_ in properties()["spec"]["properties"].items():
        assert isinstance(schema_, dict)
        assert schema_["description"], field


def test_every_mistake_has_a_message_with_an_example() -> None:
    rules = [rule for field in properties()["spec"]["properties"].values() for rule in _rules(field)]
    assert len(rules) >= 5
    for rule in rules:
        assert re.search(r"such as |Write ", rule["message"]), rule["message"]


def _rules(field: object) -> list[dict[str, str]]:
    assert isinstance(field, dict)
    found: list[dict[str, str]] = field.get("x-kubernetes-validations", [])
    return found


@pytest.mark.parametrize("seed", range(20))
def test_what_the_cron_parser_takes_the_pattern_lets_through(seed: int) -> None:
    random = Random(seed)
    taken = 0
    for number in range(1000):
        text = expressions.odd_text(random) if number % 2 else expressions.expression(random)
        try:
            cron.parse(text)
        except ValueError:
            continue
        taken += 1
        assert PATTERN.match(text), f"seed {seed}: {text!r}"
    assert taken > 400


@pytest.mark.parametrize(
    ("schedule", "allowed"),
    [
        ("* * * * *", True),
        ("\t*/5  0-23/2 1,15 jan-MAR ? ", True),
        ("\u30000 0 * * *\u2028", True),
        ("@daily", True),
        ("@every 1h30m", True),
        ("@every 5\u00b5s", True),  # found later: it is no whole number of minutes
        ("0 22-3 * * *", True),  # found later: a pattern cannot compare numbers
        ("", False),
        ("* * * *", False),
        ("* * * * * *", False),
        ("* * * * 7", False),
        ("60 * * * *", False),
        ("* 24 * * *", False),
        ("* * 0 * *", False),
        ("* * 32 * *", False),
        ("* * * 13 *", False),
        ("*/0 * * * *", False),
        ("5/5/5 * * * *", False),
        ("0 0 L * *", False),
        ("0 0 15W * *", False),
        ("0 0 * * 1#2", False),
        ("@reboot", False),
        ("@Daily", False),
        (" @daily", False),
        ("@daily\n", False),
        ("* * * * sunday", False),
    ],
)
def test_the_pattern(schedule: str, allowed: bool) -> None:
    assert bool(PATTERN.match(schedule)) is allowed
