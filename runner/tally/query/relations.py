"""What relations are called: a name of a path, as `customer` or `items`, to the foreign key that it means.

To one, by this table's own foreign key: the name is its column's without `_id` or `Id`, so `customer_id` makes
`customer`; the column's own name does too. The key of several columns is called as the table that it leads to.

To many, by another table's foreign key to this one. For `cart` and `cart_item.cart_id` the names are the table's
(`cart_item`), its plural (`cart_items`), and where the table's name begins with this one's, the rest of that (`items`).
Where a table has several keys to this one, the key's own name tells them apart: `orders_by_billing_address`. That long
name is always understood; a short one that could mean two relations is an error that lists the long ones.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tally.errors import QueryError

_KEY_SUFFIX = re.compile(r"(?<=.)(_id|_ID|Id|ID)$")


@dataclass(frozen=True)
class ForeignKey:
    """One foreign key of the database.

    Args:
        source: The table that has it.
        source_columns: Its columns there.
        target: The table that it leads to.
        target_columns: The columns there, in the same order.
    """

    source: str
    source_columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it leads to, by its own name."""
        return _KEY_SUFFIX.sub("", self.source_columns[0]) if len(self.source_columns) == 1 else self.target


@dataclass(frozen=True)
class Relation:
    """One step from a table to another.

    Args:
        target: The other table.
        many: Whether there may be more than one row.
        near: The columns here.
        far: The columns there that equal them.
    """

    target: str
    many: bool
    near: tuple[str, ...]
    far: tuple[str, ...]


def find(
    table: str, name: str, outgoing: Sequence[ForeignKey], incoming: Callable[[], Sequence[ForeignKey]]
) -> Relation | None:
    """Tell what a name means; a relation to one goes before those to many.

    Args:
        table: Where the path stands.
        name: The path's next name.
        outgoing: The table's own foreign keys.
        incoming: Gives the foreign keys of all tables that lead to it; asked only if none of its own is meant.

    Returns:
        The relation; None where nothing is called so.

    Raises:
        QueryError: It could mean several.
    """
    mine = [key for key in outgoing if name in (key.name, *key.source_columns)]
    if mine:
        exact = [key for key in mine if key.source_columns == (name,)] or mine
        if len(exact) > 1:
            raise _ambiguous(table, name, [" and ".join(key.source_columns) for key in exact])
        return _to_one(exact[0])
    keys = list(incoming())
    theirs = [key for key in keys if key.source == name] or [key for key in keys if name in _short_names(table, key)]
    theirs = theirs if len(theirs) == 1 else [key for key in keys if name == _long_name(key)] or theirs
    if len(theirs) > 1:
        raise _ambiguous(table, name, [_long_name(key) for key in theirs])
    return _to_many(theirs[0]) if theirs else None


def listed(table: str, outgoing: Sequence[ForeignKey], incoming: Sequence[ForeignKey]) -> list[str]:
    """List the relations of a table, each by the shortest name that means it alone.

    Args:
        table: The table.
        outgoing: Its own foreign keys.
        incoming: Those that lead to it.
    """
    names = [key.name for key in outgoing]
    for key in incoming:
        taken = {*names, *(name for other in incoming if other != key for name in _short_names(table, other))}
        free = [name for name in _short_names(table, key) if name not in taken]
        names.append(min(free, key=len) if free else _long_name(key))
    return names


def _short_names(table: str, key: ForeignKey) -> set[str]:
    plural = _plural(key.source)
    names = {key.source, plural}
    for start in (table, _singular(table)):
        rest = plural.removeprefix(start)
        if rest != plural and rest.lstrip("_") and (rest.startswith("_") or rest[0].isupper()):
            names.add(rest.lstrip("_"))
    return names


def _long_name(key: ForeignKey) -> str:
    return f"{_plural(key.source)}_by_{key.name}"


def _plural(word: str) -> str:
    """Make a plural as English mostly does; a word that ends in a single s is taken for one."""
    if word.endswith(("ss", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("s"):
        return word
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}s"


def _singular(word: str) -> str:
    """Undo what `_plural` does, where it can be told."""
    candidates = [f"{word[:-3]}y", word[:-2], word[:-1]] if word.endswith("s") else []
    return next((one for one in candidates if one and _plural(one) == word and one != word), word)


def _to_one(key: ForeignKey) -> Relation:
    return Relation(target=key.target, many=False, near=key.source_columns, far=key.target_columns)


def _to_many(key: ForeignKey) -> Relation:
    return Relation(target=key.source, many=True, near=key.target_columns, far=key.source_columns)


def _ambiguous(table: str, name: str, choices: Sequence[str]) -> QueryError:
    return QueryError(
        f"In {table!r}, {name!r} could mean several relations. Write one of: {', '.join(sorted(choices))}."
    )
