"""`tally check`: says what is wrong with the jobs of a folder, without running any."""

import argparse
from typing import TYPE_CHECKING

from tally.commands.shared import add_command, add_jobs_option, print_errors

if TYPE_CHECKING:
    from tally.commands.shared import Commands

_EXAMPLES = """examples:
  tally check                     before a commit, or as a step of the image's build
  tally check --jobs services/shop/jobs

exit codes: 0 all jobs are sound, 1 at least one is not"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "check", "Check every job without running any, and say what is wrong.", _EXAMPLES)
    add_jobs_option(parser)
    parser.set_defaults(command=_check)


def _check(options: argparse.Namespace) -> int:
    from tally import loader
    from tally.container import Container
    from tally.errors import LoadError

    jobs, errors = loader.load_all(options.jobs)
    for job in jobs:
        print(f"ok  {job.name}  ({job.path})")
    try:
        loader.register_services(options.jobs, Container())
    except LoadError as error:
        errors.append(error)
    if not jobs and not errors:
        print(f"No jobs in {options.jobs}.")
    return print_errors(errors)
