"""What `forecast` shows: a timeline, the minutes in which most start, changes of the clock ahead."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from rich.text import Text

from tally.dev.screen import duration
from tally.instants import local
from tally.kubectl.forecast import Forecast, in_columns, step_of
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.plain import safe
from tally.kubectl.terminal import Block, Grid, cell
from tally.surprises import described

_BARS, _PLAIN_BARS = "·▁▂▃▄▅▆▇█", ".123456789"
_NAMED = 3  # jobs of a minute that are named
_LONGEST_NAME = 36  # characters; the rest of a longer one gives way to the timeline
_LEAST_COLUMNS = 24
_DAYS = timedelta(days=2)  # of a longer time the axis says days


def shown(ahead: Forecast, mine: tzinfo, width: int, encoding: str, *, everywhere: bool = False) -> list[Block]:
    """Show what is ahead.

    Args:
        ahead: What is.
        mine: The zone of whoever looks, in which all times are given.
        width: Of the terminal, in columns.
        encoding: What the terminal can show.
        everywhere: Whether they are of several namespaces.
    """
    span = ahead.until - ahead.start
    titles = [_title(line.scheduled_job, everywhere) for line in ahead.lines]
    room = min(_LONGEST_NAME, max([len("ALL"), *map(len, titles)]))
    columns = max(_LEAST_COLUMNS, width - room - 2 - 2 - len("RUNS") - 2)
    step = step_of(span, columns - 1)  # one more, as the first begins at a round time
    start = _round(ahead.start.astimezone(mine), step)
    columns = -(-(ahead.until - start) // step)
    blocks: list[Block] = [
        Text(f"The next {duration(span)}, until {local(ahead.until.astimezone(mine))}; a column is {duration(step)}."),
        Text(""),
    ]
    if ahead.lines:
        counts = [in_columns(line.times, start, step, columns) for line in ahead.lines]
        rows = [
            [cell(_cut(title, room), "bold"), _bars(count, encoding), cell(sum(count))]
            for title, count in zip(titles, counts, strict=True)
        ]
        together = [sum(column) for column in zip(*counts, strict=True)]
        rows += [[cell("ALL", "dim"), _bars(together, encoding), cell(sum(together))]] if len(rows) > 1 else []
        axis = _axis(start, mine, step, columns)
        blocks.append(Grid(heads=["NAME", axis, "RUNS"], rows=rows))
    else:
        blocks.append(Text("Nothing runs by itself."))
    return [*blocks, *_meetings(ahead, mine, everywhere), *_clock_changes(ahead, everywhere), *_idle(ahead, everywhere)]


def _title(scheduled_job: ScheduledJob, everywhere: bool) -> str:
    return f"{scheduled_job.namespace}/{scheduled_job.name}" if everywhere else scheduled_job.name


def _cut(title: str, room: int) -> str:
    return title if len(title) <= room else f"{title[: room - 1]}…"


def _bars(counts: Sequence[int], encoding: str) -> Text:
    """Draw a bar a column: its height is the number of runs, doubled from step to step once it is large."""
    signs = _BARS if encoding.lower().startswith("utf") else _PLAIN_BARS
    text = Text()
    for count in counts:
        height = count if count < 3 else min(len(signs) - 1, count.bit_length() + 1)
        text.append(signs[height], "cyan" if count else "dim")
    return text


def _round(moment: datetime, step: timedelta) -> datetime:
    """Give the last round time by the moment's own clock, in UTC."""
    wall = moment.replace(tzinfo=UTC)
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment.astimezone(UTC) - (wall - midnight) % step


def _axis(start: datetime, mine: tzinfo, step: timedelta, columns: int) -> str:
    """Write the time above some columns; of many days, above the first column of each that has room."""
    moments = [(start + step * column).astimezone(mine) for column in range(columns)]
    by_day = step * columns > _DAYS
    labels = [f"{moment:%m-%d}" if by_day else f"{moment:%H:%M}" for moment in moments]
    axis = ""
    for column, label in enumerate(labels):
        # A first day of a few columns must not take the place of the second one.
        is_new = label != labels[column - 1] if column else label in labels[len(label) : len(label) + 1]
        if len(axis) <= column <= columns - len(label) and (is_new or not by_day):
            axis = f"{axis.ljust(column)}{label} "
    return axis.rstrip()


def _meetings(ahead: Forecast, mine: tzinfo, everywhere: bool) -> list[Block]:
    if not ahead.meetings:
        return []
    rows = [
        [
            cell(local(each.minute.astimezone(mine))),
            cell(len(each.jobs)),
            cell(_listed([_title(job, everywhere) for job in each.jobs])),
        ]
        for each in ahead.meetings
    ]
    return [Text(""), Grid(heads=["MOST START AT", "JOBS", ""], rows=rows, wraps=[2])]


def _clock_changes(ahead: Forecast, everywhere: bool) -> list[Block]:
    if not ahead.clock_changes:
        return []
    lines = [
        Text(
            safe(
                f"! {_listed([_title(job, everywhere) for job in each.jobs])}: in {each.zone} {described(each.change)}"
            ),
            "yellow",
        )
        for each in ahead.clock_changes
    ]
    return [Text(""), *lines]


def _idle(ahead: Forecast, everywhere: bool) -> list[Block]:
    if not ahead.idle:
        return []
    names = [f"{_title(each, everywhere)} ({_why(each)})" for each in ahead.idle]
    return [Text(""), Text(safe(f"Not in this time: {', '.join(names)}."), "dim")]


def _why(scheduled_job: ScheduledJob) -> str:
    if scheduled_job.complete:
        return "completed"
    if scheduled_job.suspended:
        return "suspended"
    return "invalid" if scheduled_job.holds("Stalled") else "later"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:_NAMED])} and {more} more"
