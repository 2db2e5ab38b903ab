"""`tally completion`: prints what lets a shell complete commands, options and the names of jobs."""

import argparse
from typing import TYPE_CHECKING

from tally.commands.shared import add_command, add_jobs_option, missing_extra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tally.commands.shared import Commands

_EXAMPLES = """examples:
  eval "$(tally completion bash)"                          in ~/.bashrc
  eval "$(tally completion zsh)"                           in ~/.zshrc, after compinit
  tally completion jobs                                    the names that a shell completes

Names of jobs are those of the files in --jobs FOLDER of the line, else in TALLY_JOBS, else in jobs;
no job is imported for them.
Needs shtab: pip install 'tally[dev]'"""
_TAKE_NO_JOB = ("new",)  # its NAME is of a job that is not there yet
_JOB_NAMES = {"bash": "_tally_jobs", "zsh": "_tally_jobs"}
# The words of the line are looked through for the folder.
_PREAMBLE = {
    "bash": """
_tally_jobs() {
  local index folder=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case ${COMP_WORDS[index]} in
      --jobs) folder=(--jobs "${COMP_WORDS[index + 1]}") ;;
    esac
  done
  compgen -W "$(tally completion jobs "${folder[@]}" 2>/dev/null)" -- "$1"
}
""",
    "zsh": """
_tally_jobs() {
  local -a names folder
  local index=${words[(i)--jobs]}
  (( index < CURRENT )) && folder=(--jobs ${words[index + 1]})
  names=(${(f)"$(tally completion jobs $folder 2>/dev/null)"})
  compadd -a names
}
""",
}


def add(commands: "Commands") -> None:
    """Register the command."""
    parser = add_command(commands, "completion", "Print what lets your shell complete commands and jobs.", _EXAMPLES)
    parser.add_argument("what", metavar="bash|zsh|jobs", choices=("bash", "zsh", "jobs"), help="for which shell")
    add_jobs_option(parser)
    parser.set_defaults(command=_completion)


def _completion(options: argparse.Namespace) -> int:
    if options.what == "jobs":
        from tally import loader

        print("\n".join(loader.names(options.jobs)))
    else:
        print(_script(options.what))
    return 0


def _script(shell: str) -> str:
    from tally import cli

    try:
        import shtab
    except ImportError:
        raise missing_extra("shtab", "tally completion") from None
    parser = cli.parser()
    for command, action in _arguments(parser):
        if action.dest == "jobs":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif "NAME" in str(action.metavar).split("|") and not action.option_strings and command not in _TAKE_NO_JOB:
            action.complete = _JOB_NAMES  # type: ignore[attr-defined]
    script: str = shtab.complete(parser, shell=shell, preamble=_PREAMBLE[shell])
    return script


def _arguments(parser: argparse.ArgumentParser) -> "Iterator[tuple[str, argparse.Action]]":
    for each in parser._actions:
        if isinstance(each, argparse._SubParsersAction):
            for command, subparser in each.choices.items():
                for action in subparser._actions:
                    yield command, action
