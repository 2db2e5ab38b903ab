"""What `tally dev` says of its decisions, in words."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from tally.config import JobConfig
from tally.dev.execution import Ended
from tally.dev.planner import Missed, Standing, Start
from tally.dev.reading import Folder
from tally.dev.screen import Row, clock_time, duration


def missed(each: Missed, now: datetime) -> str:
    """Say which slots start no more, and why."""
    if each.reason == "busy":
        return f"The run for {clock_time(each.slot, now)} is skipped: the one before it went on too long."
    slept = "this machine slept or was busy"
    if each.count == 1:
        return f"The run for {clock_time(each.slot, now)} is missed: {slept}."
    return f"{each.count} runs from {clock_time(each.slot, now)} on are missed: {slept}."


def waiting(slot: datetime, now: datetime) -> str:
    """Say that a slot waits under Forbid."""
    return f"The run for {clock_time(slot, now)} waits: the one before it still goes on (Forbid)."


def started(start: Start, executions: int, now: datetime) -> str:
    """Say which execution begins.

    Args:
        start: What begins.
        executions: How many have begun, this one included.
        now: The present time, aware.
    """
    limit = start.config.number_of_executions
    of = f" of {limit}" if limit else ""
    late = now - start.slot
    behind = f", {duration(late)} late" if late.total_seconds() >= 2 else ""
    return f"Execution {executions}{of} begins, for {clock_time(start.slot, now)}{behind}."


def ended(each: Ended) -> str:
    """Say how an execution ended that did not succeed."""
    return f"Execution {each.outcome} after {each.seconds:.1f} s: {each.message}"


def standing(each: Standing, now: datetime) -> str:
    """Say where a job stands."""
    return f"{_schedule(each.config)}, {_count(each)}, next run {upcoming(each, now)}"


def upcoming(each: Standing, now: datetime) -> str:
    """Say when a job runs next, or why it does not."""
    if each.complete:
        return "none: complete"
    if each.config.suspend:
        return "none: suspended"
    if each.waiting is not None:
        return "after this one"
    slot = each.next_slot
    return "never" if slot is None else f"in {duration(slot - now)}"


def changes(
    before: Folder, after: Folder, standings: Mapping[str, Standing], saved: Collection[str], now: datetime
) -> list[tuple[str, str]]:
    """Say what has become different in the jobs folder.

    Args:
        before: What it held.
        after: What it holds.
        standings: Where the jobs stand now.
        saved: The jobs whose files were saved.
        now: The present time, aware.

    Returns:
        Names of jobs, and what is said of each.
    """
    said = []
    for name in sorted({*before.configs, *before.broken, *after.configs, *after.broken}):
        if name in after.broken:
            if name not in before.broken:
                said.append((name, "is broken: nothing of it starts until it is mended."))
        elif name not in after.configs:
            said.append((name, "is gone from the folder: nothing of it starts any more."))
        elif after.configs[name] != before.configs.get(name):
            how = "is mended" if name in before.broken else "has changed" if name in before.configs else "is new"
            said.append((name, f"{how}: {standing(standings[name], now)}."))
        elif name in saved:
            said.append((name, "is saved: its next run is by the new file."))
    return said


def row(each: Standing, outcomes: Sequence[str], began: datetime | None, now: datetime) -> Row:
    """Give a job's row.

    Args:
        each: Where it stands.
        outcomes: How its last executions ended, oldest first.
        began: When its oldest run that goes on began.
        now: The present time, aware.
    """
    return Row(
        name=each.name,
        schedule=_schedule(each.config),
        executions=_count(each, short=True),
        outcomes=tuple(outcomes),
        running=None if began is None else now - began,
        upcoming=upcoming(each, now).removeprefix("none: "),
    )


def _schedule(config: JobConfig) -> str:
    zone = "" if config.time_zone in ("Etc/UTC", "UTC") else f" {config.time_zone}"
    return f"{config.schedule}{zone}"


def _count(each: Standing, *, short: bool = False) -> str:
    limit = each.config.number_of_executions
    if short:
        return f"{each.executions}/{limit}" if limit else str(each.executions)
    return f"{each.executions} of {limit} executions" if limit else f"{each.executions} executions"
