"""Tells whether a CronJob in the cluster is what it should be, past all that the API server fills in by itself."""

import re
from decimal import Decimal
from typing import Any

from tally_operator.observed import Json
from tally_operator.render import LIST_KEYS

# Only these hold quantities: in an argument or a variable, 1.10 and 1.1 are two things.
_QUANTITIES = ("limits", "requests", "overhead", "sizeLimit", "divisor")
_QUANTITY = re.compile(r"([+-]?[0-9]*\.?[0-9]+)([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?")
_SCALES = {
    **dict(zip("num", (Decimal("1e-9"), Decimal("1e-6"), Decimal("1e-3")), strict=True)),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}


def has_drifted(live: Json, desired: Json) -> bool:
    """Tell whether a field that we write has another value, or one that changes executions was added.

    Args:
        live: The CronJob in the cluster.
        desired: What we would apply.
    """
    # An object of a listing has no apiVersion and no kind.
    ours = {name: desired[name] for name in ("metadata", "spec")}
    return not _covers(live, ours) or bool(foreign_fields(live, desired))


def foreign_fields(live: Json, desired: Json) -> dict[str, Any]:
    """Give a merge patch that takes away what others added where it decides about executions.

    Server-side apply only ever changes our own fields. A `startingDeadlineSeconds` or `ttlSecondsAfterFinished` that
    somebody adds by hand would stay, and with it runs or Jobs would be lost.

    Args:
        live: The CronJob in the cluster.
        desired: What we apply.

    Returns:
        The patch; empty when there is nothing to take away.
    """
    spec = dict.fromkeys(_extra(live["spec"], desired["spec"]))
    job = dict.fromkeys(_extra(live["spec"]["jobTemplate"]["spec"], desired["spec"]["jobTemplate"]["spec"]))
    patch: dict[str, Any] = dict(spec)
    if job:
        patch["jobTemplate"] = {"spec": job}
    return {"spec": patch} if patch else {}


def _extra(live: Json, desired: Json) -> list[str]:
    return sorted(set(live) - set(desired))


def _covers(live: Any, desired: Any, field: str = "") -> bool:  # noqa: ANN401 (JSON)
    if isinstance(desired, dict):
        there = live if isinstance(live, dict) else {}
        named = field if field in _QUANTITIES else None
        return all(_covers(there.get(name), value, named or name) for name, value in desired.items())
    if isinstance(desired, list):
        return _covers_list(live or [], desired, field)
    if desired is None or live is None:
        return (desired or None) == (live or None)
    return live == desired or (field in _QUANTITIES and _quantity(live) == _quantity(desired) is not None)


def _covers_list(live: list[Any], desired: list[Any], field: str) -> bool:
    name = LIST_KEYS.get(field) or ("uid" if field == "ownerReferences" else None)
    if name is None:
        return len(live) == len(desired) and all(map(_covers, live, desired))
    # A port stands there twice when it has two protocols.
    return all(any(there.get(name) == each.get(name) and _covers(there, each) for there in live) for each in desired)


def _quantity(value: object) -> Decimal | None:
    """Read a resource quantity, which the API server writes in its own way: 0.5 becomes 500m."""
    match = _QUANTITY.fullmatch(str(value)) if isinstance(value, str | int | float) else None
    if match is None:
        return None
    suffix = match[2] or ""
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix != "Ei":
        return Decimal(match[0])
    return Decimal(match[1]) * _SCALES.get(suffix, Decimal(1))
