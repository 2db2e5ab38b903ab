"""Follows a guide as a reader does: writes its files, types its commands, and compares what comes with what it shows.

- A fence after a line that ends in "`PATH`:" is the content of that file.
- In a fence `console`, a line that starts with `$ ` is typed, and the lines after it are the answer.
- An answer's `...` stands for anything. Times, ages, versions and namespaces count as equal, and so does any
  number of spaces.
- Where an answer ends in `^C`, what comes before it is waited for, and then Ctrl-C is pressed.
"""

import doctest
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_LINE = re.compile(r"`([^`]+)`:\n\n\Z")
_INTERRUPT = "^C\n"
_COMMAND_SECONDS = 180.0
# What differs from one run to the next, and what stands for it.
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\b\d\d:\d\d(:\d\d)?Z"), "TIME"),
    (re.compile(r"\b(\d+(\.\d+)? ?(ms|min|[smhd]))+(?=[\s.\"]|$)"), "DURATION"),
    (re.compile(r", DURATION late"), ""),  # a busy machine
    (re.compile(r"(?<=duration_seconds=)[\d.]+"), "DURATION"),
    (re.compile(r"\b\d+\.\d+\.\d+\b"), "VERSION"),
    (re.compile(r"(?<=from )\S+(?= namespace)"), "NAMESPACE"),
)


@dataclass(frozen=True)
class File:
    """A file that the guide has its reader write.

    Args:
        path: Where, from the folder that the reader is in.
        content: Its text.
    """

    path: str
    content: str


@dataclass(frozen=True)
class Command:
    """A command that the guide has its reader type.

    Args:
        text: The command.
        answer: What the guide shows as its output.
    """

    text: str
    answer: str

    @property
    def interrupted(self) -> bool:
        """Whether the reader presses Ctrl-C at the end."""
        return self.answer.endswith(_INTERRUPT)

    @property
    def shown(self) -> str:
        """What the command itself prints."""
        return self.answer.removesuffix(_INTERRUPT)


def steps(markdown: str) -> Iterator[File | Command]:
    """Read a guide's steps in their order.

    Raises:
        ValueError: A fence is neither commands nor a file's content, so nothing would try it.
    """
    for fence in _FENCE.finditer(markdown):
        language, body = fence.groups()
        if language == "console":
            yield from _commands(body)
        elif named := _FILE_LINE.search(markdown[: fence.start()]):
            yield File(named[1], body)
        else:
            raise ValueError(f"A fence {language!r} that no test can try: name its file in the line before:\n{body}")


def same(shown: str, got: str) -> bool:
    """Whether an answer is what the guide shows, but for what differs from run to run."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(_settled(shown), _settled(got), flags)


class Reader:
    """A shell at a folder, whose variables and place last from one command to the next.

    Args:
        folder: Where it starts.
        environ: Its first variables.
        fixed: Variables that no command of the guide may change.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], fixed: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = dict(environ)
        self._fixed = dict(fixed)
        self._state = folder / ".state"

    def follow(self, step: File | Command) -> None:
        """Do a step, and fail when a command fails or answers otherwise than the guide shows."""
        if isinstance(step, File):
            path = self._folder / step.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.content, encoding="utf-8")
            return
        code, got = self._type(step)
        assert code == 0, f"$ {step.text}\n{got}\nended with code {code}"
        assert same(step.shown, got), f"$ {step.text}\nanswers\n{got}\nbut the guide shows\n{step.shown}"

    def _type(self, command: Command) -> tuple[int, str]:
        script = f"set -o pipefail; {command.text}\ncode=$?; {{ pwd; env --null; }} > {self._state}; exit $code"
        process = subprocess.Popen(
            ["bash", "-c", script],
            cwd=self._folder,
            env=self._environ | self._fixed,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        limit = threading.Timer(_COMMAND_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
        limit.start()
        try:
            with process:
                got = _read(process, until=command.shown if command.interrupted else None)
        finally:
            limit.cancel()
        if command.interrupted:
            return 0, got  # with which code it ends is not what a guide is about
        if process.returncode == 0:
            place, _, variables = self._state.read_text(encoding="utf-8").partition("\n")
            self._folder = Path(place)
            self._environ = dict(each.split("=", 1) for each in variables.split("\0") if each)
        return process.returncode, got


def _read(process: "subprocess.Popen[str]", until: str | None) -> str:
    """Read all that a command prints, or press Ctrl-C as soon as it is what the guide shows."""
    assert process.stdout is not None
    got = ""
    for line in process.stdout:
        got += line
        if until is not None and same(until, got):
            os.killpg(process.pid, signal.SIGINT)
            process.communicate()
            break
    return got


def _commands(body: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        typed = 1
        while lines[typed - 1].endswith("\\\n"):
            typed += 1
        yield Command("".join(lines[:typed]).rstrip("\n"), "".join(lines[typed:]))


def _settled(text: str) -> str:
    for pattern, stands_for in _VARYING:
        text = pattern.sub(stands_for, text)
    return text
