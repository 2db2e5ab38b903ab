"""`tally list`: shows the jobs of a folder and their schedules."""

import argparse
from typing import TYPE_CHECKING

from tally.commands.shared import (
    add_command,
    add_jobs_option,
    add_json_option,
    load_jobs,
    print_errors,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from tally.commands.shared import Commands
    from tally.loader import Job

_EXAMPLES = """examples:
  tally list
  tally list --jobs services/shop/jobs
  tally list --json | jq --raw-output '.jobs[].name'

--json prints {"jobs": [...], "errors": [...]}; a job has name, schedule, time_zone,
number_of_executions (null: unlimited), summary and path; errors are texts for people.

exit codes: 0 done, 1 at least one job is not sound, 2 there is no such folder"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "list", "Show the jobs and their schedules.", _EXAMPLES)
    add_jobs_option(parser)
    add_json_option(parser)
    parser.set_defaults(command=_list)


def _list(options: argparse.Namespace) -> int:
    jobs, errors = load_jobs(options.jobs)
    if options.json:
        print_json({"jobs": [_plain(job) for job in jobs], "errors": [str(error) for error in errors]})
        return print_errors(errors)
    rows = [("NAME", "SCHEDULE", "EXECUTIONS", "ZONE", "SUMMARY")]
    for job in jobs:
        limit = str(job.config.number_of_executions or "unlimited")
        rows.append((job.name, job.config.schedule, limit, job.config.time_zone, job.summary))
    print_table(rows)
    return print_errors(errors)


def _plain(job: "Job") -> dict[str, object]:
    return {
        "name": job.name,
        "schedule": job.config.schedule,
        "time_zone": job.config.time_zone,
        "number_of_executions": job.config.number_of_executions,
        "summary": job.summary,
        "path": str(job.path),
    }
