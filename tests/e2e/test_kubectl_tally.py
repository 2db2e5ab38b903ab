"""`kubectl tally` on a real node: logs, of runs whose pod is still being made too, and runs by hand to their end."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from tally_cluster import toolchain

from tests.e2e.kube import Answer, Json, Kubectl, scheduled_job, slot
from tests.e2e.waiting import completed, eventually

NEVER = "0 0 29 2 *"  # not while the suite runs
SECONDS = 120  # until a command must have come back


def tally(kubectl: Kubectl, *arguments: str) -> Answer:
    """Run `kubectl tally` in the namespace, whatever it says."""
    done = subprocess.run(
        _command(kubectl, *arguments),
        env=_environment(kubectl),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def on_terminal(kubectl: Kubectl, *arguments: str) -> str:
    """Run `kubectl tally` in the namespace on a terminal; give what it shows."""
    terminal, end = pty.openpty()
    with subprocess.Popen(_command(kubectl, *arguments), env=_environment(kubectl), stdout=end) as process:
        os.close(end)
        shown = b""
        with suppress(OSError), os.fdopen(terminal, "rb", buffering=0) as reading:  # the end of a terminal is an error
            while piece := reading.read(4096):
                shown += piece
        assert process.wait(SECONDS) == 0
    return shown.decode().replace("\r\n", "\n")


def messages(text: str) -> list[str]:
    """Give the messages of a job's log lines."""
    return [json.loads(line)["message"] for line in text.splitlines()]


def test_the_logs_of_the_newest_run(window: Kubectl) -> None:
    completed(window, "one")
    answer = tally(window, "logs", "one")
    assert (answer.code, answer.err) == (0, "")
    assert "quick has run" in messages(answer.out)
    assert len(tally(window, "logs", "one", "--tail=1").out.splitlines()) == 1
    shown = on_terminal(window, "logs", "one")
    assert re.search(r'^\d\d:\d\d:\d\dZ INFO    quick has run  input={"since": "2026-01-01"}$', shown, re.MULTILINE)


def test_the_logs_of_the_newest_failure_and_of_one_for_a_time(window: Kubectl) -> None:
    completed(window, "failing")
    first, second = window.jobs("failing")
    told = "Scheduled job failing failed with error: RuntimeError: the third-party service is down"
    newest = tally(window, "logs", "failing", "--last-failed").out
    assert told in messages(newest)
    assert newest == window.run("logs", f"job/{second['metadata']['name']}")
    of_first = tally(window, "logs", "failing", "--slot", slot(first)).out
    assert of_first == window.run("logs", f"job/{first['metadata']['name']}")
    answer = tally(window, "logs", "one", "--last-failed")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "error: No run of one has failed, as far as is known.\n"


def test_history_tells_what_each_run_left(window: Kubectl) -> None:
    completed(window, "failing")
    history = json.loads(tally(window, "history", "failing", "-o", "json").out)
    found = [each for each in history if each["slot"]]
    assert [(each["exitCode"], each["message"]) for each in found] == [
        (1, "RuntimeError: the third-party service is down")
    ] * 2


def test_a_run_by_hand_with_its_logs_and_its_exit_code(window: Kubectl) -> None:
    answer = tally(window, "trigger", "leap-day", "--logs", "--input", '{"since": "2026-01-01"}')
    assert answer.code == 0
    assert "quick has run" in messages(answer.out)
    assert answer.err.splitlines()[-1] == "The run succeeded."
    (newest, *_) = json.loads(tally(window, "history", "leap-day", "-o", "json").out)
    assert (newest["slot"], newest["result"]["input"]) == (None, {"since": "2026-01-01"})


def test_a_run_by_hand_that_fails(window: Kubectl) -> None:
    completed(window, "failing")
    answer = tally(window, "trigger", "failing", "--wait")
    assert answer.code == 1
    told = "The run failed with exit code 1: RuntimeError: the third-party service is down."
    assert answer.err.splitlines()[-1] == told
    assert (window.get("sj", "failing") or {})["status"]["executions"] == 2


def test_the_logs_of_a_run_whose_pod_is_still_being_made(window: Kubectl) -> None:
    name = tally(window, "trigger", "leap-day", "-o", "name").out.strip()
    answer = tally(window, "logs", "leap-day", "-f")
    assert answer.code == 0
    assert answer.out == window.run("logs", name)
    assert "quick has run" in messages(answer.out)


@pytest.mark.parametrize(
    ("name", "spec", "told"),
    [
        ("no-image", {"image": "127.0.0.1:1/none:1"}, "its image cannot be pulled"),
        (
            "too-big",
            {"template": {"spec": {"containers": [{"name": "job", "resources": {"requests": {"memory": "1Pi"}}}]}}},
            "no node can take it (Unschedulable: ",
        ),
    ],
)
def test_what_keeps_a_run_from_running(window: Kubectl, name: str, spec: Json, told: str) -> None:
    window.apply(scheduled_job(name, schedule=NEVER, **spec))
    eventually(lambda: window.get("cronjob", name), 20, f"there is a CronJob {name}")
    command = _command(window, "trigger", name, "--wait")
    with subprocess.Popen(command, env=_environment(window), stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert any(told in line for line in process.stderr)
            process.send_signal(signal.SIGINT)
            last = process.stderr.read().splitlines()[-1]
            assert last == f"No longer waiting; the run goes on: kubectl tally logs {name} -f"
            assert process.wait(SECONDS) == 130
        finally:
            process.kill()
    assert told in tally(window, "status", name).out
    assert told in tally(window, "status").out
    window.run("delete", "sj", name)


def _command(kubectl: Kubectl, *arguments: str) -> list[str]:
    return [str(toolchain.tool("kubectl")), "tally", *arguments, f"--namespace={kubectl.namespace}"]


def _environment(kubectl: Kubectl) -> dict[str, str]:
    """Let kubectl find the plugin, and the cluster."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "KUBECONFIG": str(kubectl.cluster.kubeconfig)}
