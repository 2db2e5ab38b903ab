"""The page about Alertmanager: its YAML runs on a real Prometheus and Alertmanager, and a receiver is told."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from tally_cluster import demo

from tests.e2e.waiting import eventually
from tests.monitoring.alertmanager import Alertmanager, Json, Receiver, amtool
from tests.monitoring.prometheus import Prometheus, promtool
from tests.unit.operator.picture import Picture
from tests.unit.operator.world import counted

PAGE = (demo.CHART.parents[1] / "docs" / "alerting.md").read_text()
EVENTS = (demo.CHART.parents[1] / "docs" / "metrics.md").read_text().partition("\n## Events")[2]
YAML = dict(re.findall(r'```yaml title="([\w.-]+)"\n(.+?)```', PAGE, re.DOTALL))
RULES = yaml.safe_load((demo.CHART / "files" / "alerts.yaml").read_text())
(SILENCE,) = re.findall(r"^\$ (amtool .+)$", PAGE, re.MULTILINE)
# The page's waits are for people.
SHORTER = {"group_wait: 30s": "group_wait: 1s", "group_interval: 5m": "group_interval: 1s"}


@dataclass
class Wired:
    """The page's Prometheus and Alertmanager, over an operator's scrape that a test may change."""

    alertmanager: Alertmanager
    receiver: Receiver
    failures: dict[str, int] = field(default_factory=lambda: {"sync": 3, "other": 1})
    missed: int = 0

    def scrape(self) -> None:
        """Give Prometheus the operator's metrics as they would be now."""
        picture = Picture()
        for name, failures in self.failures.items():
            slots = [f"12:{minute:02}" for minute in range(1, failures + 1)]
            status = counted(*slots, outcome="failed") if slots else counted("12:09")
            of_now = {"phase": "Scheduled", "missed": self.missed, "last_schedule_time": "2026-01-05T12:09:00Z"}
            picture.put(name, status.model_copy(update={**of_now, "failed": failures}), schedule="0 0 1 1 *")
        self.receiver.page = picture.scrape.text()

    def told(self, path: str, status: str, alert: str, **labels: str) -> Json:
        """Wait for the message that an alert is `firing` or `resolved`, and give the alert as the receiver got it."""
        eventually(
            lambda: self.receiver.alerts(path, status, alert, **labels), 20, f"{path} hears that {alert} is {status}"
        )
        return self.receiver.alerts(path, status, alert, **labels)[0]

    def inhibited(self, alert: str, **labels: str) -> None:
        """Wait until an alert is not told, as another says the same."""

        def said_by_another() -> object:
            return self.alertmanager.alert(alert, **labels).get("status", {}).get("inhibitedBy")

        eventually(said_by_another, 10, f"{alert} is inhibited")


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wired]:
    folder = tmp_path_factory.mktemp("alerting")
    with Receiver() as receiver:
        settings = YAML["alertmanager.yml"].replace("receiver.example:8080", receiver.address)
        for page, shorter in SHORTER.items():
            assert page in settings
            settings = settings.replace(page, shorter)
        with Alertmanager(folder, settings) as alertmanager:
            wired = Wired(alertmanager, receiver)
            wired.scrape()
            rules = folder / "rules.yaml"
            both = RULES["groups"] + yaml.safe_load(YAML["tally-events.yaml"])["groups"]
            rules.write_text(yaml.safe_dump({"groups": both}))
            alerting = yaml.safe_load(
                YAML["prometheus.yml"].replace("alertmanager.example:9093", alertmanager.address)
            )["alerting"]
            targets = [{"job_name": "tally", "honor_labels": True, "static_configs": [{"targets": [receiver.address]}]}]
            with Prometheus(folder, targets, rules, alerting):
                yield wired


def test_the_tools_find_nothing_to_say(tmp_path: Path) -> None:
    for name, text in YAML.items():
        (tmp_path / name).write_text(text)
    promtool("check", "rules", str(tmp_path / "tally-events.yaml"))
    amtool("check-config", str(tmp_path / "alertmanager.yml"))
    (tmp_path / "alerts.yaml").write_text(yaml.safe_dump(RULES))
    promtool("check", "config", str(tmp_path / "prometheus.yml"))


@pytest.mark.parametrize("alert", [each["alert"] for group in RULES["groups"] for each in group["rules"]])
@pytest.mark.parametrize(("namespace", "receiver"), [("shop", "shop"), ("bank", "platform"), (None, "platform")])
def test_who_hears_of_an_alert(tmp_path: Path, alert: str, namespace: str | None, receiver: str) -> None:
    (tmp_path / "alertmanager.yml").write_text(YAML["alertmanager.yml"])
    labels = [f"alertname={alert}", *([f"namespace={namespace}"] if namespace else [])]
    found = amtool("config", "routes", "test", f"--config.file={tmp_path}/alertmanager.yml", *labels)
    assert found.strip() == receiver


def test_the_page_names_every_event_and_only_alerts_that_there_are() -> None:
    table = PAGE.partition("| event | alert |")[2].partition("\n\n")[0]
    told = {
        cell for row in re.findall(r"^\| (.+?) \|", EVENTS, re.MULTILINE) for cell in re.findall(r"`([A-Z]\w+)`", row)
    }
    assert told - {"Ready"} <= set(re.findall(r"`(\w+)`", table))
    known = {each["alert"] for group in RULES["groups"] for each in group["rules"]}
    known |= {each["alert"] for group in yaml.safe_load(YAML["tally-events.yaml"])["groups"] for each in group["rules"]}
    assert set(re.findall(r"\bTally[A-Z]\w+", PAGE)) <= known


def test_a_failing_job_is_told_to_its_team_once(wired: Wired) -> None:
    texts = wired.told("/shop", "firing", "TallyJobFailing", name="sync")["annotations"]
    assert texts["summary"] == "shop/sync has failed 3 times in a row."
    assert "kubectl -n shop describe sj sync" in texts["description"]
    wired.inhibited("TallyRunFailed", namespace="shop", name="sync")
    assert wired.receiver.alerts("/platform", "firing", "TallyJobFailing") == []


def test_a_silence_holds(wired: Wired) -> None:
    program, *arguments = shlex.split(SILENCE.replace("alertmanager.example:9093", wired.alertmanager.address))
    assert program == "amtool"
    silence = amtool(*arguments).strip()

    def state() -> str:
        found: str = wired.alertmanager.alert("TallyJobFailing", name="sync")["status"]["state"]
        return found

    eventually(lambda: state() == "suppressed", 10, "the alert is silenced")
    amtool(f"--alertmanager.url=http://{wired.alertmanager.address}", "silence", "expire", silence)
    eventually(lambda: state() == "active", 10, "the silence is over")


def test_every_failure_and_every_missed_time_is_told_and_the_next_success_too(wired: Wired) -> None:
    texts = wired.told("/shop", "firing", "TallyRunFailed", name="other")["annotations"]
    assert texts["summary"] == "A run of shop/other has failed. Failures in a row: 1."
    wired.failures = {"sync": 0, "other": 0}
    wired.missed = 1
    wired.scrape()
    wired.told("/shop", "resolved", "TallyRunFailed", name="other")
    wired.told("/shop", "resolved", "TallyJobFailing", name="sync")
    texts = wired.told("/shop", "firing", "TallyScheduleMissed", name="sync")["annotations"]
    assert texts["summary"] == "shop/sync has missed a scheduled time."


def test_what_has_not_run_is_not_told_as_late_besides(wired: Wired) -> None:
    wired.alertmanager.add("TallyJobNotRun", namespace="bank", name="pay", severity="critical")
    wired.told("/platform", "firing", "TallyJobNotRun", name="pay")
    for name in ("pay", "other"):
        wired.alertmanager.add("TallyJobLate", namespace="bank", name=name, severity="warning")
    wired.told("/platform", "firing", "TallyJobLate", name="other")
    wired.inhibited("TallyJobLate", namespace="bank", name="pay")
    assert wired.receiver.alerts("/platform", "firing", "TallyJobLate", name="pay") == []


def test_an_alert_of_the_operator_goes_to_who_runs_the_cluster(wired: Wired) -> None:
    wired.alertmanager.add("TallyOperatorDown", severity="critical")
    wired.told("/platform", "firing", "TallyOperatorDown")
    assert wired.receiver.alerts("/shop", "firing", "TallyOperatorDown") == []
