"""`kubectl tally resume`: lets schedules go on, and says when they run next."""

import argparse
from typing import TYPE_CHECKING

from tally.commands.shared import add_command
from tally.kubectl.switching import add_choice, switch

if TYPE_CHECKING:
    from tally.commands.shared import Commands

_EXAMPLES = """examples:
  kubectl tally resume sync-products
  kubectl tally resume -l team=shop

Nothing runs at once: what was due meanwhile has passed, and the next run is the next scheduled time.

exit codes: 0 done, 2 at least one could not be resumed"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "resume", "Let schedules go on, and say when they run next.", _EXAMPLES)
    add_choice(parser)
    parser.set_defaults(command=_resume)


def _resume(options: argparse.Namespace) -> int:
    return switch(options, suspend=False)
