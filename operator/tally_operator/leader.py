"""Who leads: the rules of the Lease, as one candidate sees it by its own stopwatch. Nothing here asks or waits.

The rules are client-go's. A candidate never compares clocks: it measures how long the Lease has not changed before its
own eyes, and takes it over after the Lease's duration. Each write names the version that it replaces, so that of two
takers one fails. A leader counts from when it *sent* its last renewal that was confirmed, and stops before anybody else
may begin: its deadline is shorter than the duration, by more than two stopwatches differ.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tally_operator.observed import Json


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How long things last, in seconds.

    Args:
        duration: After so long without a change another may lead.
        deadline: A leader that could not renew for so long leads no more.
        period: Between two renewals.
        retry: Between a try that failed and the next.
        patience: How long one try may take.
    """

    duration: int = 10
    deadline: float = 7.0
    period: float = 2.5
    retry: float = 1.0
    patience: float = 3.0


@dataclass(frozen=True, kw_only=True)
class Lease:
    """What the API server holds.

    Args:
        version: Its resource version.
        holder: Who leads; empty for nobody.
        duration: How long, in seconds, others wait from the last change that they saw.
        acquired: Since when the holder leads, as it is written.
        transitions: How often the holder has changed.
    """

    version: int
    holder: str
    duration: float
    acquired: str | None
    transitions: int


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What one process knows. All times are seconds of its own stopwatch.

    Args:
        me: Its name, which no other process has or had.
        terms: How long things last.
        lease: As last seen; None when there was none.
        version: Up to which resource version that is known.
        free_at: From when the Lease may be taken; never, before it was looked for.
        renewed_at: When the last write that gave it the Lease was sent; None if it has never led.
        tried_at: When its last try ended.
    """

    me: str
    terms: Terms = Terms()
    lease: Lease | None = None
    version: int = -1
    free_at: float = math.inf
    renewed_at: float | None = None
    tried_at: float = -math.inf


@dataclass(frozen=True)
class Wait:
    """Do nothing.

    Args:
        until: When to ask again, if there is no news before.
    """

    until: float


@dataclass(frozen=True)
class Write:
    """Write the Lease in the candidate's name.

    Args:
        seconds: How long the try may take.
    """

    seconds: float


@dataclass(frozen=True)
class Lost:
    """Stop working, and end.

    Args:
        why: For a person.
    """

    why: str


def read(body: Json) -> Lease:
    """Read a Lease, also one that somebody else has written."""
    spec = body.get("spec") or {}
    return Lease(
        version=int(body["metadata"]["resourceVersion"]),
        holder=spec.get("holderIdentity") or "",
        duration=spec.get("leaseDurationSeconds") or 0,
        acquired=spec.get("acquireTime"),
        transitions=spec.get("leaseTransitions") or 0,
    )


def saw(candidate: Candidate, lease: Lease | None, version: int, now: float) -> Candidate:
    """Take in what the Lease is, from a watch, a listing or an answer, in whatever order they come.

    Args:
        candidate: Who looks.
        lease: What it saw; None when there was none.
        version: As of which resource version.
        now: When.
    """
    if version <= candidate.version:
        return candidate
    if lease is None and candidate.lease is None and candidate.version >= 0:
        return replace(candidate, version=version)  # no news: what is waited for goes on
    seen = replace(candidate, lease=lease, version=version, free_at=now + _wait(candidate, lease))
    taken = lease is not None and lease.holder != candidate.me
    return replace(seen, renewed_at=-math.inf) if taken and candidate.renewed_at is not None else seen


def wrote(candidate: Candidate, lease: Lease, sent_at: float, now: float) -> Candidate:
    """Take in that a write in the candidate's name was confirmed.

    Args:
        candidate: Who wrote.
        lease: The answer.
        sent_at: When the write was sent: it took effect then or later, so nobody else leads before that has run out.
        now: When the answer came. A first one that comes too late to lead by is just seen.
    """
    seen = saw(candidate, lease, lease.version, now)
    if seen.version != lease.version or (seen.renewed_at is None and now >= sent_at + seen.terms.deadline):
        return seen
    return replace(seen, renewed_at=sent_at)


def tried(candidate: Candidate, now: float) -> Candidate:
    """Take in that a try has ended, however it did."""
    return replace(candidate, tried_at=now)


def leads_until(candidate: Candidate) -> float:
    """Tell until when the candidate may act as the leader; before all time if it does not lead."""
    return -math.inf if candidate.renewed_at is None else candidate.renewed_at + candidate.terms.deadline


def leads(candidate: Candidate, now: float) -> bool:
    """Tell whether the candidate may act as the leader at this moment."""
    return now < leads_until(candidate)


def decide(candidate: Candidate, now: float) -> Wait | Write | Lost:
    """Say what to do next."""
    terms = candidate.terms
    if candidate.renewed_at is None:
        due = max(candidate.free_at, candidate.tried_at + terms.retry)
        return Write(terms.patience) if now >= due else Wait(due)
    end = leads_until(candidate)
    if now >= end:
        return Lost(_loss(candidate))
    due = max(candidate.renewed_at + terms.period, candidate.tried_at + terms.retry)
    return Write(min(terms.patience, end - now)) if now >= due else Wait(min(due, end))


def claim(candidate: Candidate, time: datetime) -> dict[str, Any]:
    """Write the Lease's spec in the candidate's name.

    Args:
        candidate: Who takes or renews it.
        time: UTC, for people: nobody measures by it.
    """
    lease = candidate.lease
    renewal = lease is not None and lease.holder == candidate.me
    return {
        "holderIdentity": candidate.me,
        "leaseDurationSeconds": candidate.terms.duration,
        "acquireTime": lease.acquired if lease is not None and renewal else _written(time),
        "renewTime": _written(time),
        "leaseTransitions": 0 if lease is None else lease.transitions + (not renewal),
    }


def release(time: datetime) -> dict[str, Any]:
    """Write what makes the Lease anybody's, as a merge patch of its spec; `time` is UTC, for people."""
    return {"holderIdentity": None, "leaseDurationSeconds": 1, "renewTime": _written(time)}


def _wait(candidate: Candidate, lease: Lease | None) -> float:
    """Give how long a Lease that was just seen to be so is not to be taken."""
    if lease is None:
        # Deleted by hand: its holder may not know yet.
        lease = candidate.lease
    return 0.0 if lease is None or lease.holder in ("", candidate.me) else lease.duration


def _loss(candidate: Candidate) -> str:
    lease = candidate.lease
    if lease is None or lease.holder == candidate.me:
        return f"it could not be renewed for {candidate.terms.deadline:g} s"
    return f"{lease.holder} has taken it" if lease.holder else "somebody has released it"


def _written(time: datetime) -> str:
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")
