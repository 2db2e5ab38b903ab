"""The operator as a process, without an API server: what it answers, and that it ends."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

SECONDS = 60.0  # in which anything happens on a machine that is busy

STUBBORN = """
import asyncio, sys
from tally_operator import __main__, process

async def never_ends(*_):
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

process._ALL = 0.3
process.Process._work = never_ends
sys.exit(__main__.main())
"""


def kubeconfig(folder: Path) -> str:
    """Point to a port that nobody listens on."""
    config = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{free_port()}"}}],
        "users": [{"name": "me", "user": {"token": "none"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return str(path)


@contextmanager
def operator(folder: Path, port: int, *command: str, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    environment = {
        "PYTHONPATH": ":".join(sys.path),
        "KUBECONFIG": kubeconfig(folder),
        "TALLY_RUNNER_IMAGE": "runner:1",
        "TALLY_PORT": str(port),
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "error", *(command or ("-m", "tally_operator"))],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def get(port: int, path: str) -> tuple[int, str]:
    """Ask, again and again until somebody answers."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            assert time.monotonic() < end, "nobody answers"
            time.sleep(0.05)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=SECONDS)
    return process.returncode, out


def test_without_an_api_server_it_lives_and_is_not_ready_and_stops(tmp_path: Path) -> None:
    port = free_port()
    with operator(tmp_path, port) as process:
        assert get(port, "/healthz") == (200, "ok\n")
        assert get(port, "/readyz") == (503, "what there is has not been listed yet\n")
        code, out = ended(process)
    assert code == 0
    assert "SIGTERM: finishing what is at hand. The exit code will be 0." in out


def test_a_candidate_that_has_not_seen_the_lease_is_not_ready_and_does_not_lead(tmp_path: Path) -> None:
    port = free_port()
    election = {"TALLY_ELECTION": "true", "TALLY_POD": "tally-1", "TALLY_POD_NAMESPACE": "tally-system"}
    with operator(tmp_path, port, **election) as process:
        assert get(port, "/healthz") == (200, "ok\n")
        assert get(port, "/readyz") == (503, "the Lease has not been read yet\n")
        assert "\ntally_leader 0.0\n" in get(port, "/metrics")[1]
        code, out = ended(process)
    assert code == 0
    assert "Traceback" not in out


def test_a_part_that_does_not_end_holds_it_up_for_seconds_only(tmp_path: Path) -> None:
    port = free_port()
    with operator(tmp_path, port, "-c", STUBBORN) as process:
        get(port, "/healthz")
        assert ended(process)[0] == 0


def test_a_port_that_is_taken_ends_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        with operator(tmp_path, taken.getsockname()[1]) as process:
            out, _ = process.communicate(timeout=SECONDS)
            assert process.returncode == 1
            assert "address already in use" in out


def test_a_setting_that_cannot_be_ends_it(tmp_path: Path) -> None:
    with operator(tmp_path, 0) as process:
        out, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 2
        assert "The operator cannot start: TALLY_PORT is '0'." in out
