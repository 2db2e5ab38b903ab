"""Images are built again exactly when something that goes into them has changed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tally_cluster import images, toolchain
from tally_cluster.progress import StepError
from tally_cluster.settings import Cluster

DOCKERFILE = "FROM base\nCOPY jobs /jobs\n"


@pytest.mark.parametrize(
    ("dockerfile", "paths"),
    [
        ("FROM a\nCOPY one two /to/", ["one", "two"]),
        ("COPY --chmod=755 tool \\\n  /usr/bin/", ["tool"]),
        ("copy a /a\nADD b.tar /", ["a", "b.tar"]),
        ("COPY --from=build /venv /venv", []),
        ("# COPY no /no\nRUN echo COPY no /no", []),
    ],
)
def test_what_a_dockerfile_copies_is_what_it_depends_on(dockerfile: str, paths: list[str]) -> None:
    assert images.copied(dockerfile) == paths


@pytest.mark.parametrize(
    ("change", "rebuilt"),
    [
        (lambda folder: (folder / "jobs" / "a.py").write_text("b"), True),
        (lambda folder: (folder / "jobs" / "new.py").write_text(""), True),
        (lambda folder: (folder / "jobs" / "a.py").rename(folder / "jobs" / "b.py"), True),
        (lambda folder: (folder / "jobs" / "a.py").chmod(0o755), True),
        (lambda folder: (folder / "Dockerfile").write_text(DOCKERFILE + "USER 1\n"), True),
        (lambda folder: (folder / "README.md").write_text("changed"), False),
        (lambda folder: (folder / "jobs" / "__pycache__" / "a.pyc").write_text("changed"), False),
        (lambda folder: (folder / "jobs" / "a.py").touch(), False),
    ],
)
def test_an_image_is_stamped_by_what_goes_into_it(
    change: Callable[[Path], object],
    rebuilt: bool,
    tmp_path: Path,
) -> None:
    (tmp_path / "jobs" / "__pycache__").mkdir(parents=True)
    (tmp_path / "jobs" / "a.py").write_text("a")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    before = images.stamp(tmp_path / "Dockerfile", tmp_path, "base")
    change(tmp_path)
    assert (images.stamp(tmp_path / "Dockerfile", tmp_path, "base") != before) is rebuilt


def test_another_base_is_another_image(tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("FROM base\n")
    assert images.stamp(dockerfile, tmp_path, "a") != images.stamp(dockerfile, tmp_path, "b")


@pytest.mark.parametrize("name", ["main.go", "go.mod", "go.sum", "pause/main.go"])
def test_the_programs_are_stamped_by_each_of_their_sources(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pause").mkdir()
    for source in ("main.go", "go.mod", "go.sum", "pause/main.go"):
        (tmp_path / source).write_text(source)
    monkeypatch.setattr(toolchain, "MODULE", tmp_path)
    before = toolchain.stamp()
    (tmp_path / name).write_text("changed")
    assert toolchain.stamp() != before


@pytest.mark.parametrize("tag", ["shop-jobs", "shop-jobs:latest", "registry.example:5000/shop-jobs", ":1"])
def test_an_image_of_ones_own_needs_a_version(tag: str) -> None:
    with pytest.raises(StepError, match="write a version, such as shop-jobs:1"):
        images.check_tag(tag)


@pytest.mark.parametrize("tag", ["shop-jobs:1", "shop-jobs:1.4-rc", "registry.example:5000/team/shop-jobs:1"])
def test_an_image_of_ones_own_may_have_any_version(tag: str) -> None:
    images.check_tag(tag)


def test_a_folder_without_a_dockerfile_is_told_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(StepError) as failure:
        images.build(Cluster(), tmp_path, "shop-jobs:1")
    assert str(failure.value).splitlines()[-3:] == [
        f"  FROM {images.published()}",
        "  COPY jobs /app/jobs",
        "  ENV TALLY_JOBS=/app/jobs",
    ]
