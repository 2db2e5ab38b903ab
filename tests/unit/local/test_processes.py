"""Processes by pid file: a number that another process has taken is not ours."""

import os
import socket
from pathlib import Path

import pytest
from tally_cluster.leftovers import mounts
from tally_cluster.probes import has_port, node_ready
from tally_cluster.processes import Process, start_time
from tally_cluster.progress import StepError


@pytest.mark.parametrize(
    ("noted", "alive"),
    [
        (f"{os.getpid()} {start_time(os.getpid())}", True),
        (f"{os.getpid()} 1", False),  # the number was taken by another process
        ("4194305 1", False),  # above the kernel's highest
        ("", False),
        ("half", False),
    ],
)
def test_a_pid_counts_only_with_its_start_time(noted: str, alive: bool, tmp_path: Path) -> None:
    process = Process("etcd", tmp_path)
    process.pid_file.parent.mkdir()
    process.pid_file.write_text(noted)
    assert process.pid() == (os.getpid() if alive else None)


def test_a_process_outlives_its_start_and_ends_when_asked(tmp_path: Path) -> None:
    process = Process("sleeper", tmp_path)
    process.start(["sleep", "60"])
    assert process.pid() is not None
    process.stop()
    assert process.pid() is None
    assert not process.pid_file.exists()


def test_what_a_process_printed_is_in_its_log_and_in_the_failure(tmp_path: Path) -> None:
    process = Process("talker", tmp_path)
    process.start(["sh", "-c", "echo the disk is full >&2; exit 3"])
    with pytest.raises(StepError, match="talker ended") as failure:
        process.wait_until(lambda: False, 5)
    assert "the disk is full" in failure.value.explain()
    assert str(process.log) in failure.value.explain()


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="etcd cannot be started"):
        Process("etcd", tmp_path).start(["no-such-program"])


def test_mounts_are_found_under_a_folder_whatever_their_names() -> None:
    table = "\n".join(
        f"none {target} tmpfs rw 0 0" for target in ("/", "/state/a", "/state/a/b\\040c", "/state2/a", "/proc")
    )
    assert mounts(Path("/state"), table) == ["/state/a", "/state/a/b c"]


@pytest.mark.parametrize(
    ("body", "ready"),
    [
        (None, False),
        (b'{"spec": {}}', False),
        (b'{"spec": {}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}', False),
        (b'{"spec": {}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}', True),
        (b'{"spec": {"taints": [{}]}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}', False),
    ],
)
def test_a_node_is_ready_when_pods_may_go_there(body: bytes | None, ready: bool) -> None:
    assert node_ready(body) is ready


def test_a_process_has_a_port_while_it_listens_on_one() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        assert not has_port(os.getpid())
        server.listen()
        assert has_port(os.getpid())
    assert not has_port(4194305)  # above the kernel's highest
