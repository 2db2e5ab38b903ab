"""Prometheus itself and its promtool, from Debian's package."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml
from tally_cluster import toolchain

from tests.e2e.waiting import eventually
from tests.ports import free_port

START_SECONDS = 30.0
STOP_SECONDS = 10.0


def install() -> None:
    """Install the package if it is missing; the service that comes with it is stopped, where services are."""
    if shutil.which("promtool") and shutil.which("prometheus"):
        return
    toolchain.apt_install({"prometheus"})
    if Path("/run/systemd/system").exists():
        subprocess.run(["systemctl", "mask", "--now", "prometheus"], check=True)


def promtool(*arguments: str, stdin: str = "") -> None:
    """Run promtool; what it does not like fails the test in its words."""
    install()
    done = subprocess.run(["promtool", *arguments], input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class Prometheus:
    """A server that scrapes every second, from entering to leaving.

    Args:
        folder: Where its configuration, data and log go; made for it.
        scrape_configs: What it scrapes, as in its own configuration.
        rules: A file of alert rules.
        alerting: Whom it tells of alerts, as in its own configuration; None is nobody.
    """

    def __init__(
        self,
        folder: Path,
        scrape_configs: list[dict[str, Any]],
        rules: Path,
        alerting: dict[str, Any] | None = None,
    ) -> None:
        self._folder = folder
        self._port = free_port()
        settings = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "scrape_configs": scrape_configs,
            **({"alerting": alerting} if alerting else {}),
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))

    def __enter__(self) -> Self:
        install()
        options = {
            "config.file": self._folder / "prometheus.yml",
            "storage.tsdb.path": self._folder / "data",
            "web.listen-address": f"127.0.0.1:{self._port}",
            "log.level": "warn",
        }
        with (self._folder / "prometheus.log").open("wb") as log:
            command = ["prometheus", *(f"--{name}={value}" for name, value in options.items())]
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        eventually(self._is_ready, START_SECONDS, "Prometheus is ready")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(STOP_SECONDS)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Ask for the present value of an expression; gives the series."""
        answer = self._get("/api/v1/query?" + urlencode({"query": expression}))
        found: list[dict[str, Any]] = json.loads(answer)["data"]["result"]
        return found

    def targets(self) -> dict[str, str]:
        """Give what is wrong with each target, by its job; "" when it is well."""
        active = json.loads(self._get("/api/v1/targets"))["data"]["activeTargets"]
        return {each["labels"]["job"]: "" if each["health"] == "up" else each["lastError"] or "new" for each in active}

    def _is_ready(self) -> bool:
        try:
            return bool(self._get("/-/ready"))
        except OSError:
            assert self._process.poll() is None, (self._folder / "prometheus.log").read_text()
            return False

    def _get(self, path: str) -> str:
        with urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=10) as answer:
            text: str = answer.read().decode()
            return text
