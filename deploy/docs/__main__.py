"""Makes the pages of docs/reference that say what the code says: `python -m deploy.docs`."""

import sys
from pathlib import Path

from deploy.docs import commands, library, resource

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"


def pages() -> dict[str, str]:
    """Give the pages by the names of their files."""
    return {
        "scheduledjob.md": resource.page(),
        "command-line.md": commands.page(),
        "kubectl-tally.md": commands.plugin_page(),
        "library.md": library.page(),
    }


def main() -> int:
    """Write them.

    Returns:
        The exit code.
    """
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
