"""Builds images with buildah from the Dockerfiles here, only when an input changed, and hands them to containerd."""

import hashlib
import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tally_cluster import base_image, leftovers, toolchain
from tally_cluster.configs import PAUSE_IMAGE
from tally_cluster.progress import StepError, exclusive, run, step
from tally_cluster.settings import Cluster, cache

REPOSITORY = Path(__file__).resolve().parents[3]
BASE = "tally.local/base:1"
RUNNER = "tally.local/runner:dev"
OPERATOR = "tally.local/operator:dev"
OWN_DOCKERFILE = "  FROM {runner}\n  COPY jobs /app/jobs\n  ENV TALLY_JOBS=/app/jobs"
PAUSE_DOCKERFILE = 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n'
STAMP_LENGTH = 12


def ensure(cluster: Cluster) -> list[str]:
    """Builds the runner's and the operator's image and loads them where they are not yet.

    Returns:
        The names of those that the node did not have in this version.
    """
    parts = ((RUNNER, "runner"), (OPERATOR, "operator"))
    return [tag for tag, part in parts if _load_part(cluster, tag, part)]


def load(
    cluster: Cluster,
    *,
    dockerfile: Path,
    tag: str,
    context: Path = REPOSITORY,
    base: str = BASE,
    requirements: Path | None = None,
) -> bool:
    """Builds one image, if what it is made of has changed, and loads it into the cluster's node.

    Args:
        cluster: whose containerd gets it.
        dockerfile: how it is made; its `BASE` argument gets the base.
        tag: its full name, such as `tally.local/jobs:test`.
        context: the folder that the Dockerfile copies from.
        base: an image that was built here before; the default is made when it is missing.
        requirements: a locked requirements file whose wheels the build needs; it has no network.

    Returns:
        Whether the node did not have it in this version.

    Raises:
        StepError: a build or the import failed.
    """
    with exclusive(cache() / "locks" / "images"):
        if base == BASE:
            _ensure_base()
        arguments = [f"--build-arg=BASE={base}"]
        version = stamp(dockerfile, context, f"{base} {_built(base)}")
        if requirements and _built(tag) != version:
            folder = wheels(requirements)
            arguments += ["--build-arg=PIP_NO_INDEX=1", "--build-arg=PIP_FIND_LINKS=/wheels"]
            arguments += [f"--volume={folder}:/wheels:ro"]
        _build(tag, version, [*arguments, f"--file={dockerfile}", str(context)])
        return _import(cluster, tag)


def build(cluster: Cluster, folder: Path, tag: str) -> None:
    """Builds an image on top of the runner's from a folder with a Dockerfile, and loads it into the cluster's node.

    Args:
        cluster: whose containerd gets it.
        folder: has the Dockerfile and what it copies.
        tag: its name, as a manifest says it: `shop-jobs:1`.

    Raises:
        StepError: the tag or the folder cannot be, or the build or the import failed.
    """
    check_tag(tag)
    if not (folder / "Dockerfile").is_file():
        raise StepError(
            f"{folder} has no Dockerfile. Write three lines into it:\n{OWN_DOCKERFILE.format(runner=published())}"
        )
    _load_part(cluster, RUNNER, "runner")
    archive = cache() / "images" / "own.tar"
    log = cache() / "logs" / "own-image.log"
    with exclusive(cache() / "locks" / "images"):
        try:
            # Here it is what a registry would have under that name.
            run([*_buildah(), "tag", RUNNER, published()], _log())
            log.unlink(missing_ok=True)
            _archive(tag, archive, [str(folder)], log)
            _load_archive(cluster, tag, archive)
        except StepError as error:
            raise StepError(f"the image {tag} of {folder} did not come about", error.log) from error
        finally:
            archive.unlink(missing_ok=True)


def published() -> str:
    """The runner image's name where it is published, as Dockerfiles say it."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return f"tally-runner:{project['version']}"


def check_tag(tag: str) -> None:
    """Refuses a name that the node would ask a registry for.

    Args:
        tag: an image's name, `shop-jobs:1`.

    Raises:
        StepError: it has no version, or `latest`.
    """
    name, _, version = tag.rpartition(":")
    if not name or "/" in version or version == "latest":
        raise StepError(f"--tag {tag}: write a version, such as shop-jobs:1; without one the node asks a registry")


def load_pause(cluster: Cluster) -> None:
    """Builds and loads the image of the pods' sandboxes."""
    with exclusive(cache() / "locks" / "images"):
        version = _stamp([toolchain.stamp().encode(), PAUSE_DOCKERFILE.encode()])
        if _built(PAUSE_IMAGE) != version:
            context = cache() / "images" / "pause"
            context.mkdir(parents=True, exist_ok=True)
            (context / "Dockerfile").write_text(PAUSE_DOCKERFILE)
            shutil.copy2(toolchain.tool("pause"), context / "pause")
            _build(PAUSE_IMAGE, version, [str(context)])
        _import(cluster, PAUSE_IMAGE)


def stamp(dockerfile: Path, context: Path, base: str) -> str:
    """Names one version of an image by all that goes into it.

    Args:
        dockerfile: how it is made.
        context: where it copies from; only what it copies counts.
        base: the base image's name and version.
    """
    return _stamp([dockerfile.read_bytes(), base.encode(), *_copied(dockerfile, context)])


def copied(dockerfile: str) -> list[str]:
    """The paths and patterns that a Dockerfile takes from its context; what comes from other stages is left out."""
    joined = re.sub(r"\\\n", " ", dockerfile)
    instructions = re.findall(r"^(?:COPY|ADD)\s+(.+)$", joined, re.MULTILINE | re.IGNORECASE)
    found = []
    for instruction in instructions:
        words = instruction.split()
        if not any(word.startswith("--from=") for word in words):
            found += [word for word in words if not word.startswith("--")][:-1]
    return found


def wheels(requirements: Path) -> Path:
    """The folder with the wheels of a locked requirements file, fetched once for each content of the file.

    Raises:
        StepError: pip could not fetch one.
    """
    folder = cache() / "wheels" / _stamp([requirements.read_bytes()])
    if not (folder / "complete").exists():
        wanted = ["--only-binary=:all:", "--python-version=3.11", "--require-hashes", f"--requirement={requirements}"]
        with step(f"wheels of {requirements.name}"):
            run([sys.executable, "-m", "pip", "download", "--quiet", f"--dest={folder}", *wanted], _log())
        (folder / "complete").touch()
    return folder


def _load_part(cluster: Cluster, tag: str, part: str) -> bool:
    requirements = REPOSITORY / "requirements" / f"{part}.txt"
    return load(cluster, dockerfile=REPOSITORY / part / "Dockerfile", tag=tag, requirements=requirements)


def _ensure_base() -> None:
    version = _stamp([base_image.recipe().encode()])
    if _built(BASE) != version:
        context = cache() / "images" / "base"
        base_image.write_context(context, _log())
        _build(BASE, version, [str(context)])
        shutil.rmtree(context)


def _build(tag: str, version: str, arguments: Sequence[str]) -> None:
    """Builds an image, and keeps it as one archive that carries the stamp in its name."""
    if _built(tag) == version:
        return
    partial = cache() / "images" / "partial.tar"
    _archive(tag, partial, arguments, _log())
    for old in _archives(tag):
        old.unlink()
    partial.rename(cache() / "images" / f"{_slug(tag)}@{version}.tar")


def _archive(tag: str, archive: Path, arguments: Sequence[str], log: Path) -> None:
    """Runs buildah, which takes what has not changed from its cache, and writes the image to a file."""
    storage = cache() / "buildah"
    policy = storage / "policy.json"
    storage.mkdir(parents=True, exist_ok=True)
    policy.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
    trust = f"--signature-policy={policy}"
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.unlink(missing_ok=True)
    with step(f"image {tag}"):
        try:
            # `chroot` needs no right that this machine may lack, and a build is not to reach for a newer image.
            build = [*_buildah(), "build", trust, "--isolation=chroot", "--pull-never", "--layers"]
            run([*build, f"--tag={tag}", *arguments], log)
            run([*_buildah(), "push", trust, "--quiet", tag, f"docker-archive:{archive}:{tag}"], log)
        finally:
            leftovers.unmount(storage, _log())


def _buildah() -> list[str]:
    storage = cache() / "buildah"
    return ["buildah", f"--root={storage / 'root'}", f"--runroot={storage / 'run'}", "--storage-driver=overlay"]


def _import(cluster: Cluster, tag: str) -> bool:
    archive = _archives(tag)[0]
    mark = cluster.folder / "images" / _slug(tag)
    if mark.exists() and mark.read_text() == archive.name:
        return False
    _load_archive(cluster, tag, archive)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(archive.name)
    return True


def _load_archive(cluster: Cluster, tag: str, archive: Path) -> None:
    ctr = ["ctr", f"--address={cluster.containerd_socket}", "--namespace=k8s.io"]
    with step(f"loading {tag}"):
        run([*ctr, "images", "import", archive], cluster.logs / "images.log")


def _copied(dockerfile: Path, context: Path) -> list[bytes]:
    """Names and contents of the files that a Dockerfile copies from its context."""
    content = []
    for pattern in copied(dockerfile.read_text()):
        for top in sorted(context.glob(pattern.strip("/"))):
            files = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
            for path in files:
                if "__pycache__" not in path.parts:
                    executable = b"x" if os.access(path, os.X_OK) else b"-"
                    content += [path.relative_to(context).as_posix().encode(), executable, path.read_bytes()]
    return content


def _stamp(inputs: Sequence[bytes]) -> str:
    digest = hashlib.sha256()
    for content in inputs:
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:STAMP_LENGTH]


def _built(tag: str) -> str | None:
    """The stamp of the version that was built last."""
    archives = _archives(tag)
    return archives[0].stem.rpartition("@")[2] if archives else None


def _archives(tag: str) -> list[Path]:
    return list((cache() / "images").glob(f"{_slug(tag)}@*.tar"))


def _slug(tag: str) -> str:
    return re.sub(r"[/:]", "_", tag)


def _log() -> Path:
    return cache() / "logs" / "images.log"
