"""`tally check`: says what is wrong with the jobs of a folder, and what will surprise, without running any."""

import argparse
import contextlib
import sys
from typing import TYPE_CHECKING

from tally.commands.shared import add_command, add_jobs_option, add_json_option, load_jobs, print_errors, print_json

if TYPE_CHECKING:
    from tally.commands.shared import Commands

_EXAMPLES = """examples:
  tally check                     before a commit, or as a step of the image's build
  tally check --jobs services/shop/jobs
  tally check --json

--json prints {"jobs": [{"name", "path", "warnings": [...]}], "errors": [...]}: texts for people.
A warning is something that is allowed and will surprise: a schedule that never fires, a time that a
change of the clock skips or repeats, a single execution that is far away.

exit codes: 0 all jobs are sound, 1 at least one is not, 2 there is no such folder"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "check", "Check every job without running any, and say what is wrong.", _EXAMPLES)
    add_jobs_option(parser)
    add_json_option(parser)
    parser.set_defaults(command=_check)


def _check(options: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from tally import loader
    from tally.container import Container
    from tally.errors import LoadError
    from tally.surprises import surprises
    from tally.timezones import zone_of

    jobs, errors = load_jobs(options.jobs)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            loader.register_services(options.jobs, Container())
    except LoadError as error:
        errors.append(error)
    now = datetime.now(UTC)
    warnings = {job.name: surprises(job.config, zone_of(job.config.time_zone), now) for job in jobs}
    if options.json:
        told = [{"name": job.name, "path": str(job.path), "warnings": warnings[job.name]} for job in jobs]
        print_json({"jobs": told, "errors": [str(error) for error in errors]})
        return print_errors(errors)
    for job in jobs:
        print(f"ok  {job.name}  ({job.path})")
        for warning in warnings[job.name]:
            print(f"warning: {job.path}: {warning}", file=sys.stderr)
    if not jobs and not errors:
        print(f"No jobs in {options.jobs}.")
    return print_errors(errors)
