"""MkDocs' hook: what pages link to outside of docs/ comes along, so that each link holds on the site as in a checkout.

A page in Markdown becomes a page, a picture stays a picture, any other file becomes a page that shows it.
"""

import posixpath
import sys
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))  # MkDocs, called by its own name, knows this file only

from deploy.docs import pages  # noqa: E402

DOCS = "docs/"
ALONG = "repository/"  # where on the site the files of the repository are
_PICTURES = (".png", ".svg")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files that pages link to, and those of the navigation that are not in docs/."""
    written = [DOCS + each.src_uri for each in files if each.is_documentation_page()]
    for path in _reached([*written, *_of_navigation(config.nav)]):
        if not path.startswith(DOCS):
            files.append(_file(path, config))
    return files


def on_page_markdown(text: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 (MkDocs' call)
    """Let a page's links lead to where its targets are on the site."""
    path = path_of(page.file.src_uri)
    if path is None:
        return text
    here = posixpath.dirname(page.file.src_uri)

    def relinked(link: str) -> str:
        found, anchor = pages.target(path, link)
        if path.startswith(DOCS) and found.startswith(DOCS):
            return link
        there = uri_of(_real(found))
        return link if there is None else posixpath.relpath(there, here) + (anchor if found.endswith(".md") else "")

    return pages.relinked(text, relinked)


def path_of(uri: str) -> str | None:
    """Give the path in the repository of a page of the site; None for one that only shows a file."""
    if not uri.startswith(ALONG):
        return DOCS + uri
    path = uri.removeprefix(ALONG)
    return path if (ROOT / path).is_file() else None


def uri_of(path: str) -> str | None:
    """Give the place on the site of a file of the repository; None where there is no such file."""
    if not (ROOT / path).is_file():
        return None
    if path.startswith(DOCS):
        return path.removeprefix(DOCS)
    return ALONG + path + ("" if path.endswith((".md", *_PICTURES)) else ".md")


def _of_navigation(nav: object) -> Iterator[str]:
    """List the repository's files in the navigation, which is lists, names and places in one another."""
    if isinstance(nav, str):
        if nav.startswith(ALONG):
            yield nav.removeprefix(ALONG)
    elif isinstance(nav, list | dict):
        for each in nav.values() if isinstance(nav, dict) else nav:
            yield from _of_navigation(each)


def _reached(begin: list[str]) -> list[str]:
    """List the files that are reached from some, themselves included; what is not there is told by MkDocs."""
    reached: list[str] = []
    ahead = list(begin)
    while ahead:
        path = ahead.pop()
        if path in reached or not (ROOT / path).is_file():
            continue
        reached.append(path)
        if path.endswith(".md"):
            text = (ROOT / path).read_text(encoding="utf-8")
            ahead += [_real(pages.target(path, link)[0]) for link in pages.links(text)]
    return reached


def _real(path: str) -> str:
    """Let a folder stand for its README, as in a repository's browser."""
    return f"{path}/README.md" if (ROOT / path).is_dir() else path


def _file(path: str, config: MkDocsConfig) -> File:
    uri = str(uri_of(path))
    if path.endswith((".md", *_PICTURES)):
        return File.generated(config, uri, abs_src_path=str(ROOT / path))
    language = {".yaml": "yaml", ".py": "python", ".json": "json", ".go": "go"}.get(Path(path).suffix, "text")
    text = (ROOT / path).read_text(encoding="utf-8").rstrip("\n")
    return File.generated(config, uri, content=f"# {path}\n\n~~~~~{language}\n{text}\n~~~~~\n")
