"""`tally dev`: runs all jobs on their schedules in this process, without a cluster."""

import argparse
from typing import TYPE_CHECKING

from tally.commands.shared import add_command, add_jobs_option

if TYPE_CHECKING:
    from tally.commands.shared import Commands

_EXAMPLES = """examples:
  tally dev"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "dev", "Run all jobs on their schedules in this process, no cluster.", _EXAMPLES)
    add_jobs_option(parser)
    parser.set_defaults(command=_dev)


def _dev(_options: argparse.Namespace) -> int:
    from tally.errors import TallyError

    raise TallyError("tally dev is not there yet.")
