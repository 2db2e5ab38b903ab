"""The probes over real HTTP: what they answer, also when the event loop hangs."""

import asyncio
import socket
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from tally_operator import server
from tally_operator.server import Server

from tests.ports import free_port


def get(port: int, path: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


async def asked(port: int, path: str) -> tuple[int, str, str]:
    return await asyncio.to_thread(get, port, path)


def well() -> None:
    return None


async def test_each_path_has_its_own_check() -> None:
    wrong: dict[str, str | None] = {"alive": None, "ready": None}
    port = free_port()
    with Server(port, lambda: wrong["alive"], lambda: wrong["ready"]):
        assert (await asked(port, "/healthz"))[::2] == (200, "ok\n")
        assert (await asked(port, "/readyz"))[::2] == (200, "ok\n")
        wrong["ready"] = "nothing was listed yet"
        assert (await asked(port, "/healthz"))[::2] == (200, "ok\n")
        assert (await asked(port, "/readyz"))[::2] == (503, "nothing was listed yet\n")
        wrong["alive"] = "a watch is stuck"
        assert (await asked(port, "/healthz"))[::2] == (503, "a watch is stuck\n")
        assert (await asked(port, "/other"))[0] == 404


async def test_a_check_that_fails_is_told() -> None:
    def fails() -> None:
        raise ValueError("dictionary changed")

    port = free_port()
    with Server(port, fails, well):
        assert (await asked(port, "/healthz"))[::2] == (503, "ValueError: dictionary changed\n")


async def test_metrics_are_what_prometheus_reads() -> None:
    port = free_port()
    with Server(port, well, well):
        status, kind, text = await asked(port, "/metrics")
    assert status == 200
    assert kind.startswith("text/plain; version=")
    assert "# TYPE process_start_time_seconds gauge" in text


async def test_an_event_loop_that_hangs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LOOP_SECONDS", 0.2)
    port = free_port()
    with Server(port, well, well), ThreadPoolExecutor(2) as threads:
        asking = [threads.submit(get, port, path) for path in ("/healthz", "/metrics")]
        while not all(each.done() for each in asking):
            time.sleep(0.01)  # noqa: ASYNC251 (it hangs)
    alive, metrics = (answer.result() for answer in asking)
    assert alive[::2] == (503, "the event loop has not answered for 0.2 s\n")
    assert metrics[0] == 200, "what was measured tells most when something hangs"


async def test_a_port_that_is_taken_is_said_at_the_start() -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        with pytest.raises(OSError, match="address already in use"), Server(taken.getsockname()[1], well, well):
            pass


async def test_it_stops_although_somebody_holds_a_connection() -> None:
    port = free_port()
    with socket.socket() as client:
        with Server(port, well, well):
            client.connect(("127.0.0.1", port))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await asyncio.to_thread(client.recv, 15)) == b"HTTP/1.1 200 OK"
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port))
