"""The metrics' names, the alert rules, the dashboard and their page: checked by promtool, and against each other."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tally_cluster import demo
from tally_operator import metrics

from tests.monitoring import dashboard
from tests.monitoring.prometheus import promtool
from tests.unit.operator.picture import Picture
from tests.unit.operator.world import counted

HERE = Path(__file__).parent
ALERTS = demo.CHART / "files" / "alerts.yaml"
OPERATOR = Path(metrics.__file__).parent
PAGE = HERE.parent.parent / "docs" / "metrics.md"
ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<cells>.*) \|$", re.MULTILINE)
NOT_OURS = ("process_", "apiserver_")


@pytest.fixture(scope="module")
def text() -> str:
    """A scrape in which every metric has a value."""
    with metrics.requesting("GET", "/api/v1/pods", watch=False) as answered:
        answered(200)
    picture = Picture()
    picture.put("sync", counted("12:01", phase="Running", remaining=2, last_schedule_time="2026-01-05T12:01:00Z"))
    return picture.scrape.text().decode()


@pytest.fixture(scope="module")
def documented() -> dict[str, list[str]]:
    """The tables of the page: the other cells by the first one."""
    return {found["name"]: found["cells"].split(" | ") for found in ROW.finditer(PAGE.read_text())}


def test_the_names_and_units_are_as_prometheus_wants_them(text: str) -> None:
    promtool("check", "metrics", stdin=text)


def test_the_rules_can_be_read() -> None:
    promtool("check", "rules", str(ALERTS))


def test_each_alert_fires_when_it_should_and_not_otherwise() -> None:
    promtool("test", "rules", str(HERE / "alerts_test.yaml"))


def test_each_alert_has_a_case_in_which_it_fires() -> None:
    cases = (HERE / "alerts_test.yaml").read_text()
    fired = set(re.findall(r'alertname="(\w+)",alertstate="firing"', cases)) | {"TallyJobFailing"}
    assert fired == {each["alert"] for each in rules()}


def test_the_page_lists_every_metric(text: str, documented: dict[str, list[str]]) -> None:
    assert {name: cells for name, cells in documented.items() if name.startswith("tally_")} == dict(metrics_of(text))


def test_the_page_lists_every_alert(documented: dict[str, list[str]]) -> None:
    written = {name: cells[0] for name, cells in documented.items() if name.startswith("Tally")}
    assert written == {each["alert"]: each["labels"]["severity"] for each in rules()}


def test_the_page_lists_every_event() -> None:
    sources = "".join((OPERATOR / name).read_text() for name in ("events.py", "planner.py"))
    told = set(re.findall(r'Emit\(\s*type="\w+",\s*reason="(\w+)"', sources))
    assert told == {"ExecutionFailed", "ExecutionSucceeded", "MissedSchedule", "SurplusDeleted"}
    for reason in told:
        assert f"\n| `{reason}` |" in PAGE.read_text()


def test_rules_and_dashboard_name_only_what_there_is(text: str) -> None:
    known = {name for name, _ in metrics_of(text)}
    for query in [*(each["expr"] for each in rules()), *dashboard.queries()]:
        named = set(re.findall(r"\b[a-z]+_[a-z_]+\b(?=[{\[ )]|$)", query))
        for name in {each for each in named if each.startswith("tally_")}:
            assert re.sub(r"_(bucket|count|sum)$", "", name) in known, query


def test_each_panel_asks_a_question_and_has_a_place_of_its_own() -> None:
    panels = json.loads(dashboard.PATH.read_text())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        assert panel["title"].endswith("?"), panel["title"]
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


def rules() -> Iterator[dict[str, Any]]:
    """Give the alert rules."""
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        yield from group["rules"]


def metrics_of(text: str) -> Iterator[tuple[str, list[str]]]:
    """Give our metrics as the page has them: name, then type, labels, meaning."""
    for family in text_string_to_metric_families(text):
        name = family.name + ("_total" if family.type == "counter" else "")
        if not name.startswith(NOT_OURS):
            labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
            yield name, [family.type, " ".join(f"`{label}`" for label in labels), family.documentation]
