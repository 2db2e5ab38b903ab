"""The pages of the command lines, from the parsers of `tally` and `kubectl tally`: what `--help` says, as tables."""

import argparse
from collections.abc import Iterator, Sequence

from tally import cli
from tally.kubectl import main as plugin

from deploy.docs.pages import table

_TALLY = """<!-- Made of the parsers in runner/tally/commands by `make docs`. -->
# The command line

What a job's author types, and what the entry point of the runner's image is. `tally COMMAND --help` says the same.
"""


_PLUGIN = """<!-- Made of the parsers in runner/tally/kubectl by `make docs`. -->
# kubectl tally: every option

What each command of the plugin takes; [kubectl tally](../kubectl-tally.md) shows what it answers.
`kubectl tally COMMAND --help` says the same.
"""


def page() -> str:
    """Write the page of `tally`."""
    return _page(_TALLY, cli.parser())


def plugin_page() -> str:
    """Write the page of `kubectl tally`."""
    return _page(_PLUGIN, plugin.parser())


def _page(head: str, parser: argparse.ArgumentParser) -> str:
    commands = dict(_commands(parser))
    names = [(f"{parser.prog} {name}", each) for name, each in commands.items()]
    rows = [(f"[`{name}`](#{name.replace(' ', '-')})", str(each.description)) for name, each in names]
    common = _arguments(parser)
    sections = [_section(name, each, {action.dest for action in common}) for name, each in names]
    return "".join([head, "\n" + table(("command", "does"), rows), _common(common), *sections])


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:  # argparse tells of its arguments in no other way
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    told_elsewhere = (argparse._HelpAction, argparse._VersionAction, argparse._SubParsersAction)
    return [each for each in parser._actions if not isinstance(each, told_elsewhere)]


def _common(options: Sequence[argparse.Action]) -> str:
    """Write the options that each command has, before its name or after it."""
    if not options:
        return ""
    return "\n".join(["\n## With each command\n", "Before the command's name, or after it.\n", _explanation(options)])


def _section(name: str, parser: argparse.ArgumentParser, common: set[str]) -> str:
    arguments = [each for each in _arguments(parser) if each.dest not in common]
    usage = " ".join([name, *(_in_usage(each) for each in arguments)])
    return "\n".join(
        [
            f"\n## {name}\n",
            f"{parser.description}\n",
            f"```text\n{usage}\n```\n",
            _explanation(arguments),
            f"```text\n{str(parser.epilog).rstrip()}\n```\n",
        ]
    )


def _explanation(arguments: Sequence[argparse.Action]) -> str:
    rows = [(f"`{_spelt(each)}`", _explained(each)) for each in arguments]
    return table(("argument", "is"), rows) if rows else ""


def _in_usage(action: argparse.Action) -> str:
    spelt = _spelt(action)
    return spelt if action.required and action.nargs != "*" else f"[{spelt}]"


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
