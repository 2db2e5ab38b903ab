"""`tally run`: executes one job, here and now; the entry point of every pod."""

import argparse
import os
from typing import TYPE_CHECKING

from tally.commands.shared import add_command, add_jobs_option

if TYPE_CHECKING:
    from tally.commands.shared import Commands

_EXAMPLES = """examples:
  tally run sync-products
  tally run sync-products --input '{"since": "2026-01-01"}'
  TALLY_LOG_FORMAT=json tally run sync-products | jq .message

exit codes: 0 done, 1 the job raised, 2 the job could not be loaded, 143 stopped by SIGTERM,
130 stopped by Ctrl-C"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "run", "Execute a job once, now, as a pod of its schedule does.", _EXAMPLES)
    add_jobs_option(parser)
    parser.add_argument("name", metavar="NAME", help="the job's name, such as sync-products")
    parser.add_argument("--input", metavar="JSON", help="what the job gets as its input; wins over TALLY_INPUT")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from tally import runner  # brings asyncio, which the other commands do not need

    return runner.run(options.name, folder=options.jobs, input_text=options.input, environ=os.environ)
