"""The benchmarks' figures that the documents show are those that were measured last."""

from itertools import takewhile

import pytest

from tests.docs.written import ROOT


def measured(document: str) -> dict[str, tuple[str, str]]:
    """Give what a document says was measured: what must be and what is, by what was measured."""
    lines = (ROOT / document).read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    head = next(index for index, row in enumerate(cells) if row[:3] == ["what", "must be", "is"])
    rows = takewhile(bool, cells[head + 2 :])  # up to the table's end
    return {row[0]: (row[1], row[2]) for row in rows}


@pytest.mark.parametrize(("document", "least"), [("README.md", 8), ("docs/benchmarks.md", 12)])
def test_a_document_shows_what_was_measured(document: str, least: int) -> None:
    shown, found = measured(document), measured("benchmarks/results/table.md")
    assert len(shown) >= least
    assert shown.items() <= found.items()
