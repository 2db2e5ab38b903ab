"""`jobs/README.md` names every job, and nothing that is not there."""

import re

from tally import loader

from tests.jobs.shop import JOBS, ROOT

README = (JOBS / "README.md").read_text(encoding="utf-8")


def test_every_job_is_in_it() -> None:
    assert set(re.findall(r"^\| \[`([-a-z]+)`\]", README, re.MULTILINE)) == set(loader.names(JOBS))


def test_every_file_that_it_names_is_there() -> None:
    linked = set(re.findall(r"\]\(([^)]+)\)", README))
    tests = {f"../tests/jobs/{name}" for name in re.findall(r"`(test_\w+\.py)`", README)}
    assert [name for name in sorted(linked | tests) if not (JOBS / name).is_file()] == []
    assert len(linked) > len(loader.names(JOBS))


def test_every_file_of_tests_is_named_by_it() -> None:
    here = {path.name for path in (ROOT / "tests" / "jobs").glob("test_*.py")} - {"test_readme.py"}
    assert here - set(re.findall(r"`(test_\w+\.py)`", README)) == set()
