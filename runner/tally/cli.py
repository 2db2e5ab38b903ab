"""The command `tally`: what a job's author and the runner's image call."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from tally.errors import LoadError, TallyError

_EXIT_CODES = (
    "exit codes: 0 done, 1 the job raised, 2 the job could not be loaded, 143 stopped by SIGTERM, 130 by Ctrl-C"
)
_LIST_EXAMPLES = """examples:
  tally list
  tally list --jobs services/shop/jobs"""
_CHECK_EXAMPLES = """examples:
  tally check                     before a commit, or as a step of the image's build
  tally check --jobs services/shop/jobs

exit codes: 0 all jobs are sound, 1 at least one is not"""
_RUN_EXAMPLES = f"""examples:
  tally run sync-products
  tally run sync-products --input '{{"since": "2026-01-01"}}'
  TALLY_LOG_FORMAT=json tally run sync-products | jq .message

{_EXIT_CODES}"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the command's name; None takes the process's own.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(arguments)
    _settle_streams()
    try:
        return cast("int", options.command(options))
    except TallyError as error:
        print(f"tally: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    from tally import runner  # brings asyncio, which the other commands do not need

    return runner.run(options.name, folder=options.jobs, input_text=options.input, environ=os.environ)


def _list(options: argparse.Namespace) -> int:
    from tally import loader

    jobs, errors = loader.load_all(options.jobs)
    rows = [("NAME", "SCHEDULE", "EXECUTIONS", "ZONE", "SUMMARY")]
    for job in jobs:
        limit = str(job.config.number_of_executions or "unlimited")
        rows.append((job.name, job.config.schedule, limit, job.config.time_zone, job.summary))
    _print_table(rows)
    return _print_errors(errors)


def _check(options: argparse.Namespace) -> int:
    from tally import loader
    from tally.container import Container

    jobs, errors = loader.load_all(options.jobs)
    for job in jobs:
        print(f"ok  {job.name}  ({job.path})")
    try:
        loader.register_services(options.jobs, Container())
    except LoadError as error:
        errors.append(error)
    if not jobs and not errors:
        print(f"No jobs in {options.jobs}.")
    return _print_errors(errors)


def _print_errors(errors: Sequence[Exception]) -> int:
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    return 1 if errors else 0


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        print("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tally",
        description="Runs scheduled jobs: one Python file is one job.",
        epilog="Each command tells more: tally run --help",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    run = _command(commands, "run", "Execute a job once, now, as a pod of its schedule does.", _RUN_EXAMPLES)
    run.add_argument("name", metavar="NAME", help="the job's name, such as sync-products")
    run.add_argument("--input", metavar="JSON", help="what the job gets as its input; wins over TALLY_INPUT")
    run.set_defaults(command=_run)
    _command(commands, "list", "Show the jobs and their schedules.", _LIST_EXAMPLES).set_defaults(command=_list)
    check = _command(commands, "check", "Check every job without running any, and say what is wrong.", _CHECK_EXAMPLES)
    check.set_defaults(command=_check)
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str, examples: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--jobs",
        metavar="FOLDER",
        type=Path,
        default=Path(os.environ.get("TALLY_JOBS") or "jobs"),
        help="where the job files are (default: the variable TALLY_JOBS, else jobs)",
    )
    return parser


def _settle_streams() -> None:
    """Print line by line also into a pipe, and never fail on a character that the terminal lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a test may have put something simpler there
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
