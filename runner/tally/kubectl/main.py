"""The command `kubectl tally`: each command is a module in `commands/`, as in `tally` itself."""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import cast

from tally import __version__
from tally.errors import TallyError
from tally.kubectl.options import add_cluster_options
from tally.kubectl.plain import aside

COMMANDS = ("status", "history", "logs", "trigger", "suspend", "resume", "forecast", "diff", "ui")
_BROKEN_PIPE = 128 + 13  # as a program that SIGPIPE ended
_INTERRUPTED = 128 + 2
_FRAMES = 25_000  # an object may be nested as deeply as the API server lets it, which is more than Python does
_LIBRARIES = ("aiohttp", "jinja2", "kubernetes", "rich", "yaml", "urllib3")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows `kubectl tally`; None takes the process's own.

    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a test may have put something simpler there
            stream.reconfigure(errors="backslashreplace")
    frames = sys.getrecursionlimit()
    sys.setrecursionlimit(_FRAMES)
    try:
        options = parser().parse_args(arguments)
        code = cast("int", options.command(options))
        sys.stdout.flush()
        return code
    except TallyError as error:
        aside(f"error: {error}")
        return 2
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in _LIBRARIES:
            raise
        aside(f"error: kubectl tally needs {error.name}. Install it: pip install 'tally[kubectl]'.")
        return 2
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # kubectl tally status | head -1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    finally:
        sys.setrecursionlimit(frames)


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    parser = argparse.ArgumentParser(
        prog="kubectl tally",
        description="Shows ScheduledJobs and what becomes of them, and lets you run, suspend and resume them.",
        epilog="Each command tells more: kubectl tally status --help",
    )
    parser.add_argument("--version", action="version", version=f"kubectl tally {__version__}")
    add_cluster_options(parser, default=None)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"tally.kubectl.commands.{name}").add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
