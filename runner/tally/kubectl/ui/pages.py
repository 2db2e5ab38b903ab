"""The pages as HTML: what the templates are given, all of it escaped where it stands."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import islice

from jinja2 import Environment, PackageLoader, StrictUndefined

from tally.dev.screen import duration
from tally.instants import away, local, utc
from tally.kubectl import screens
from tally.kubectl.firings import firings
from tally.kubectl.observed import ScheduledJob
from tally.kubectl.reading import Surroundings
from tally.kubectl.reasons import reasons
from tally.kubectl.runs import Run
from tally.kubectl.ui import day, plots
from tally.kubectl.ui.board import Board
from tally.kubectl.ui.rows import Row, row

_NEXT_TIMES = 5
_PHASES = ("Scheduled", "Running", "Suspended", "Completed", "Invalid", "New")


@dataclass(frozen=True, kw_only=True)
class Place:
    """What the page is about.

    Args:
        context: The kubeconfig's name for the cluster.
        namespace: Whose ScheduledJobs are shown; None is all.
        selector: Of labels; None is all.
    """

    context: str
    namespace: str | None
    selector: str | None


class Pages:
    """Draws them.

    Args:
        place: What they are about.
        mine: The zone of whoever looks.
    """

    def __init__(self, place: Place, mine: tzinfo) -> None:
        self._mine = mine
        self._templates = Environment(
            loader=PackageLoader("tally.kubectl.ui"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(place=place, everywhere=place.namespace is None)
        self._templates.filters.update(
            utc=utc, duration=duration, mine=self._local, json=_json, ended=screens.ended, path=path
        )
        self._row = self._templates.get_template("row.html")

    def row(self, shown: Row) -> str:
        """Draw a row of the table."""
        return self._row.render(row=shown)

    def overview(self, board: Board, now: datetime) -> str:
        """Draw the page of all ScheduledJobs."""
        return self._draw("overview.html", board=board, entries=board.entries, summary=self.summary(board), now=now)

    def summary(self, board: Board) -> str:
        """Draw how many there are of each phase."""
        entries = board.entries
        phases = Counter(each.row.phase for each in entries)
        noted = sum(each.row.note is not None for each in entries)
        known = [(each, phases[each]) for each in _PHASES if phases[each]]
        return self._draw("summary.html", total=len(entries), phases=known, noted=noted)

    def timeline(self, scheduled_jobs: Sequence[ScheduledJob], now: datetime) -> str:
        """Draw the last and the next 24 hours of all."""
        known = day.day(scheduled_jobs, day.remembered(scheduled_jobs), now, self._mine)
        return self._draw("day.html", day=known, height=day.HEIGHT)

    def job(self, board: Board, detail: str, scheduled_job: ScheduledJob, now: datetime) -> str:
        """Draw the page of one ScheduledJob around its detail."""
        return self._draw("job.html", board=board, detail=detail, job=scheduled_job, now=now)

    def detail(self, scheduled_job: ScheduledJob, around: Surroundings, now: datetime) -> str:
        """Draw what changes on the page of one ScheduledJob."""
        zone = screens.zone_of(scheduled_job) or UTC
        runs = around.runs
        began = [(run.slot or run.created, run.outcome) for run in runs]
        past = [day.Past(at=at, outcome=outcome, name=scheduled_job.name) for at, outcome in began if at is not None]
        known = day.day([scheduled_job], past, now, self._mine)
        upcoming = [] if scheduled_job.holds("Stalled") else list(islice(firings(scheduled_job, now), _NEXT_TIMES))
        return self._draw(
            "detail.html",
            job=scheduled_job,
            row=row(scheduled_job, now),
            why=reasons(scheduled_job, runs, around.pods, around.events, now),
            going_on=any(run.outcome == "running" and run.present for run in runs),
            upcoming=[(local(each), self._elsewhere(each), away(each - now), utc(each)) for each in upcoming],
            runs=[self._run(run, now, zone) for run in runs],
            plots=plots.plots(runs, now, zone),
            plot_height=plots.HEIGHT,
            bar=plots.BAR,
            day=known,
            height=day.HEIGHT,
        )

    def refused(self, why: str) -> str:
        """Draw the page for whoever may not see anything."""
        return self._draw("refused.html", why=why)

    def failed(self, why: str) -> str:
        """Draw the page of an error."""
        return self._draw("failed.html", why=why)

    def _run(self, run: Run, now: datetime, zone: tzinfo) -> dict[str, object]:
        took = run.duration(now)
        return {
            "run": run,
            "slot": local(run.slot.astimezone(zone)) if run.slot else "by hand",
            "late": "" if run.late is None else duration(run.late),
            "took": "" if took is None else duration(took),
            "said": _said(run),
        }

    def _elsewhere(self, moment: datetime) -> str:
        """Give a time by the clock of whoever looks; nothing where that is the same."""
        mine = moment.astimezone(self._mine)
        return "" if mine.utcoffset() == moment.utcoffset() else local(mine)

    def _local(self, moment: datetime) -> str:
        return local(moment.astimezone(self._mine))

    def _draw(self, template: str, **values: object) -> str:
        return self._templates.get_template(template).render(**values)


def path(scheduled_job: ScheduledJob) -> str:
    """Give the path of a ScheduledJob's page; its names are DNS labels."""
    return f"/jobs/{scheduled_job.namespace}/{scheduled_job.name}"


def _said(run: Run) -> str:
    if run.message:
        return run.message
    if run.result is not None:
        return _json(run.result)
    return f"exit code {run.exit_code}" if run.exit_code else ""


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
