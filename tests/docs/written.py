"""The documentation as its files have it: pages, and the fences in them."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.guide import Command, steps

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
# Their Python is of this documentation; other pages have tests of their own.
WITH_EXAMPLES = ("how-to", "coming-from")

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_LINE = re.compile(r"`([\w/]+\.(?:py|yaml))`[^\n]*:\n\n\Z")


@dataclass(frozen=True)
class Fence:
    """One fence of a page.

    Args:
        page: The page's path in docs/.
        language: What stands behind its mark.
        body: Its text.
        file: The file that it is the content of, if the line before says so.
    """

    page: str
    language: str
    body: str
    file: str | None


def pages() -> list[str]:
    """List all pages by their paths in docs/."""
    return sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def files(page: str) -> list[Fence]:
    """List the fences of a page that are the content of a file."""
    return [fence for language in ("python", "yaml") for fence in fences(language, of=[page]) if fence.file]


def fences(language: str, *, of: list[str] | None = None) -> list[Fence]:
    """List the fences of a language, of all pages or of some."""
    found = []
    for page in pages() if of is None else of:
        whole = text(page)
        for match in _FENCE.finditer(whole):
            file = _FILE_LINE.search(whole[: match.start()])
            found.append(Fence(page, match[1], match[2], file[1] if file else None))
    return [fence for fence in found if fence.language == language]


def commands(page: str) -> list[Command]:
    """List what a page has its reader type."""
    found = [steps(f"```console\n{fence.body}```\n") for fence in fences("console", of=[page])]
    return [step for each in found for step in each if isinstance(step, Command)]


def column(page: str, heading: str, number: int = 0) -> list[str]:
    """Give the cells of a column of the tables below a heading, the heads left out."""
    _, _, below = f"\n{text(page)}".partition(f"\n{heading}\n")
    assert below, f"{page} has no {heading}"
    section = re.split(r"^#+ ", below, maxsplit=1, flags=re.MULTILINE)[0]
    rows = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)
    return [line.split(" | ")[number].strip("| ") for table in rows for line in table.splitlines()[2:]]
