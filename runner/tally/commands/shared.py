"""What several commands have in common: the form of their help, the option --jobs, and how they print."""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tally.errors import LoadError, TallyError
    from tally.loader import Job

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_command(commands: "Commands", name: str, summary: str, examples: str) -> argparse.ArgumentParser:
    """Register a command.

    Args:
        commands: Where the command line keeps its commands.
        name: What is typed after `tally`.
        summary: One sentence for `tally --help`, which also opens the command's own help.
        examples: What stands at the end of the command's help, as it is: examples, exit codes.
    """
    return commands.add_parser(
        name,
        help=summary,
        description=summary,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_jobs_option(parser: argparse.ArgumentParser) -> None:
    """Let the command take `--jobs FOLDER`: a path in `options.jobs`."""
    parser.add_argument(
        "--jobs",
        metavar="FOLDER",
        type=Path,
        default=Path(os.environ.get("TALLY_JOBS") or "jobs"),
        help="where the job files are (default: the variable TALLY_JOBS, else jobs)",
    )


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Let the command take `--json`: a bool in `options.json`."""
    parser.add_argument("--json", action="store_true", help="print JSON for a program instead")


def load_jobs(folder: Path, names: Sequence[str] = ()) -> "tuple[list[Job], list[TallyError]]":
    """Import and check jobs; what one prints meanwhile goes to the standard error, as it is no output of a command.

    Args:
        folder: The jobs folder.
        names: Which ones; none means all.

    Returns:
        The sound jobs by name, and what is wrong with the others.

    Raises:
        LoadError: There is no such folder.
    """
    from tally.errors import LoadError, TallyError
    from tally.timezones import zone_of

    sound: list[Job] = []
    with contextlib.redirect_stdout(sys.stderr):
        found, failures = _found(folder, names)
    errors: list[TallyError] = [*failures]
    for job in found:
        try:
            zone_of(job.config.time_zone)
            sound.append(job)
        except TallyError as error:
            errors.append(LoadError(f"{job.path}: {error}"))
    return sound, errors


def _found(folder: Path, names: Sequence[str]) -> "tuple[list[Job], list[LoadError]]":
    from tally import loader
    from tally.errors import LoadError

    if not names:
        return loader.load_all(folder)
    loader.names(folder)  # a missing folder is told once, not of each job
    jobs: list[Job] = []
    errors: list[LoadError] = []
    for name in sorted(set(names)):
        try:
            jobs.append(loader.load(folder, name))
        except LoadError as error:
            errors.append(error)
    return jobs, errors


def missing_extra(library: str, command: str) -> "TallyError":
    """Make the error of a command whose library is not installed, as in the runner's image."""
    from tally.errors import TallyError

    return TallyError(f"{command} needs {library}. Install it: pip install 'tally[dev]'.")


def print_json(value: object) -> None:
    """Print a value for a program; keys stay in their order."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(rows: Iterable[Sequence[str]]) -> None:
    """Print rows, the first one the headings, in aligned columns."""
    rows = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        print("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_errors(errors: Iterable[Exception]) -> int:
    """Print what is wrong, a line each, to the standard error.

    Returns:
        The exit code: 1 where there is any, else 0.
    """
    code = 0
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
        code = 1
    return code
