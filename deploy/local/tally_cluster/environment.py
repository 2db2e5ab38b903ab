"""Makes the virtual environment that the repository's checks and tests run in."""

import importlib.util
import sys
from pathlib import Path

from tally_cluster import toolchain
from tally_cluster.images import REPOSITORY
from tally_cluster.progress import StepError, run, step
from tally_cluster.settings import cache

OLDEST_PYTHON = (3, 11)


def main() -> int:
    """Makes it in the folder that the command line names.

    Returns:
        The exit code: 0 done, 1 a step failed.
    """
    folder = Path(sys.argv[1]).absolute()
    log = cache() / "logs" / "setup.log"
    pip: list[str | Path] = [
        folder / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    try:
        if sys.version_info < OLDEST_PYTHON:
            raise StepError(
                f"this is Python {sys.version.split()[0]}: put a python3 of 3.11 or newer first on the PATH"
            )
        # Debian splits what `python3 -m venv` needs from Python itself.
        toolchain.apt_install(["python3-venv"] if importlib.util.find_spec("ensurepip") is None else [])
        with step(f"development tools in {folder.name}"):
            run([sys.executable, "-m", "venv", folder], log)
            run([*pip, "--require-hashes", "--requirement", REPOSITORY / "requirements" / "dev.txt"], log)
            run([*pip, "--no-deps", "--no-build-isolation", "--editable", REPOSITORY], log)
    except StepError as error:
        sys.stderr.write(f"setup: {error.explain()}\n")
        return 1
    return 0
