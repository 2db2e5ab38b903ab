"""What the table shows of one ScheduledJob: a value for the template, and until when it is right."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tally.cron.words import describe
from tally.dev.screen import marks
from tally.kubectl.firings import firings
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.reasons import OVERDUE, needs_attention


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One of the last executions.

    Args:
        sign: Such as ✓.
        outcome: As of `Recent`.
    """

    sign: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table.

    Args:
        job: Whose row it is.
        words: The schedule in words; empty where it has none.
        phase: As people read it.
        marks: Oldest first.
        summary: The marks in words.
        next: When it runs next by itself, aware.
        note: What needs attention.
        right_until: When its words are no longer right, even if nothing has changed; None is never.
    """

    job: ScheduledJob
    words: str
    phase: str
    marks: Sequence[Mark]
    summary: str
    next: datetime | None
    note: str | None
    right_until: datetime | None


def row(scheduled_job: ScheduledJob, now: datetime) -> Row:
    """Read a row.

    Args:
        scheduled_job: Whose.
        now: The present time, aware.
    """
    coming = None if scheduled_job.holds("Stalled") else next(firings(scheduled_job, now), None)
    due = scheduled_job.next_time
    ends = [each for each in (coming, due + OVERDUE if due else None) if each is not None and each > now]
    outcomes = [each.outcome for each in scheduled_job.recent]
    signs = marks(outcomes, "utf-8")
    return Row(
        job=scheduled_job,
        words=in_words(scheduled_job.schedule),
        phase=scheduled_job.phase or "New",
        marks=[Mark(sign=sign, outcome=outcome) for sign, outcome in zip(signs, outcomes, strict=True)],
        summary=counted(outcomes),
        next=coming,
        note=needs_attention(scheduled_job, now),
        right_until=min(ends, default=None),
    )


def in_words(schedule: str) -> str:
    """Say a schedule in words; nothing for one that is none."""
    try:
        return describe(schedule)
    except ValueError:
        return ""


def counted(words: Sequence[str]) -> str:
    """Count words, such as `8 succeeded, 1 failed`, the most frequent first."""
    return ", ".join(f"{number} {word}" for word, number in Counter(words).most_common())
