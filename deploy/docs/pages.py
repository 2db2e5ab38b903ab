"""What the pages of the site have in common as text: where their links are, and how a table is written."""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

_FENCE = re.compile(r" *(`{3,}|~{3,})")
# A span of code is passed over; what is in it looks like a link and is none.
_LINK = re.compile(r"(`+)(?:(?!\1).)*\1|(\]\()([^)\s]+)(\))")
_ELSEWHERE = re.compile(r"[a-z]+:|#|/")


def links(text: str) -> list[str]:
    """List the relative links of a page, as they are written."""
    found: list[str] = []

    def note(link: str) -> str:
        found.append(link)
        return link

    relinked(text, note)
    return found


def relinked(text: str, change: Callable[[str], str]) -> str:
    """Write a page's relative links anew; fences and spans of code stay as they are.

    Args:
        text: The page.
        change: Gives the link that stands in a link's place.
    """

    def changed(match: re.Match[str]) -> str:
        if match[3] is None or _ELSEWHERE.match(match[3]):
            return match[0]
        return f"{match[2]}{change(match[3])}{match[4]}"

    return "".join(line if fenced else _LINK.sub(changed, line) for line, fenced in _lines(text))


def target(page: str, link: str) -> tuple[str, str]:
    """Follow a relative link.

    Args:
        page: The path of the page in the repository.
        link: As it stands there.

    Returns:
        The path in the repository that it leads to, and the anchor with its `#`, or "".
    """
    path, mark, anchor = link.partition("#")
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), path)), mark + anchor


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; a cell's line breaks and bars are kept from ending it."""
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(_cell(cell) for cell in row) for row in rows]
    return "".join(f"| {line} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Give each line, and whether it is of a fence."""
    open_with = ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        yield line, bool(open_with or mark)
        if mark and not open_with:
            open_with = mark[1]
        elif mark and line.strip() == open_with:
            open_with = ""
