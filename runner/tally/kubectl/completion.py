"""`kubectl_complete-tally`: what kubectl itself calls to complete the words of `kubectl tally`.

Kubectl gives the words typed so far, the last one unfinished, and reads a proposal a line; a last line `:4` keeps the
shell from proposing files, as cobra has it. It is found on the PATH beside `kubectl-tally`.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from tally.errors import TallyError
from tally.kubectl import main as command_line
from tally.kubectl.options import add_cluster_options, connected

if TYPE_CHECKING:
    from tally.kubectl.cluster import Cluster
    from tally.kubectl.resources import Json

_NO_FILES = ":4"
_FILES = ":0"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what may stand in place of the last word; nothing where nothing can be said.

    Args:
        arguments: The words after `kubectl tally`, the last one unfinished; None takes the process's own.

    Returns:
        The exit code, always 0.
    """
    words = list(sys.argv[1:] if arguments is None else arguments) or [""]
    proposals, directive = propose(words)
    print("\n".join([*proposals, directive]))
    return 0


def propose(words: Sequence[str]) -> tuple[list[str], str]:
    """Find what may stand in place of the last word.

    Args:
        words: As of `main`.

    Returns:
        The proposals, and whether the shell may propose files.
    """
    *before, last = words
    parser, rest = _parser_of(before)
    option = _option_before(parser, before)
    if option is not None:
        return _beginning(last, _values(option, before[:-1])), _FILES if option.metavar == "FILE" else _NO_FILES
    if last.startswith("-"):
        return _beginning(last, (each for action in parser._actions for each in action.option_strings)), _NO_FILES
    commands = _commands(parser)
    if commands is not None:
        told = (f"{choice.dest}\t{choice.help}" for choice in commands._choices_actions)
        return _beginning(last, told), _NO_FILES
    takes_name = any(action.metavar == "NAME" and not action.option_strings for action in parser._actions)
    given = {word for word in rest if not word.startswith("-")}
    return (_beginning(last, set(_names(before)) - given) if takes_name else []), _NO_FILES


def _parser_of(before: Sequence[str]) -> tuple[argparse.ArgumentParser, Sequence[str]]:
    """Find the parser of the command that stands in the line, and what follows it."""
    parser = command_line.parser()
    commands = _commands(parser)
    for index, word in enumerate(before):
        if commands is not None and word in commands.choices and _option_before(parser, before[:index]) is None:
            return commands.choices[word], before[index + 1 :]
    return parser, before


def _commands(parser: argparse.ArgumentParser) -> "argparse._SubParsersAction[argparse.ArgumentParser] | None":
    return next((each for each in parser._actions if isinstance(each, argparse._SubParsersAction)), None)


def _option_before(parser: argparse.ArgumentParser, before: Sequence[str]) -> argparse.Action | None:
    """Give the option whose value the last word is."""
    if not before:
        return None
    action = parser._option_string_actions.get(before[-1])
    return action if action is not None and action.nargs != 0 else None


def _values(option: argparse.Action, before: Sequence[str]) -> list[str]:
    if option.choices is not None:
        return [str(each) for each in option.choices]
    if option.dest == "context":
        return _contexts(before)
    return _namespaces(before) if option.dest == "namespace" else []


def _beginning(last: str, proposals: Iterable[str]) -> list[str]:
    return sorted(each for each in proposals if each.startswith(last))


def _names(before: Sequence[str]) -> list[str]:
    from tally.kubectl.resources import SCHEDULED_JOBS

    return _asked(before, lambda cluster: cluster.list(SCHEDULED_JOBS, cluster.namespace)[0])


def _namespaces(before: Sequence[str]) -> list[str]:
    from tally.kubectl.resources import NAMESPACES

    return _asked(before, lambda cluster: cluster.list(NAMESPACES, None)[0])


def _asked(before: Sequence[str], ask: "Callable[[Cluster], list[Json]]") -> list[str]:
    """Ask the cluster that the line names; without an answer there is nothing to propose."""
    options, _ = _cluster_options().parse_known_args(before)
    with suppress(TallyError, ImportError):
        return [str(each["metadata"]["name"]) for each in ask(connected(options))]
    return []


def _contexts(before: Sequence[str]) -> list[str]:
    from tally.kubectl.cluster import contexts

    options, _ = _cluster_options().parse_known_args(before)
    with suppress(TallyError):
        return [str(each["name"]) for each in contexts(options.kubeconfig)[0]]
    return []


def _cluster_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    add_cluster_options(parser, default=None)
    return parser
