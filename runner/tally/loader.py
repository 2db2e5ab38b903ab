"""Finds job modules and checks them before anything runs: one file, one job, and both have the same name.

`jobs/sync_products.py` holds the job `sync-products`. A run imports that one file only (and `_services.py`), so a
broken neighbour does not stop it and a start stays fast. The folder is the package `jobs` to the files in it, wherever
it lies: `from jobs._shop import ...` and `from ._shop import ...` both work.
"""

import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from tally.config import JobConfig, check_name
from tally.container import Container
from tally.errors import ConfigError, LoadError

_PACKAGE = "jobs"
_SERVICES = "_services"
_NO_JOBS = ("_", "test_", ".")  # an editor's lock and backup files start with a dot
_RUN = "async def run(container):"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job that passed every check.

    Args:
        config: The job's own word about itself.
        run: What to call, with the container and, if it takes one, the execution.
        path: The file it came from.
        takes_execution: Whether `run` wants the execution too.
        summary: The first line of the module's docstring, or "".
    """

    config: JobConfig
    run: Callable[..., Any]
    path: Path
    takes_execution: bool
    summary: str

    @property
    def name(self) -> str:
        """The job's name."""
        return self.config.name

    @property
    def source(self) -> str:
        """The file as a traceback names it."""
        return _source_of(self.path)


def load(folder: Path, name: str) -> Job:
    """Import and check one job.

    Args:
        folder: The jobs folder.
        name: The job's name; it is checked before it touches a path.

    Raises:
        LoadError: There is no such job, or its file breaks a rule; the message says which and what to write instead.
    """
    try:
        check_name(name)
    except ConfigError as error:
        raise LoadError(str(error)) from None
    path = folder / _file_of(name)
    files = _files(folder)
    if path not in files:
        misnamed = [each for each in files if _name_of(each) == name]  # sync-products.py: say how to spell it
        if not misnamed:
            raise LoadError(_unknown(folder, name))
        path = misnamed[0]
    return _load_file(path)


def load_all(folder: Path) -> tuple[list[Job], list[LoadError]]:
    """Import and check every job of a folder, and say all that is wrong at once.

    Args:
        folder: The jobs folder.

    Returns:
        The sound jobs by name, and the errors of the others.

    Raises:
        LoadError: The folder itself is not there.
    """
    jobs: list[Job] = []
    errors: list[LoadError] = []
    for path in _files(folder):
        try:
            jobs.append(_load_file(path))
        except LoadError as error:
            errors.append(error)
    return jobs, errors


def names(folder: Path) -> list[str]:
    """Give the names of a folder's jobs, by their files, without importing any.

    Raises:
        LoadError: The folder is not there.
    """
    return [_name_of(path) for path in _files(folder)]


def register_services(folder: Path, container: Container) -> None:
    """Call `register(container)` of the folder's `_services.py`, if there is one.

    Raises:
        LoadError: The file cannot be imported, has no `register`, or its `register` raises.
    """
    path = folder / f"{_SERVICES}.py"
    if not path.is_file():
        return
    register = getattr(_imported(path), "register", None)
    if not callable(register):
        raise LoadError(f"{path} has no register. Write: def register(container): ...")
    try:
        register(container)
    except Exception as error:
        raise LoadError(f"{_place(path, error)}: register failed: {_described(error)}") from error


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise LoadError(f"There is no jobs folder {folder}. Name it by --jobs FOLDER or the variable TALLY_JOBS.")
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith(_NO_JOBS) and path.is_file())


def _file_of(name: str) -> str:
    return name.replace("-", "_") + ".py"


def _name_of(path: Path) -> str:
    return path.stem.replace("_", "-")


def _unknown(folder: Path, name: str) -> str:
    if _file_of(name).startswith(_NO_JOBS):
        return (
            f"No job can be named {name!r}: {_file_of(name)} is a test's file. Write another name, such as try-{name}."
        )
    known = ", ".join(names(folder)) or "none"
    return f"There is no job {name!r}: no file {folder / _file_of(name)}. Known jobs: {known}."


def _load_file(path: Path) -> Job:
    _check_file_name(path)
    module = _imported(path)
    config = _config_of(module, path)
    run = _run_of(module, path)
    summary = (module.__doc__ or "").strip().partition("\n")[0]
    return Job(config=config, run=run, path=path, takes_execution=_takes_execution(run, path), summary=summary)


def _check_file_name(path: Path) -> None:
    name = _name_of(path)
    try:
        check_name(name)
    except ConfigError as error:
        raise LoadError(f"{path} cannot hold a job, as the file gives it its name. {error}") from None
    if path.name != _file_of(name):
        raise LoadError(
            f"{path} must be {_file_of(name)}: a '-' in a name is a '_' in its file, and two files with one name "
            "would be two jobs with one name."
        )


def _config_of(module: ModuleType, path: Path) -> JobConfig:
    example = f'config = JobConfig(name="{_name_of(path)}", schedule="*/5 * * * *")'
    if not hasattr(module, "config"):
        raise LoadError(f"{path} has no config. Write: {example}")
    config = module.config
    if not isinstance(config, JobConfig):
        raise LoadError(f"{path}: config is no JobConfig but of type {type(config).__name__}. Write: {example}")
    if config.name != _name_of(path):
        raise LoadError(_misnamed(config, path))
    return config


def _misnamed(config: JobConfig, path: Path) -> str:
    owner = path.with_name(_file_of(config.name))
    if owner.is_file():
        return (
            f"Two jobs have the name {config.name!r}: {path} says it, and {owner} holds it. "
            f'Write name="{_name_of(path)}" in {path.name}.'
        )
    return (
        f"{path} says name={config.name!r}, but its file means {_name_of(path)!r}. "
        f'Write name="{_name_of(path)}", or rename the file to {owner.name}.'
    )


def _run_of(module: ModuleType, path: Path) -> Callable[..., Any]:
    run = getattr(module, "run", None)
    if run is None:
        raise LoadError(f"{path} has no run. Write: {_RUN} ...")
    if not callable(run):
        raise LoadError(f"{path}: run is no function but of type {type(run).__name__}. Write: {_RUN} ...")
    if inspect.isasyncgenfunction(run) or inspect.isgeneratorfunction(run):
        raise LoadError(f"{path}: run contains a yield, so calling it runs nothing. Return the result instead.")
    return cast("Callable[..., Any]", run)


def _takes_execution(run: Callable[..., Any], path: Path) -> bool:
    try:
        parameters = list(inspect.signature(run).parameters.values())
    except (TypeError, ValueError):  # some built-in callables do not tell
        parameters = []
    by_position = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    required = [each for each in parameters if each.default is each.empty and each.kind is not each.VAR_POSITIONAL]
    required = [each for each in required if each.kind is not each.VAR_KEYWORD]
    open_ended = any(each.kind is each.VAR_POSITIONAL for each in parameters)
    if len(required) > 2 or any(each not in by_position for each in required) or not (by_position or open_ended):
        raise LoadError(
            f"{path}: run cannot be called with the container. Write: {_RUN}, or run(container, execution)."
        )
    # A second parameter with a default and another name is the author's own: run(container, batch=100).
    return len(required) == 2 or any(each.name == "execution" for each in by_position[1:2])


def _imported(path: Path) -> ModuleType:
    _open_package(path.parent.resolve())
    try:
        return importlib.import_module(f"{_PACKAGE}.{path.stem}")
    except ConfigError as error:
        raise LoadError(f"{_place(path, error)}: {error}") from error
    except (Exception, SystemExit) as error:
        raise LoadError(f"{_place(path, error)}: the import failed: {_described(error)}") from error


def _open_package(folder: Path) -> None:
    """Let the folder be the package `jobs`; another folder's modules of that name are forgotten."""
    package = sys.modules.get(_PACKAGE)
    if package is not None and list(getattr(package, "__path__", [])) == [str(folder)]:
        return
    for name in [name for name in sys.modules if name == _PACKAGE or name.startswith(f"{_PACKAGE}.")]:
        del sys.modules[name]
    spec = ModuleSpec(_PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    sys.modules[_PACKAGE] = module_from_spec(spec)


def _source_of(path: Path) -> str:
    # Only the folder is resolved: in a mounted ConfigMap the file itself is a link, which Python does not follow.
    return str(path.parent.resolve() / path.name)


def _place(path: Path, error: BaseException) -> str:
    """Name the file, and the line in it that the error came from."""
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == _source_of(path) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _source_of(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path}, line {line}" if line else str(path)


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
