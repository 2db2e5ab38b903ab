"""The site is built without a warning, every link of it leads somewhere, and nothing comes from another host."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from mkdocs.utils.yaml import get_yaml_loader

from deploy.docs import hook, pages
from tests.docs import written
from tests.docs.written import DOCS, ROOT


class Page(HTMLParser):
    """What a page links to, what it loads, and where it can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.anchors.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" or "src" in given:
            self.loads.append(given.get("href", given.get("src", "")))


def build(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder), *options]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture(scope="module")
def read(site: Path) -> dict[Path, Page]:
    # The page for what is not there is served at any address, so its links begin at the root.
    return {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}


def _broken(read: dict[Path, Page]) -> Iterator[str]:
    for path, page in read.items():
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            found = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            found = found / "index.html" if found.is_dir() else found
            if not found.exists():
                yield f"{path.name}: {link} is not there"
            elif found in read and unquote(parts.fragment) not in read[found].anchors:
                yield f"{path.name}: {link} has no such anchor"


def test_every_link_leads_somewhere(read: dict[Path, Page]) -> None:
    assert len(read) > len(written.pages())
    assert list(_broken(read)) == []


def test_nothing_comes_from_another_host(site: Path, read: dict[Path, Page]) -> None:
    assert [load for page in read.values() for load in page.loads if urlsplit(load).netloc] == []
    for path in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", path.read_text(encoding="utf-8")), path.name
    # The theme would fetch it for such a fence.
    assert not any("mermaid" in path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md"))


def documents() -> list[str]:
    """List the documents of the repository, those of its dependencies and tools left out."""
    folders = ("charts", "deploy", "docs", "jobs", "benchmarks")
    found = [*ROOT.glob("*.md"), *(path for folder in folders for path in (ROOT / folder).rglob("*.md"))]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


@pytest.mark.parametrize("document", documents())
def test_a_document_links_to_files_that_are_there(document: str) -> None:
    links = pages.links((ROOT / document).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / pages.target(document, link)[0]).exists()] == []


def test_files_of_the_repository_come_along(site: Path) -> None:
    assert "idle_since" in (site / "repository" / "jobs" / "_workflows" / "delete_carts.py.html").read_text()
    assert 'id="what-the-operator-can-do"' in (site / "repository" / "SECURITY.html").read_text()


def test_every_page_is_in_the_navigation() -> None:
    settings = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=get_yaml_loader())
    listed = set(re.findall(r"[\w/.-]+\.md", str(settings["nav"])))
    assert set(written.pages()) - listed == set(), "add it to mkdocs.yml: nav"


@pytest.mark.parametrize(
    "link",
    ["", "nowhere.md", "limit-a-job.md#nowhere", "../jobs/nowhere.py", "../jobs/_shop/", "../SECURITY.md#nowhere"],
)
def test_a_link_that_leads_nowhere_fails_the_build(link: str, tmp_path: Path) -> None:
    good = ["limit-a-job.md#limit", "../jobs/limited_test.py", "../SECURITY.md#the-limit", "../jobs/"]
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# Index\n\n" + "".join(f"[There]({each}), " for each in [*good, link]), "utf-8")
    (docs / "limit-a-job.md").write_text("# Limit\n", encoding="utf-8")
    # What SECURITY.md and the jobs link to is not all here.
    config = {
        "INHERIT": str(ROOT / "mkdocs.yml"),
        "docs_dir": str(docs),
        "nav": ["index.md"],
        "hooks": [str(ROOT / "deploy" / "docs" / "hook.py")],
        "extra_css": [],
    }
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    done = build(tmp_path / "site", f"--config-file={tmp_path / 'mkdocs.yml'}")
    said = [line for line in done.stderr.splitlines() if line.startswith("WARNING") and "'index.md'" in line]
    assert len(said) == bool(link), done.stderr
    assert link.rpartition("/")[2] in "".join(said)


def test_links_are_found_where_they_are_and_not_in_code() -> None:
    text = "[`a`](a.md#x) `[b](b.md)` [c](https://c) [d](#d)\n```text\n[e](e.md)\n```\n[f](../f.py)\n"
    assert pages.links(text) == ["a.md#x", "../f.py"]
    assert pages.relinked(text, str.upper) == text.replace("a.md#x", "A.MD#X").replace("../f.py", "../F.PY")
    assert pages.target("docs/how-to/x.md", "../../jobs/README.md#a") == ("jobs/README.md", "#a")


def test_a_file_of_the_repository_has_its_place_on_the_site() -> None:
    assert hook.uri_of("docs/metrics.md") == "metrics.md"
    assert hook.uri_of("SECURITY.md") == "repository/SECURITY.md"
    assert hook.uri_of("jobs/limited_test.py") == "repository/jobs/limited_test.py.md"
    assert hook.uri_of("jobs/nowhere.py") is None
    assert hook.path_of("repository/SECURITY.md") == "SECURITY.md"
    assert hook.path_of("repository/jobs/limited_test.py.md") is None


def test_a_table_keeps_bars_and_lines_in_their_cells() -> None:
    assert pages.table(("a", "b"), [("x|y", "1\n2")]) == "| a | b |\n| --- | --- |\n| x\\|y | 1 2 |\n"
