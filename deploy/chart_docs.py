#!/usr/bin/env python3
"""Makes the chart's table of values and the schema's descriptions from the comments in values.yaml, which say it once.

deploy/chart_docs.py            writes both
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHART = Path(__file__).resolve().parent.parent / "charts" / "tally"
BEGIN, END = "<!-- values: made of values.yaml by deploy/chart_docs.py -->", "<!-- end of values -->"


@dataclass(frozen=True)
class Value:
    """One value that a user may set.

    Args:
        path: Its name with all above it, such as `crds.keep`.
        default: As it is written.
        comment: What is said above it, paragraphs apart.
    """

    path: str
    default: str
    comment: tuple[str, ...]


def values(text: str) -> list[Value]:
    """Read the values with their comments, in the order of the file.

    Args:
        text: Of values.yaml. A default is written in one line; a line that ends in a colon holds others.

    Raises:
        ValueError: A line is none of this.
    """
    found: list[Value] = []
    above: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped.removeprefix("#").strip())
            continue
        match = re.fullmatch(r"((?:  )*)([A-Za-z]+):(?: (.+))?", line)
        if match:
            above = [*above[: len(match[1]) // 2], match[2]]
            if match[3]:
                found.append(Value(".".join(above), match[3], _paragraphs(comment)))
        elif stripped:
            raise ValueError(f"values.yaml: {line!r} is no value in one line, no comment, and holds no others.")
        comment = []
    return found


def table(found: list[Value]) -> str:
    """Write the values as a table of Markdown."""
    rows = [f"| `{each.path}` | `{each.default}` | {'<br>'.join(each.comment)} |" for each in found]
    return "\n".join(["| value | default | what it is for |", "| --- | --- | --- |", *rows])


def readme(text: str, found: list[Value]) -> str:
    """Put the table into the README, in place of the old one."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table(found)}\n{END}{rest.partition(END)[2]}"


def described(schema: dict[str, Any], found: list[Value]) -> dict[str, Any]:
    """Put the descriptions into the schema; what a value may be is written there by hand.

    Raises:
        ValueError: The schema lacks a value.
    """
    result: dict[str, Any] = json.loads(json.dumps(schema))
    for each in found:
        node = result
        for name in each.path.split("."):
            if name not in node.get("properties", {}):
                raise ValueError(f"values.schema.json lacks {each.path}: add what it may be.")
            node = node["properties"][name]
        node["description"] = " ".join(each.comment)
    return result


def _paragraphs(comment: list[str]) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in "\n".join(comment).split("\n\n"))


def main() -> int:
    """Write both files.

    Returns:
        The exit code: 0 when they are as values.yaml says, 1 when that cannot be read.
    """
    page, schema = CHART / "README.md", CHART / "values.schema.json"
    try:
        found = values((CHART / "values.yaml").read_text())
        page.write_text(readme(page.read_text(), found))
        schema.write_text(json.dumps(described(json.loads(schema.read_text()), found), indent=2) + "\n")
    except ValueError as error:
        sys.stderr.write(f"chart_docs: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
