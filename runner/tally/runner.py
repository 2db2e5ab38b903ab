"""One execution, from the environment to the exit code: what `tally run NAME` does in a pod.

Whatever happens, three things are said: a log line, the termination message and the exit code: 0, or 1 when the job
raised, 2 when it could not be loaded, 143 on SIGTERM (130 on Ctrl-C).
"""

import asyncio
import inspect
import logging
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from tally import loader, logs, outcome
from tally.container import Container
from tally.errors import ServiceError, TallyError
from tally.execution import Execution, complete, identify
from tally.jsontext import simplified, text_of
from tally.loader import Job
from tally.outcome import Kind, Outcome
from tally.stop import Stop, leave

_DEFAULT_TERMINATION_LOG = Path("/dev/termination-log")
_log = logging.getLogger("tally")


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a call of a job ended: it returned `result`, or raised `error`."""

    result: Any = None
    error: BaseException | None = None


class Report:
    """The outcome of this process, in the making.

    Args:
        path: The termination log; None writes none.
    """

    def __init__(self, path: Path | None) -> None:
        self.attempt = 1
        self.failure: OSError | None = None
        self._path = path
        self._start_time = datetime.now(UTC)
        self._started = time.monotonic()

    def write(self, kind: Kind, exit_code: int, message: str | None = None, result: object = None) -> Outcome:
        """Write the outcome as it stands now, over what was written before.

        Args:
            kind: How it ended.
            exit_code: What the process will exit with.
            message: One line that says what went wrong.
            result: What the job returned.
        """
        ended = Outcome(
            kind=kind,
            exit_code=exit_code,
            start_time=self._start_time,
            completion_time=datetime.now(UTC),
            duration_seconds=time.monotonic() - self._started,
            attempt=self.attempt,
            message=message,
            result=result,
        )
        try:
            outcome.write(ended, self._path)
        except OSError as error:
            self.failure = error  # said later: a signal may have come in the middle of another log line
        return ended

    def write_stopped(self, signum: int) -> None:
        """Write, as soon as a signal comes, what holds if the job does not stop in time."""
        name = signal.Signals(signum).name
        self.write("terminated", 128 + signum, f"stopped by {name}; the job had not ended when this was written")


def run(name: str, *, folder: Path, input_text: str | None, environ: Mapping[str, str]) -> int:
    """Execute a job once.

    Args:
        name: The job's name.
        folder: The jobs folder.
        input_text: JSON for the job that wins over TALLY_INPUT; None for none.
        environ: The process's environment; what the operator writes into it starts with TALLY_.

    Returns:
        The exit code. After a signal the process ends here and nothing is returned.
    """
    report = Report(termination_log(environ))
    stop = Stop(report.write_stopped)
    stop.listen()
    try:
        execution = _identified(name, environ)
        report.attempt = execution.attempt
        job = loader.load(folder, name)
        execution = complete(execution, job.config, environ, input_text)
        container = _container_for(execution, folder)
    except TallyError as error:
        with stop.deferred():
            exit_code = _refuse(name, error, report)
            stop.settle(exit_code)
            return exit_code
    return _run_loaded(job, execution, container, report, stop)


def termination_log(environ: Mapping[str, str]) -> Path | None:
    """Find the file that becomes the pod's termination message.

    Args:
        environ: TALLY_TERMINATION_LOG names it, empty for none; absent, Kubernetes' own is taken where there is one.
    """
    named = environ.get("TALLY_TERMINATION_LOG")
    if named is not None:
        return Path(named) if named else None
    return _DEFAULT_TERMINATION_LOG if os.access(_DEFAULT_TERMINATION_LOG, os.W_OK) else None


async def call(job: Job, execution: Execution, container: Container, stop: Stop) -> Ending:
    """Call the job; from its first step on, a signal cancels it instead of ending the process.

    Args:
        job: What to call; a plain function gets a thread.
        execution: What the job is told about this run, if it wants to know.
        container: Its services.
        stop: Cancels the job when a signal comes.
    """
    stop.attach(cast("asyncio.Task[object]", asyncio.current_task()))
    arguments = (container, execution) if job.takes_execution else (container,)
    try:
        if inspect.iscoroutinefunction(job.run):
            return Ending(result=await job.run(*arguments))
        ending = await asyncio.to_thread(_call_plain, job, arguments)
        # A decorator may have hidden a coroutine function.
        return Ending(result=await ending.result) if inspect.isawaitable(ending.result) else ending
    except BaseException as error:  # noqa: BLE001 (SystemExit would tear the loop down before anything is closed)
        return _ended_by(error)


async def finish(ending: Ending, container: Container) -> Ending:
    """Close what the job has opened, after it has ended in any way.

    Args:
        ending: How it ended; the services see its error.
        container: Its services.

    Returns:
        How it ended after all: a service that cannot be closed fails a job that had succeeded, as its work may not be
        saved.
    """
    await _cancel_leftovers()
    try:
        await container.aclose(ending.error)
    except ServiceError as error:
        return ending if ending.error else Ending(error=error)
    return ending


def describe(error: BaseException) -> str:
    """Say an error in one line: its type, and the first line of its text; a group's first member with it.

    Args:
        error: What a job raised.
    """
    lines = text_of(error).strip().splitlines()
    line = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return f"{line}: {describe(error.exceptions[0])}" if isinstance(error, BaseExceptionGroup) else line


def _identified(name: str, environ: Mapping[str, str]) -> Execution:
    logs.configure(environ, {"job": name})
    execution = identify(name, environ, datetime.now(UTC))
    slot = execution.slot.strftime("%Y-%m-%dT%H:%M:%SZ") if execution.slot else None
    logs.configure(environ, {"job": name, "slot": slot, "attempt": execution.attempt})
    return execution


def _container_for(execution: Execution, folder: Path) -> Container:
    container = Container({"logger": logging.getLogger(f"job.{execution.name}"), "input": execution.input})
    loader.register_services(folder, container)
    return container


def _refuse(name: str, error: TallyError, report: Report) -> int:
    ended = report.write("unloadable", 2, str(error))
    _log.error("Scheduled job %s could not be loaded: %s", name, error, exc_info=error.__cause__)
    _say_unwritten(report)
    return ended.exit_code


def _run_loaded(job: Job, execution: Execution, container: Container, report: Report, stop: Stop) -> int:
    _log.info("Scheduled job %s started", job.name)
    with asyncio.Runner() as runner:
        # Two runs of one loop: a job that cancels all other tasks must not hit the one that closes its services.
        ending = runner.run(call(job, execution, container, stop))
        ending = runner.run(finish(ending, container))
        with stop.deferred():
            exit_code = _say_stopped(job, ending, report, stop) if stop.cancelled else _say(job, ending, report)
            _say_unwritten(report)
            stop.settle(exit_code)
        if stop.cancelled:
            # A thread that the job has started cannot be stopped; closing the loop would wait for it.
            leave(exit_code)
    return exit_code


def _say(job: Job, ending: Ending, report: Report) -> int:
    if ending.error is not None:
        message = describe(ending.error)
        ended = report.write("failed", 1, message)
        extra = {"duration_seconds": round(ended.duration_seconds, 3)}
        text = "Scheduled job %s failed with error: %s"
        _log.error(text, job.name, message, exc_info=_from_job(ending.error, job), extra=extra)
        return ended.exit_code
    result, changed = simplified(ending.result)
    if changed:
        text = "The result of %s is not what JSON can say: %s. Return numbers, text, lists, dicts."
        _log.warning(text, job.name, changed)
    ended = report.write("succeeded", 0, result=result)
    extra = {"duration_seconds": round(ended.duration_seconds, 3), "result": result}
    _log.info("Scheduled job %s completed in %s", job.name, _duration(ended.duration_seconds), extra=extra)
    return ended.exit_code


def _say_stopped(job: Job, ending: Ending, report: Report, stop: Stop) -> int:
    signum = stop.signum or signal.SIGTERM
    name = signal.Signals(signum).name
    error = None if isinstance(ending.error, asyncio.CancelledError) else ending.error
    message = f"stopped by {name}" + (f"; while stopping: {describe(error)}" if error else "")
    ended = report.write("terminated", 128 + signum, message)
    extra = {"duration_seconds": round(ended.duration_seconds, 3)}
    text = "Scheduled job %s was terminated after %s: %s"
    trace = _from_job(error, job) if error else None
    _log.warning(text, job.name, _duration(ended.duration_seconds), message, exc_info=trace, extra=extra)
    return ended.exit_code


def _call_plain(job: Job, arguments: tuple[object, ...]) -> Ending:
    try:
        return Ending(result=job.run(*arguments))
    except BaseException as error:  # noqa: BLE001 (a StopIteration would never leave the thread)
        return _ended_by(error)


def _ended_by(error: BaseException) -> Ending:
    """Take `sys.exit()` and `sys.exit(0)` for the success that they say."""
    return Ending() if isinstance(error, SystemExit) and error.code in (None, 0) else Ending(error=error)


def _say_unwritten(report: Report) -> None:
    if report.failure is not None:
        _log.warning("The termination message could not be written: %s", report.failure)


async def _cancel_leftovers() -> None:
    """Stop the tasks that the job started and did not await, before the services that they use are closed."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        _log.warning("The job ended with %d of its tasks still running; they are cancelled. Await them.", len(left))
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def _from_job(error: BaseException, job: Job) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    """Let the traceback begin in the job's own file: how the runner got there helps nobody."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != job.source:
        trace = trace.tb_next
    return type(error), error, trace or error.__traceback__


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
