"""The guide is followed word by word, before all else: its minutes are those through which all tests wait anyway."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from tally_cluster import images

from tests.e2e.guide import Command, File, Reader, same, steps
from tests.e2e.kube import Kubectl

GUIDE = images.REPOSITORY / "docs" / "bring-your-own-jobs.md"
# What `pip install` of the checkout reads, and the cluster's command.
CHECKOUT = ("pyproject.toml", "README.md", "LICENSE", "runner", "operator")


@pytest.mark.usefixtures("window")
def test_the_guide_leads_from_an_empty_folder_to_a_job_that_runs(newcomer: Kubectl, tmp_path: Path) -> None:
    _checkout(tmp_path / "tally")
    reader = Reader(tmp_path, _variables(), {"KUBECONFIG": str(_kubeconfig(newcomer, tmp_path))})
    for step in steps(GUIDE.read_text(encoding="utf-8")):
        reader.follow(step)


def test_the_answers_are_compared() -> None:
    shown = "greet   1/1   3s   ...done at 00:35Z in 0.5 s\n"
    assert same(shown, "greet 1/1 2m48s and so it is done at 12:00Z, 3 s late in 1 min\n")
    assert not same(shown, "greet 2/2 48s and so it is done at 12:00Z in 12 s\n")
    assert not same(shown, "greet 1/1 48s done\n")


def test_a_guide_is_read_as_files_and_commands() -> None:
    text = "Write `a/b.py`:\n\n```python\nb\n```\n\nThen:\n\n```console\n$ cat \\\n  a/b.py\nb\n$ true\n```\n"
    assert list(steps(text)) == [File("a/b.py", "b\n"), Command("cat \\\n  a/b.py", "b\n"), Command("true", "")]
    with pytest.raises(ValueError, match="no test can try"):
        list(steps("For example:\n\n```python\nb\n```\n"))


def _checkout(folder: Path) -> None:
    """Make a fresh checkout, as pip builds in place and would leave its files in ours."""
    folder.mkdir()
    for name in CHECKOUT:
        source = images.REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    (folder / "deploy").symlink_to(images.REPOSITORY / "deploy")


def _kubeconfig(newcomer: Kubectl, folder: Path) -> Path:
    """Make the newcomer's namespace the default one."""
    path = folder / "kubeconfig"
    shutil.copy(newcomer.cluster.kubeconfig, path)
    newcomer.run("config", "set-context", "--current", f"--kubeconfig={path}", f"--namespace={newcomer.namespace}")
    return path


def _variables() -> dict[str, str]:
    """The variables of a newcomer's terminal; pip takes from a folder what the lock file names."""
    own = str(Path(sys.prefix) / "bin")
    path = os.pathsep.join(each for each in os.environ["PATH"].split(os.pathsep) if each != own)
    home = {name: value for name, value in os.environ.items() if name in ("HOME", "LANG", "TALLY_LOCAL_HOME")}
    wheels = images.wheels(images.REPOSITORY / "requirements" / "dev.txt")
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return {**home, **pip, "PATH": path, "TALLY_LOG_FORMAT": "text"}
