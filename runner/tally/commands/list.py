"""`tally list`: shows the jobs of a folder and their schedules."""

import argparse
from typing import TYPE_CHECKING

from tally.commands.shared import add_command, add_jobs_option, print_errors, print_table

if TYPE_CHECKING:
    from tally.commands.shared import Commands

_EXAMPLES = """examples:
  tally list
  tally list --jobs services/shop/jobs"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "list", "Show the jobs and their schedules.", _EXAMPLES)
    add_jobs_option(parser)
    parser.set_defaults(command=_list)


def _list(options: argparse.Namespace) -> int:
    from tally import loader

    jobs, errors = loader.load_all(options.jobs)
    rows = [("NAME", "SCHEDULE", "EXECUTIONS", "ZONE", "SUMMARY")]
    for job in jobs:
        limit = str(job.config.number_of_executions or "unlimited")
        rows.append((job.name, job.config.schedule, limit, job.config.time_zone, job.summary))
    print_table(rows)
    return print_errors(errors)
