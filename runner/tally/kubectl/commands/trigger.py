"""`kubectl tally trigger`: starts a run by hand, which does not count, and waits for its end if it is told to."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from tally.commands.shared import add_command
from tally.kubectl.options import add_cluster_options, add_output, connected

if TYPE_CHECKING:
    from tally.commands.shared import Commands
    from tally.kubectl.cluster import Cluster
    from tally.kubectl.observed import ScheduledJob
    from tally.kubectl.resources import Json
    from tally.kubectl.runs import Run

_EXAMPLES = """examples:
  kubectl tally trigger sync-products
  kubectl tally trigger sync-products --input '{"since": "2026-01-01"}' --logs
  kubectl tally trigger migrate --wait && kubectl tally resume --all

A run by hand does not count, whatever numberOfExecutions says, and starts at once, also while the
schedule rests or another run goes on. --logs waits too. Ctrl-C stops waiting, not the run.
What it waits for, such as an image that cannot be pulled, goes to the standard error.

exit codes: without --wait 0 when the run was started; with it the run's own (0 done, 1 the job raised,
143 stopped, for example by timeoutSeconds); 2 it could not be started, or its job not be loaded"""
_FAILED = 1


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "trigger", "Start a run by hand, which does not count.", _EXAMPLES)
    parser.add_argument("name", metavar="NAME", help="the ScheduledJob")
    parser.add_argument("--input", metavar="JSON", help="what the job gets as its input (default: spec.input)")
    parser.add_argument("--wait", action="store_true", help="wait for its end, and exit with its code")
    parser.add_argument("--logs", action="store_true", help="show its logs meanwhile; waits for its end too")
    add_output(parser, ("name",))
    add_cluster_options(parser)
    parser.set_defaults(command=_trigger)


def _trigger(options: argparse.Namespace) -> int:
    from tally.kubectl import reading, runs, words
    from tally.kubectl.resources import JOBS

    given = None if options.input is None else _checked(options.input)
    cluster = connected(options)
    scheduled_job = reading.one(cluster, options.name)
    body = cluster.create(JOBS, scheduled_job.namespace, manual_job(cluster, scheduled_job, given))
    run = runs.run(body)
    waits = options.wait or options.logs
    said = f"job.batch/{run.job}" if options.output == "name" else words.triggered(run, scheduled_job)
    print(said, file=sys.stderr if options.logs else sys.stdout, flush=True)
    return _attended(cluster, scheduled_job, run.job, logs=options.logs) if waits else 0


def _checked(text: str) -> str:
    from tally.errors import InputError

    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f'--input is no JSON: {error}. Write for example \'{{"since": "2026-01-01"}}\'.') from error
    return text


def manual_job(cluster: "Cluster", scheduled_job: "ScheduledJob", given: str | None) -> "Json":
    """Give the Job of a run by hand, made of the CronJob, or of a Job that is left where there is none any more.

    Args:
        cluster: Where they are.
        scheduled_job: Which one is to run.
        given: JSON that it gets instead of its input; None leaves that as it is.

    Raises:
        ClusterError: There is neither.
    """
    from tally import names
    from tally.kubectl import manual
    from tally.kubectl.errors import ClusterError, NotFoundError
    from tally.kubectl.resources import CRONJOBS, JOBS

    try:
        cronjob = cluster.get(CRONJOBS, scheduled_job.namespace, scheduled_job.job)
        if (cronjob["metadata"].get("labels") or {}).get(names.LABEL_OWNER) == scheduled_job.uid:
            return manual.from_cronjob(scheduled_job, cronjob, given)
    except NotFoundError:
        pass
    selector = f"{names.LABEL_OWNER}={scheduled_job.uid}"
    jobs, _ = cluster.list(JOBS, scheduled_job.namespace, labelSelector=selector)
    if not jobs:
        raise ClusterError(
            f"{scheduled_job.name} has no CronJob and no Job from which a run could be made. "
            f"See why: kubectl tally status {scheduled_job.name} -n {scheduled_job.namespace}"
        )
    return manual.from_job(scheduled_job, max(jobs, key=lambda job: job["metadata"]["creationTimestamp"]), given)


def _attended(cluster: "Cluster", scheduled_job: "ScheduledJob", job: str, *, logs: bool) -> int:
    from tally.kubectl import screens
    from tally.kubectl.attending import attend
    from tally.kubectl.loglines import shown
    from tally.kubectl.plain import aside

    try:
        with shown() as write:
            run = attend(cluster, scheduled_job.namespace, job, say=aside, write=write if logs else None)
    except KeyboardInterrupt:
        aside(f"No longer waiting; the run goes on: kubectl tally logs {scheduled_job.name} -f")
        raise
    aside(f"The run {screens.ended(run)}.")
    return _code(run)


def _code(run: "Run") -> int:
    if run.outcome == "succeeded":
        return 0
    return run.exit_code or _FAILED
