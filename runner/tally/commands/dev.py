"""`tally dev`: runs all jobs on their schedules on this machine, without a cluster."""

import argparse
import os
from typing import TYPE_CHECKING

from tally.commands.shared import add_command, add_jobs_option

if TYPE_CHECKING:
    from tally.commands.shared import Commands

_ALL = ""
_MORE = """what it does:
  Each job runs at its scheduled times, at most number_of_executions times, ever. The counts survive
  a restart: they are in .tally/ beside the jobs folder. An execution is a process `tally run NAME`,
  as it is a pod in a cluster.
  Nothing runs at once: starting, saving a file and changing a schedule start no time that has
  passed. A machine that slept misses what was due meanwhile; a run begins at most 60 seconds late,
  or starting_deadline_seconds if the job has them. A saved file is read again; a broken one rests
  until it is mended, and the others go on.
  Ctrl-C (or SIGTERM) stops: runs get 30 seconds to undo what they began. A second Ctrl-C ends them
  at once.

examples:
  tally dev
  tally dev --jobs services/shop/jobs
  tally dev --reset limited-test     count this job from 0 again, and go on
  tally dev --reset                  all jobs
  tally dev | tee dev.log            lines only, without the table
  tally run limited-test             in another terminal: a run by hand, which does not count

exit codes: 0 stopped, 1 stopped and a run had to be killed, 2 it could not start or keep the counts"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "dev", "Run all jobs on their schedules on this machine, without a cluster.", _MORE)
    add_jobs_option(parser)
    parser.add_argument(
        "--reset",
        metavar="NAME",
        nargs="?",
        const=_ALL,
        help="forget the count of the job, or of all, before it starts",
    )
    parser.set_defaults(command=_dev)


def _dev(options: argparse.Namespace) -> int:
    from tally.dev import main  # brings asyncio, which the command line itself does not need

    return main.run(options.jobs, os.environ, resets=options.reset is not None, reset=options.reset or None)
