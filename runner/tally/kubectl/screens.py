"""What `status` and `history` show: from values and an instant to blocks of text, whatever the terminal."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from rich.text import Text

from tally.cron.words import describe
from tally.dev.screen import duration, marks
from tally.instants import away, local
from tally.kubectl.firings import firings, timing
from tally.kubectl.observed import Condition, ScheduledJob
from tally.kubectl.plain import safe
from tally.kubectl.runs import Run
from tally.kubectl.terminal import Block, Grid, cell, outcomes, styled

_NEXT_TIMES = 5
_MEMORY = 10  # executions that the status remembers
_LATE = timedelta(seconds=2)  # what is less is no lateness
_RESULT = 120  # characters of a result or an error in a table


def overview(
    scheduled_jobs: Sequence[ScheduledJob],
    notes: Iterable[str],
    now: datetime,
    encoding: str,
    *,
    everywhere: bool = False,
    wide: bool = False,
    marked: int = _MEMORY,
) -> list[Block]:
    """Show all in a table, and below it what needs attention.

    Args:
        scheduled_jobs: In the order in which they are shown.
        notes: What needs attention, a sentence each.
        now: The present time, aware.
        encoding: What the terminal can show.
        everywhere: Whether they are of several namespaces.
        wide: Whether to show more.
        marked: How many of the last executions have a mark, at most ten.
    """
    heads = ["NAME", "SCHEDULE", "RUNS", "RECENT", "LAST", "NEXT", "PHASE"]
    heads = [*(["NAMESPACE"] if everywhere else []), *heads]
    heads += ["ZONE", "IN WORDS", "MISSED", "IMAGE", "AGE"] if wide else []
    rows = [_row(each, now, encoding, everywhere, wide, marked) for each in scheduled_jobs]
    grid = Grid(heads=heads, rows=rows, wraps=[heads.index("SCHEDULE")])
    warnings = [Text(f"! {safe(note)}", "yellow") for note in notes]
    return [grid, *([Text(""), *warnings] if warnings else [])]


def _row(
    scheduled_job: ScheduledJob, now: datetime, encoding: str, everywhere: bool, wide: bool, marked: int
) -> list[Text]:
    last = scheduled_job.last_time
    cells = [
        *([cell(scheduled_job.namespace)] if everywhere else []),
        cell(scheduled_job.name, "bold"),
        cell(scheduled_job.schedule),
        cell(scheduled_job.tally),
        _sparkline(scheduled_job, encoding, marked),
        cell("-" if last is None else _roughly(now - last)),
        cell(_next(scheduled_job, now)),
        styled(scheduled_job.phase or "-"),
    ]
    if wide:
        image = scheduled_job.body["spec"].get("image", "-")
        words = _words(scheduled_job.schedule) or "-"
        others = (scheduled_job.time_zone, words, scheduled_job.missed, image, _roughly(now - scheduled_job.created))
        cells += map(cell, others)
    return cells


def page(
    scheduled_job: ScheduledJob,
    runs: Sequence[Run],
    reasons: Sequence[str],
    now: datetime,
    mine: tzinfo,
    encoding: str,
) -> list[Block]:
    """Show one ScheduledJob in full.

    Args:
        scheduled_job: Which one.
        runs: Its runs, newest first.
        reasons: Why it is not running.
        now: The present time, aware.
        mine: The zone of whoever looks.
        encoding: What the terminal can show.
    """
    title = Text(safe(scheduled_job.name), "bold").append(f" in {safe(scheduled_job.namespace)}   ", "dim")
    title.append_text(styled(scheduled_job.phase or "not seen by the operator yet"))
    words = _words(scheduled_job.schedule)
    facts = [
        ("Schedule", cell(f"{words[:1].upper()}{words[1:]}" if words else scheduled_job.schedule)),
        ("", cell(f"{scheduled_job.schedule}   {scheduled_job.time_zone}", "dim")),
        ("Executions", _count(scheduled_job)),
        ("Recent", _sparkline(scheduled_job, encoding, _MEMORY) if scheduled_job.recent else cell("none yet")),
        *_newest(scheduled_job, runs, now),
    ]
    told = [[Text("!", "yellow"), cell(each)] for each in reasons]
    heading = Text("" if _goes_on(runs) else "Not running, because:", "bold yellow")
    why: list[Block] = [heading, Grid(rows=told, wraps=[1])] if told else []
    blocks: list[Block] = [title, *why, Text("")]
    blocks += [Grid(rows=[[Text(label, "bold"), text] for label, text in facts], wraps=[1]), Text("")]
    if scheduled_job.conditions:
        blocks += [_conditions(scheduled_job.conditions), Text("")]
    return [*blocks, *_upcoming(scheduled_job, now, mine)]


def history(runs: Sequence[Run], now: datetime, zone: tzinfo, *, wide: bool = False) -> list[Block]:
    """Show runs in a table.

    Args:
        runs: In the order in which they are shown.
        now: The present time, aware.
        zone: Where their scheduled times are read.
        wide: Whether to show more.
    """
    rows = [
        [
            cell(local(run.slot.astimezone(zone)) if run.slot else "by hand"),
            cell("-" if run.late is None else duration(run.late)),
            cell("-" if (took := run.duration(now)) is None else duration(took)),
            styled(run.outcome),
            *([cell(run.job if run.present else "(gone)")] if wide else []),
            cell(_result_or_error(run, wide), "red" if run.outcome == "failed" else ""),
        ]
        for run in runs
    ]
    heads = ["SLOT", "LATE", "TOOK", "OUTCOME", *(["JOB"] if wide else []), "RESULT OR ERROR"]
    return [Grid(heads=heads, rows=rows, wraps=[len(heads) - 1])]


def ended(run: Run) -> str:
    """Say how a run ended, as the end of a sentence."""
    code = f" with exit code {run.exit_code}" if run.exit_code else ""
    return f"{run.outcome}{code}{f': {run.message}' if run.message else ''}"


def _goes_on(runs: Sequence[Run]) -> bool:
    return any(run.outcome == "running" and run.present for run in runs)


def _words(schedule: str) -> str:
    try:
        return describe(schedule)
    except ValueError:
        return ""


def _sparkline(scheduled_job: ScheduledJob, encoding: str, marked: int) -> Text:
    words = [each.outcome for each in scheduled_job.recent][-marked:]
    return outcomes(marks(words, encoding), words)


def _roughly(time: timedelta) -> str:
    """Write a duration in its largest unit alone."""
    return " ".join(duration(time).split()[:2])


def _next(scheduled_job: ScheduledJob, now: datetime) -> str:
    first = None if scheduled_job.holds("Stalled") else next(firings(scheduled_job, now), None)
    return "-" if first is None else _roughly(first - now)


def _count(scheduled_job: ScheduledJob) -> Text:
    if scheduled_job.limit is None:
        head = f"{scheduled_job.executions}, without a limit"
    else:
        head = f"{scheduled_job.executions} of {scheduled_job.limit}, {scheduled_job.remaining} left"
    missed = f", {scheduled_job.missed} missed" if scheduled_job.missed else ""
    return cell(f"{head} ({scheduled_job.succeeded} succeeded, {scheduled_job.failed} failed{missed})")


def _newest(scheduled_job: ScheduledJob, runs: Sequence[Run], now: datetime) -> list[tuple[str, Text]]:
    run = next((each for each in runs if each.slot is not None), None)
    if run is None or run.slot is None:
        return []
    took = run.duration(now)
    line = styled(run.outcome)
    line.append("" if took is None else f" {'for' if run.outcome == 'running' else 'after'} {duration(took)}")
    line.append(f" with exit code {run.exit_code}" if run.exit_code else "")
    line.append("" if run.late is None or run.late < _LATE else f", {duration(run.late)} late")
    line.append(f"; scheduled for {local(run.slot.astimezone(zone_of(scheduled_job) or UTC))}")
    facts = [("Last run", line)]
    if run.message:
        facts.append(("Error", cell(run.message, "red")))
    if run.result is not None:
        facts.append(("Result", cell(json.dumps(run.result, ensure_ascii=False))))
    return facts


def _conditions(conditions: Sequence[Condition]) -> Grid:
    """Show the conditions; what is said by one is not said again by the next."""
    rows: list[list[Text]] = []
    said = ""
    for each in conditions:
        good = (each.status == "True") != (each.type == "Stalled") or each.type == "Complete"
        says = ": ".join(filter(None, [each.reason, each.message]))
        news = "" if says == said or says == f"{each.reason}" == said.partition(":")[0] else says
        rows.append([cell(each.type), cell(each.status, "" if good else "red"), cell(news, "dim")])
        said = says
    return Grid(heads=["CONDITION", "STATUS", ""], rows=rows, wraps=[2])


def _upcoming(scheduled_job: ScheduledJob, now: datetime, mine: tzinfo) -> list[Block]:
    if scheduled_job.holds("Stalled"):
        return []
    times = [each for each, _ in zip(firings(scheduled_job, now), range(_NEXT_TIMES), strict=False)]
    if not times:
        return [Text("Nothing will run by itself.", "dim")]
    same = all(each.utcoffset() == each.astimezone(mine).utcoffset() for each in times)
    heads = [f"NEXT, {scheduled_job.time_zone}", *([] if same else ["NEXT, YOUR TIME"]), ""]
    rows = [
        [cell(local(each)), *([] if same else [cell(local(each.astimezone(mine)))]), cell(away(each - now), "dim")]
        for each in times
    ]
    blocks: list[Block] = [Grid(heads=heads, rows=rows)]
    if scheduled_job.remaining == len(times) and len(times) <= _NEXT_TIMES:
        blocks.append(Text("Then it is complete.", "dim"))
    return blocks


def _result_or_error(run: Run, wide: bool) -> str:
    said = run.message if run.message or run.result is None else json.dumps(run.result, ensure_ascii=False)
    if not said and run.exit_code:
        said = f"exit code {run.exit_code}"
    return said if wide or len(said) <= _RESULT else f"{said[: _RESULT - 1]}…"


def zone_of(scheduled_job: ScheduledJob) -> tzinfo | None:
    """Give the zone in which its times are read; None where there is no such zone here."""
    at = timing(scheduled_job.schedule, scheduled_job.time_zone)
    return None if isinstance(at, str) else at.zone
