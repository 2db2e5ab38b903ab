"""`kubectl tally` before a real API server: found by kubectl as its plugin, with one person's rights, or another's."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from tally_cluster import toolchain

from tests.e2e.kube import Answer
from tests.e2e.waiting import eventually
from tests.integration.pods import ends
from tests.integration.scenes import scene
from tests.integration.shop import FAR, Shop

SECONDS = 120  # until a command must have come back


def environment(shop: Shop, kubeconfig: Path | None = None) -> dict[str, str]:
    """Let kubectl find the plugin, and the cluster."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "KUBECONFIG": str(kubeconfig or shop.kubectl.cluster.kubeconfig)}


def command(*arguments: str) -> list[str]:
    return [str(toolchain.tool("kubectl")), "tally", *arguments]


def tally(shop: Shop, *arguments: str, stdin: str | None = None, kubeconfig: Path | None = None) -> Answer:
    """Run `kubectl tally` in the shop's namespace, whatever it says."""
    done = subprocess.run(
        command(*arguments, f"--namespace={shop.namespace}"),
        env=environment(shop, kubeconfig),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def said(shop: Shop, *arguments: str, stdin: str | None = None) -> str:
    """Run it, and fail the test with its own words when it fails."""
    answer = tally(shop, *arguments, stdin=stdin)
    assert answer.code == 0, f"kubectl tally {' '.join(arguments)}: {answer.err}"
    return answer.out


def rows(text: str) -> dict[str, list[str]]:
    """Give the words of a table's rows by the first one."""
    return {words[0]: words[1:] for line in text.splitlines() if (words := line.split())}


@scene
def test_kubectl_tally_tells_how_all_stand(shop: Shop) -> None:
    shop.apply("two", numberOfExecutions=2, template=ends("well"))
    shop.apply("resting", suspend=True)
    shop.apply("wrong", schedule="0 0 31 2 *")
    shop.wait_for_reason("wrong", "NeverFires")
    shop.wait_for_reason("resting", "Suspended")
    table = said(shop, "status")
    assert rows(table)["resting"] == ["*", "*", "*", "*", "*", "0", "-", "-", "Suspended"]
    assert "\n! wrong: NeverFires: spec.schedule '0 0 31 2 *' does not fire within five years." in table
    assert said(shop, "status", "-o", "name").split() == [
        f"scheduledjob.tally.dev/{name}" for name in ("resting", "two", "wrong")
    ]
    assert json.loads(said(shop, "status", "two", "-o", "json"))["spec"]["numberOfExecutions"] == 2
    assert {each["metadata"]["name"] for each in yaml.safe_load(said(shop, "status", "-o", "yaml"))["items"]} == {
        "two",
        "resting",
        "wrong",
    }
    assert "It is suspended. Let it go on: kubectl tally resume resting" in said(shop, "status", "sj/resting")
    status = shop.wait_until_complete("two", 180)
    page = said(shop, "status", "two")
    assert "It is complete: executed 2 of 2 times." in page
    assert "Recent       ✓✓" in page
    assert 'Result       {"processed": 4}' in page
    (newest, oldest) = json.loads(said(shop, "history", "two", "-o", "json"))
    assert newest["slot"] == status["lastScheduleTime"]
    assert (oldest["outcome"], oldest["exitCode"], oldest["result"]) == ("succeeded", 0, {"processed": 4})
    assert 0 <= oldest["lateSeconds"] < 60
    assert said(shop, "history", "two", "-o", "name").splitlines() == [
        f"job.batch/{job['metadata']['name']}" for job in reversed(shop.jobs("two"))
    ]


@scene
def test_kubectl_tally_says_what_keeps_a_run_from_running(shop: Shop) -> None:
    quota: Any = {"kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    shop.server.create(f"/api/v1/namespaces/{shop.namespace}/resourcequotas", quota)
    shop.apply("stuck")
    shop.wait_for_executions("stuck", 1, 120)
    eventually(lambda: "gets no pod: " in said(shop, "status", "stuck"), 30, "the page says why there is no pod")
    assert "exceeded quota" in said(shop, "status", "stuck")


@scene
def test_kubectl_tally_suspends_and_resumes(shop: Shop) -> None:
    for name in ("one", "two"):
        shop.apply(name, schedule="0 9 * * *", timeZone="Asia/Tokyo")
        shop.wait_for_reason(name, "Scheduled")
    shop.kubectl.run("label", "sj", "two", "team=shop")
    assert said(shop, "suspend", "--all").splitlines() == [
        "scheduledjob.tally.dev/one suspended",
        "scheduledjob.tally.dev/two suspended",
    ]
    shop.wait_for_reason("one", "Suspended")
    shop.wait_for_reason("two", "Suspended")
    assert said(shop, "suspend", "one") == "scheduledjob.tally.dev/one is suspended already\n"
    resumed = said(shop, "resume", "-l", "team=shop")
    assert resumed.startswith("scheduledjob.tally.dev/two resumed; next run ")
    assert " 09:00 +09:00, in " in resumed
    shop.wait_for_reason("two", "Scheduled")
    assert shop.scheduled_job("one")["spec"]["suspend"] is True


@scene
def test_kubectl_tally_starts_a_run_by_hand_and_has_its_exit_code(shop: Shop) -> None:
    shop.apply("good", schedule=FAR, numberOfExecutions=1, template=ends("well"), input={"a": 1})
    shop.apply("bad", schedule=FAR, template=ends("badly"), suspend=True)
    shop.wait_for_reason("good", "Scheduled")
    shop.wait_for_reason("bad", "Suspended")
    answer = tally(shop, "trigger", "good", "--wait", "--input", '{"b": 2}')
    assert (answer.code, answer.err.splitlines()[-1]) == (0, "The run succeeded.")
    name = answer.out.split()[0].removeprefix("job.batch/")
    job = shop.server.get(shop.path("jobs", name)) or {}
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert {"name": "TALLY_INPUT", "value": '{"b": 2}'} in container["env"]
    answer = tally(shop, "trigger", "bad", "--wait")
    assert (answer.code, answer.err.splitlines()[-1]) == (
        1,
        "The run failed with exit code 1: RuntimeError: no stock.",
    )
    assert [each["slot"] for each in json.loads(said(shop, "history", "bad", "-o", "json"))] == [None]
    assert (shop.status("good")["executions"], shop.status("bad")["executions"]) == (0, 0)


@scene
def test_kubectl_tally_starts_a_run_of_what_is_complete(shop: Shop) -> None:
    shop.apply("done", numberOfExecutions=1, template=ends("well"))
    shop.wait_until_complete("done", 120)
    eventually(lambda: shop.cronjob("done") is None, 20, "the CronJob is gone")
    name = said(shop, "trigger", "done", "--wait", "-o", "name").strip().removeprefix("job.batch/")
    job = shop.server.get(shop.path("jobs", name)) or {}
    assert job["status"]["succeeded"] == 1
    assert job["metadata"]["ownerReferences"][0]["kind"] == "ScheduledJob"
    assert shop.status("done")["executions"] == 1


@scene
def test_kubectl_tally_follows_changes(shop: Shop) -> None:
    shop.apply("watched", schedule=FAR)
    shop.wait_for_reason("watched", "Scheduled")
    following = command("status", "--watch", f"--namespace={shop.namespace}")
    with subprocess.Popen(following, env=environment(shop), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().split()[0] == "NAME"
            assert process.stdout.readline().split()[-1] == "Scheduled"
            shop.edit("watched", suspend=True)
            assert any(line.split()[-1] == "Suspended" for line in process.stdout)
            process.send_signal(signal.SIGINT)
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()


@scene
def test_kubectl_tally_draws_anew_on_a_terminal(shop: Shop) -> None:
    shop.apply("drawn", schedule=FAR)
    shop.wait_for_reason("drawn", "Scheduled")
    for arguments in (["status", "--watch"], ["status", "drawn", "--watch"]):
        shop.edit("drawn", suspend=False)
        terminal, end = pty.openpty()
        drawing = command(*arguments, f"--namespace={shop.namespace}")
        with subprocess.Popen(drawing, env=environment(shop), stdin=end, stdout=end, stderr=end) as process:
            os.close(end)
            try:
                _read_until(terminal, b"Scheduled")
                shop.edit("drawn", suspend=True)
                _read_until(terminal, b"Suspended")
                process.send_signal(signal.SIGINT)
                assert process.wait(SECONDS) == 0
            finally:
                process.kill()
                os.close(terminal)


@scene
def test_kubectl_tally_looks_ahead_and_compares(shop: Shop) -> None:
    shop.apply("hourly", schedule="0 * * * *", numberOfExecutions=3)
    shop.apply("resting", suspend=True)
    shop.wait_for_reason("hourly", "Scheduled")
    ahead = json.loads(said(shop, "forecast", "-o", "json", "--for", "7d"))
    assert {each["name"]: len(each["times"]) for each in ahead["jobs"]} == {"hourly": 3}
    assert [each["name"] for each in ahead["idle"]] == ["resting"]
    assert ahead["jobs"][0]["times"][0] == shop.status("hourly")["nextScheduleTime"]
    manifest = shop.kubectl.run("get", "sj", "hourly", "--output=yaml")
    assert tally(shop, "diff", "-f", "-", stdin=manifest).code == 0
    answer = tally(shop, "diff", "-f", "-", stdin=manifest.replace("0 * * * *", "0 9 * * *"))
    assert answer.code == 1
    assert "schedule   0 * * * *   0 9 * * *" in answer.out


@scene
def test_kubectl_tally_says_which_right_is_missing(shop: Shop) -> None:
    shop.apply("sync-products", schedule=FAR)
    shop.wait_for_reason("sync-products", "Scheduled")
    shop.kubectl.run("create", "serviceaccount", "viewer")
    shop.kubectl.run("create", "role", "viewer", "--verb=get,list", "--resource=scheduledjobs.tally.dev")
    shop.kubectl.run("create", "rolebinding", "viewer", "--role=viewer", f"--serviceaccount={shop.namespace}:viewer")
    viewer = _kubeconfig(shop, shop.kubectl.run("create", "token", "viewer").strip())
    assert rows(tally(shop, "status", kubeconfig=viewer).out)["sync-products"][-1] == "Scheduled"
    for arguments, told in {
        ("history", "sync-products"): "You may not list jobs.batch in the namespace ",
        ("suspend", "sync-products"): "You may not patch scheduledjobs.tally.dev in the namespace ",
        ("trigger", "sync-products"): "You may not get cronjobs.batch in the namespace ",
        ("status", "-A"): "You may not list scheduledjobs.tally.dev in all namespaces.",
        ("status", "sync-product"): "Do you mean 'sync-products'?",
    }.items():
        answer = tally(shop, *arguments, kubeconfig=viewer)
        assert (answer.code, answer.out) == (2, "")
        assert told in answer.err
    answer = tally(shop, "status", kubeconfig=_kubeconfig(shop, "nobody's"))
    assert "does not know you" in answer.err


@scene
def test_kubectl_completes_names(shop: Shop) -> None:
    shop.apply("sync-products", schedule=FAR)
    shop.apply("sync-prices", schedule=FAR)
    words = ["kubectl", "__complete", "tally", "status", "-n", shop.namespace, "sync-pro"]
    proposed = subprocess.run(words, env=environment(shop), capture_output=True, text=True, check=True).stdout
    assert proposed.splitlines()[:2] == ["sync-products", ":4"]


def _read_until(terminal: int, word: bytes) -> None:
    """Read what is drawn until a word comes; without it, until the command ends, which is an error."""
    drawn = b""
    while word not in drawn:
        drawn += os.read(terminal, 65536)


def _kubeconfig(shop: Shop, token: str) -> Path:
    """Write a kubeconfig of somebody with a token, beside the administrator's."""
    content = yaml.safe_load(shop.kubectl.cluster.kubeconfig.read_text(encoding="utf-8"))
    content["users"] = [{"name": each["name"], "user": {"token": token}} for each in content["users"]]
    path = shop.kubectl.cluster.folder / f"kubeconfig-{shop.namespace}-{len(token)}"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path
