"""Text and bytes on their way to a person: what comes from a cluster must not steer the terminal."""

import sys


def safe(value: object) -> str:
    """Write any text so that it only prints: what would move the cursor, or hide, becomes an escape."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def aside(text: str) -> None:
    """Tell a person something that is no output of the command."""
    print(safe(text), file=sys.stderr, flush=True)


def raw(piece: bytes) -> None:
    """Hand on a piece of a log as it is, as kubectl does."""
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
