"""Alertmanager itself, from Debian's package, and a receiver that keeps what it is sent."""

import http.server
import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

from tally_cluster import toolchain

from tests.e2e.waiting import eventually
from tests.monitoring.prometheus import START_SECONDS, STOP_SECONDS
from tests.ports import free_port

Json = dict[str, Any]


def install() -> None:
    """Install the package if it is missing; the service that comes with it is stopped, where services are."""
    if shutil.which("prometheus-alertmanager") and shutil.which("amtool"):
        return
    toolchain.apt_install({"prometheus-alertmanager"})
    if Path("/run/systemd/system").exists():
        subprocess.run(["systemctl", "mask", "--now", "prometheus-alertmanager"], check=True)


def amtool(*arguments: str) -> str:
    """Run amtool; what it does not like fails the test in its words."""
    install()
    done = subprocess.run(["amtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Alertmanager:
    """A server, from entering to leaving.

    Args:
        folder: Where its configuration, data and log go; made for it.
        settings: Its configuration, as YAML.
    """

    def __init__(self, folder: Path, settings: str) -> None:
        self._folder = folder
        self.address = f"127.0.0.1:{free_port()}"
        (folder / "alertmanager.yml").write_text(settings)

    def __enter__(self) -> Self:
        install()
        options = {
            "config.file": self._folder / "alertmanager.yml",
            "storage.path": self._folder / "data",
            "web.listen-address": self.address,
            "cluster.listen-address": "",  # it is alone
            "log.level": "warn",
        }
        with (self._folder / "alertmanager.log").open("wb") as log:
            command = ["prometheus-alertmanager", *(f"--{name}={value}" for name, value in options.items())]
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        eventually(self._is_ready, START_SECONDS, "Alertmanager is ready")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(STOP_SECONDS)

    def add(self, alert: str, **labels: str) -> None:
        """Let an alert fire, as Prometheus would."""
        given = [f"{label}={value}" for label, value in labels.items()]
        amtool(f"--alertmanager.url=http://{self.address}", "alert", "add", alert, *given)

    def alert(self, alert: str, **labels: str) -> Json:
        """Read an alert that it has; empty where it has none."""
        wanted = {"alertname": alert, **labels}
        with urlopen(f"http://{self.address}/api/v2/alerts", timeout=10) as answer:
            found: list[Json] = json.loads(answer.read())
        return next((each for each in found if wanted.items() <= each["labels"].items()), {})

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"http://{self.address}/-/ready", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            assert self._process.poll() is None, (self._folder / "alertmanager.log").read_text()
            return False


class Receiver:
    """A server on the loopback, from entering to leaving: it gives its page, and keeps what is posted to it.

    Args:
        page: What a GET is answered with.
    """

    def __init__(self, page: bytes = b"") -> None:
        self.page = page
        self.posted: list[tuple[str, Json]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(outer.page)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posted.append((self.path, json.loads(body)))
                self._answer(b"")

            def log_message(self, *_: object) -> None:
                pass

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def alerts(self, path: str, status: str, alert: str, **labels: str) -> list[Json]:
        """Give what came to a path about an alert that is `firing` or `resolved`."""
        wanted = {"alertname": alert, **labels}
        return [
            each
            for to, message in self.posted
            for each in message["alerts"]
            if (to, each["status"]) == (path, status) and wanted.items() <= each["labels"].items()
        ]
