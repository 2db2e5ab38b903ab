"""Makes the base image of the local images: no image registry is asked, Debian's packages are enough."""

import shutil
from pathlib import Path

from tally_cluster import leftovers
from tally_cluster.progress import run, step

SUITE = "bookworm"
PACKAGES = ("ca-certificates", "python3", "python3-venv", "tzdata")
# A container has no use for them, and they are a third of the size.
TRIMMED = (
    "dev/*",
    "usr/share/doc/*",
    "usr/share/info/*",
    "usr/share/locale/*",
    "usr/share/man/*",
    "usr/share/perl5/*",
    "var/cache/*",
    "var/lib/apt/*",
    "var/log/*",
)
DOCKERFILE = """FROM scratch
ADD rootfs.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
"""


def recipe() -> str:
    """All that decides the image's content."""
    return "\n".join([SUITE, *PACKAGES, *TRIMMED, DOCKERFILE])


def write_context(folder: Path, log: Path) -> None:
    """Writes a build context with the Dockerfile and the root file system that it adds.

    Args:
        folder: the context's place; what an earlier, broken attempt left there is removed.
        log: takes the programs' output.

    Raises:
        StepError: debootstrap could not fetch or install the packages.
    """
    leftovers.unmount(folder, log)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    root = folder / "rootfs"
    with step(f"Debian {SUITE} with Python for the images"):
        run(["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, root], log)
        excluded = [f"--exclude=./{pattern}" for pattern in TRIMMED]
        run(["tar", "--create", "--numeric-owner", *excluded, f"--file={folder / 'rootfs.tar'}", "-C", root, "."], log)
    shutil.rmtree(root)
