"""How a query says that it does not know a name: what is known instead, and which of that may have been meant."""

import difflib
from collections.abc import Iterable

from tally.errors import QueryError

_SHOWN_NAMES = 50
_SHOWN_LETTERS = 60


def unknown(subject: str, name: object, known: Iterable[str]) -> QueryError:
    """Make the error for a name that is not known.

    Args:
        subject: The sentence's beginning, as "The entity 'cart' has no field".
        name: What was asked for.
        known: What could have been.
    """
    names = sorted(set(known))
    near = difflib.get_close_matches(str(name)[:_SHOWN_LETTERS], names, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    more = f", ... ({len(names)} in all)" if len(names) > _SHOWN_NAMES else ""
    listed = ", ".join(names[:_SHOWN_NAMES]) or "none"
    return QueryError(f"{subject} {shown(name)}.{meant} Known: {listed}{more}.")


def shown(value: object) -> str:
    """Show what somebody wrote, cut where it is long."""
    text = repr(value) if not isinstance(value, str) else repr(value[: _SHOWN_LETTERS + 1])
    return text if len(text) <= _SHOWN_LETTERS + 2 else f"{text[:_SHOWN_LETTERS]}..."
