"""The command line without a cluster: what it takes, what it completes, and what it says when there is none."""

from pathlib import Path

import pytest
import yaml
from tally.kubectl import main as command_line
from tally.kubectl.completion import main as complete
from tally.kubectl.completion import propose


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubeconfig of two contexts, at whose address nobody answers."""
    path = tmp_path / "config"
    context = {"cluster": "c", "user": "u", "namespace": "shop"}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": name, "context": context} for name in ("home", "work")],
        "current-context": "home",
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def failed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert command_line.main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


@pytest.mark.parametrize("command", command_line.COMMANDS)
def test_every_command_has_examples_and_tells_its_exit_codes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command_line.main([command, "--help"])
    told = capsys.readouterr().out
    assert end.value.code == 0
    assert told.startswith(f"usage: kubectl tally {command} ")
    assert "examples:\n" in told
    assert "exit codes: " in told


def test_no_cluster_answers(kubeconfig: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert failed(capsys, "status") == (
        "error: The API server https://127.0.0.1:1 (context 'home') does not answer: [Errno 111] Connection refused. "
        "Does `kubectl cluster-info` reach it?\n"
    )
    assert "(context 'work')" in failed(capsys, "status", "--context", "work", "--kubeconfig", str(kubeconfig))
    assert "(context 'work')" in failed(capsys, "--context", "work", "status")


@pytest.mark.usefixtures("kubeconfig")
def test_no_such_context(capsys: pytest.CaptureFixture[str]) -> None:
    told = failed(capsys, "status", "--context", "wrok")
    assert told == "error: Your kubeconfig has no context 'wrok'. It has: home, work.\n"


@pytest.mark.parametrize("content", [None, "", "a: [", "contexts: 3"])
def test_no_kubeconfig(content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    told = failed(capsys, "status", "--kubeconfig", str(path))
    assert told.startswith("error: Your kubeconfig leads to no cluster: ")
    assert told.endswith("Name one by --kubeconfig or KUBECONFIG; `kubectl config view` shows what there is.\n")


@pytest.mark.usefixtures("kubeconfig")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("status", "x", "-A"), "A ScheduledJob that is named is one: leave -A and -l out."),
        (("suspend", "x", "-A"), "A ScheduledJob that is named is in one namespace: leave -A out, or name it by -n."),
        (("suspend",), "Say which ScheduledJobs: give names, or a selector (-l), or --all, and only one of these."),
        (("resume", "x", "--all"), "Say which ScheduledJobs: "),
        (("trigger", "x", "--input", "{"), "--input is no JSON: "),
        (("diff", "-f", "/nowhere.yaml"), "/nowhere.yaml cannot be read: No such file or directory."),
    ],
)
def test_what_cannot_be_meant(arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert failed(capsys, *arguments).startswith(f"error: {told}")


@pytest.mark.parametrize("span", ["0m", "", "x", "32d", "9" * 40 + "d", "1h30", "-1h"])
def test_no_span_of_time(span: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command_line.main(["forecast", f"--for={span}"])
    assert end.value.code == 2
    assert "is no time up to 31d. Write 90m, 24h or 7d" in capsys.readouterr().err


@pytest.mark.usefixtures("kubeconfig")
@pytest.mark.parametrize(
    ("words", "proposed"),
    [
        (["st"], ["status\tShow how ScheduledJobs stand, and why one is not running."]),
        (["-n", "shop", "tr"], ["trigger\tStart a run by hand, which does not count."]),
        (["status", "--al"], ["--all-namespaces"]),
        (["status", "-o", ""], ["json", "name", "wide", "yaml"]),
        (["forecast", "-o", ""], ["json", "yaml"]),
        (["status", "--context", ""], ["home", "work"]),
        (["--context", "w"], ["work"]),
        (["forecast", ""], []),
        (["status", ""], []),  # no cluster answers
        (["status", "-n", ""], []),
    ],
)
def test_completion(words: list[str], proposed: list[str]) -> None:
    assert propose(words) == (proposed, ":4")


def test_files_are_proposed_where_one_is_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert complete(["diff", "-f", ""]) == 0
    assert capsys.readouterr().out == ":0\n"
    assert propose(["status", "--kubeconfig", ""]) == ([], ":0")


def test_without_words_all_commands_are_proposed(capsys: pytest.CaptureFixture[str]) -> None:
    assert complete([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("\t")[0] for line in lines] == [*sorted(command_line.COMMANDS), ":4"]
