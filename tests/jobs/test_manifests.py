"""`deploy/samples` says what the jobs say: each file is what `tally manifests` prints for its job."""

import pytest
import yaml
from tally import loader
from tally.cli import main

from tests.jobs.shop import JOBS, ROOT

SAMPLES = ROOT / "deploy" / "samples"


def manifest(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["manifests", name, "--jobs", str(JOBS)]) == 0
    return capsys.readouterr().out


def test_every_job_has_its_sample_and_no_sample_is_left_over() -> None:
    assert sorted(path.stem for path in SAMPLES.glob("*.yaml")) == loader.names(JOBS)


@pytest.mark.parametrize("name", [name for name in loader.names(JOBS) if name != "limited-test"])
def test_a_sample_is_what_its_job_says(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = manifest(name, capsys)
    path = SAMPLES / f"{name}.yaml"
    assert path.read_text(encoding="utf-8") == made, f"Write: tally manifests {name} > {path.relative_to(ROOT)}"


def test_the_sample_of_the_limited_test_says_the_same_in_other_words(capsys: pytest.CaptureFixture[str]) -> None:
    written = yaml.safe_load((SAMPLES / "limited-test.yaml").read_text(encoding="utf-8"))
    assert written == yaml.safe_load(manifest("limited-test", capsys))
