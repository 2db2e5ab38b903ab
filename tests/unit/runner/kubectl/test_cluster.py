"""What comes from an API server that answers oddly: another clock, pages, depths, cut connections, no Tally."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from tally.kubectl import main as command_line
from tally.kubectl.cluster import Cluster, connect
from tally.kubectl.errors import ClusterError
from tally.kubectl.resources import JOBS, SCHEDULED_JOBS

from tests.unit.runner.kubectl.objects import Json, body

Answer = tuple[int, bytes]


class Server(ThreadingHTTPServer):
    """Answers each path and query with what was put there, else as an API server without Tally."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[tuple[str, str], Answer] = {}
        self.ahead = timedelta(0)
        self.cut = 0  # bytes that are promised and never sent

    def put(self, content: Json | bytes, *, status: int = 200, token: str = "", path: str = "scheduledjobs") -> None:
        """Say what is answered for the shop's list.

        Args:
            content: An object, or bytes.
            status: The HTTP status.
            token: Which page it is.
            path: The list.
        """
        written = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.answers[path, token] = status, written


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        token = parse_qs(url.query).get("continue", [""])[0]
        status, content = self.server.answers.get((url.path.rpartition("/")[2], token), (404, b"404 page not found\n"))
        self.send_response_only(status)
        self.send_header("Date", format_datetime(datetime.now(UTC) + self.server.ahead, usegmt=True))
        self.send_header("Content-Length", str(len(content) + self.server.cut))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def kubeconfig(server: Server, tmp_path: Path) -> str:
    path = tmp_path / "config"
    content = {
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
        "current-context": "here",
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)


@pytest.fixture
def cluster(kubeconfig: str) -> Cluster:
    return connect(kubeconfig, None, None)


def page(*names: str, token: str = "") -> Json:
    return {
        "apiVersion": "tally.dev/v1",
        "kind": "ScheduledJobList",
        "metadata": {"resourceVersion": "9", **({"continue": token} if token else {})},
        "items": [body(name) for name in names],
    }


def test_all_pages_are_read(server: Server, cluster: Cluster) -> None:
    server.put(page("a", "b", token="more"))
    server.put(page("c"), token="more")
    objects, version = cluster.list(SCHEDULED_JOBS, "shop")
    assert ([each["metadata"]["name"] for each in objects], version) == (["a", "b", "c"], "9")


def test_items_of_a_list_say_what_they_are(server: Server, cluster: Cluster) -> None:
    job = {"metadata": {"name": "x"}}
    server.put({"apiVersion": "batch/v1", "kind": "JobList", "metadata": {}, "items": [job]}, path="jobs")
    assert cluster.list(JOBS, "shop") == ([{"apiVersion": "batch/v1", "kind": "Job", **job}], "")


@pytest.mark.parametrize(("ahead", "counts"), [(timedelta(days=1), True), (timedelta(seconds=1), False)])
def test_where_the_clocks_differ_the_server_s_is_right(
    server: Server, cluster: Cluster, ahead: timedelta, counts: bool
) -> None:
    server.ahead = ahead
    server.put(page())
    cluster.list(SCHEDULED_JOBS, "shop")
    assert (cluster.now() - datetime.now(UTC) > timedelta(hours=23)) == counts


def test_a_watch_ends_where_the_version_is_too_old(server: Server, cluster: Cluster) -> None:
    events = [{"type": "ADDED", "object": body("a")}, {"type": "DELETED", "object": body("a")}]
    gone = {"type": "ERROR", "object": {"code": 410}}
    server.put("\n".join(json.dumps(event) for event in (*events, gone)).encode() + b"\n")
    assert list(cluster.watch(SCHEDULED_JOBS, "shop", "1")) == [(each["type"], each["object"]) for each in events]


def test_a_connection_that_is_cut(server: Server, cluster: Cluster) -> None:
    server.put(page())
    server.cut = 1000
    with pytest.raises(
        ClusterError, match=r"does not answer: IncompleteRead\([0-9]+ bytes read, 1000 more expected\)\. "
    ):
        cluster.list(SCHEDULED_JOBS, "shop")


def test_something_else_answers(server: Server, cluster: Cluster) -> None:
    server.put(b"<html>Please log in</html>")
    with pytest.raises(ClusterError, match=r"\(context 'here'\) is no API server: '<html>Please log in</html>'\.$"):
        cluster.list(SCHEDULED_JOBS, "shop")


def test_a_cluster_without_tally(kubeconfig: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["status", "--kubeconfig", kubeconfig]) == 2
    assert capsys.readouterr().err.startswith(
        "error: The cluster of the context 'here' knows no ScheduledJobs: Tally is not installed there."
    )


def test_a_namespace_without_any(server: Server, kubeconfig: str, capsys: pytest.CaptureFixture[str]) -> None:
    server.put(page())
    server.put({"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": []}, path="pods")
    assert command_line.main(["status", "--kubeconfig", kubeconfig]) == 0
    assert capsys.readouterr().out == "No ScheduledJobs in the namespace 'shop'.\n"


def test_what_is_nested_as_deeply_as_the_api_server_takes_it(
    server: Server, kubeconfig: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = json.dumps(page("deep")).replace('"suspend": false', '"input": ' + '{"a":' * 9_990 + "1" + "}" * 9_990)
    server.put(whole.encode())
    assert command_line.main(["status", "-o", "name", "--kubeconfig", kubeconfig]) == 0
    assert capsys.readouterr().out == "scheduledjob.tally.dev/deep\n"
