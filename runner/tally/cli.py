"""The command `tally`: what a job's author and the runner's image call. Each command is a module in `commands/`."""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import cast

from tally import __version__
from tally.errors import TallyError

COMMANDS = ("list", "check", "run", "dev", "next", "new", "manifests", "completion")  # as `tally --help` tells of them
_BROKEN_PIPE = 128 + 13  # as a program that SIGPIPE ended
_INTERRUPTED = 128 + 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the command's name; None takes the process's own.

    Returns:
        The exit code.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    _settle_streams()
    try:
        options = _parser_for(given).parse_args(given)
        return cast("int", options.command(options))
    except TallyError as error:
        print(f"tally: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # `tally list | head -1`
        return _BROKEN_PIPE
    finally:
        _close_broken_pipes()


def parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """Build the command line.

    Args:
        names: The commands that it has; only their modules are imported.
    """
    parser = argparse.ArgumentParser(
        prog="tally",
        description="Runs scheduled jobs: one Python file is one job.",
        epilog="Each command tells more: tally run --help",
    )
    parser.add_argument("--version", action="version", version=f"tally {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in names:
        importlib.import_module(f"tally.commands.{name}").add(commands)
    return parser


def _parser_for(arguments: Sequence[str]) -> argparse.ArgumentParser:
    # A pod of `tally run` does not wait for the modules of the other commands.
    if arguments and arguments[0] in COMMANDS:
        return parser(arguments[:1])
    return parser()


def _settle_streams() -> None:
    """Print line by line also into a pipe, and never fail on a character that the terminal lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a test may have put something simpler there
            stream.reconfigure(line_buffering=True, errors="backslashreplace")


def _close_broken_pipes() -> None:
    """Write out what is buffered; where nobody reads any more, Python must not complain about it at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
