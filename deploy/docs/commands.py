"""The page of the command line, from the parsers of `tally` themselves: what `--help` says, as tables."""

import argparse
from collections.abc import Iterator

from tally import cli

from deploy.docs.pages import table

_HEAD = """<!-- Made of the parsers in runner/tally/commands by `make docs`. -->
# The command line

What a job's author types, and what the entry point of the runner's image is. `tally COMMAND --help` says the same.
"""


def page() -> str:
    """Write the page."""
    parser = cli.parser()
    commands = dict(_commands(parser))
    rows = [(f"[`tally {name}`](#tally-{name})", str(each.description)) for name, each in commands.items()]
    sections = [_section(name, each) for name, each in commands.items()]
    return "".join([_HEAD, "\n" + table(("command", "does"), rows), *sections])


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:  # argparse tells of its arguments in no other way
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _section(name: str, parser: argparse.ArgumentParser) -> str:
    arguments = [each for each in parser._actions if not isinstance(each, argparse._HelpAction)]
    usage = " ".join(["tally", name, *(_in_usage(each) for each in arguments)])
    rows = [(f"`{_spelt(each)}`", _explained(each)) for each in arguments]
    return "\n".join(
        [
            f"\n## tally {name}\n",
            f"{parser.description}\n",
            f"```text\n{usage}\n```\n",
            table(("argument", "is"), rows) if rows else "",
            f"```text\n{str(parser.epilog).rstrip()}\n```\n",
        ]
    )


def _in_usage(action: argparse.Action) -> str:
    spelt = _spelt(action)
    return spelt if not action.option_strings and action.nargs not in ("*", "?") else f"[{spelt}]"


def _spelt(action: argparse.Action) -> str:
    """Write an argument as it is typed; one that may be repeated ends in dots."""
    value = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
    if action.nargs == "*":
        value += " ..."
    if not action.option_strings:
        return value
    if action.nargs == "?":
        value = f"[{value}]"
    return f"{', '.join(action.option_strings)} {value}".rstrip()


def _explained(action: argparse.Action) -> str:
    return str(action.help).replace("*", "\\*")
