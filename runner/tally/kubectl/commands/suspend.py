"""`kubectl tally suspend`: lets schedules rest."""

import argparse
from typing import TYPE_CHECKING

from tally.commands.shared import add_command
from tally.kubectl.switching import add_choice, switch

if TYPE_CHECKING:
    from tally.commands.shared import Commands

_EXAMPLES = """examples:
  kubectl tally suspend sync-products
  kubectl tally suspend -l team=shop
  kubectl tally suspend --all -n shop

It sets spec.suspend. A run that goes on is not stopped; the count stays. Who keeps the ScheduledJob
in a repository sets it there too, or the next apply undoes it.

exit codes: 0 done, 2 at least one could not be suspended"""


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "suspend", "Let schedules rest.", _EXAMPLES)
    add_choice(parser)
    parser.set_defaults(command=_suspend)


def _suspend(options: argparse.Namespace) -> int:
    return switch(options, suspend=True)
