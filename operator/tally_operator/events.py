"""Which events tell people about a ScheduledJob: decided from how its status changes.

One execution costs three writes already: the count at its start, the outcome at its end, and the deletion of an older
Job. So an ordinary one has no event: the status shows it and the last ten, and Kubernetes posts events of its own on
the CronJob and the Job. An event is for what a person would want to be told: what has become of the spec, the first
success, a failure, the first success after one, a scheduled time that passed without a run.
"""

from collections.abc import Iterator

from tally_operator.model import RecentExecution, Status
from tally_operator.steps import Emit

_FINAL = ("succeeded", "failed")


def told(old: Status, new: Status) -> tuple[Emit, ...]:
    """Decide what to tell of a change of the status.

    Args:
        old: The status as it stands.
        new: The status that is written over it.

    Returns:
        The events, in the order in which things happened.
    """
    return (*_executions(old, new), *_missed(old, new), *_readiness(old, new))


def newly_ended(old: Status, new: Status) -> tuple[RecentExecution, ...]:
    """List the executions of which the new status is the first to know the outcome, oldest first.

    Args:
        old: The status as it stands.
        new: The status that is written over it.
    """
    before = {each.scheduled_time: each.outcome for each in old.recent_executions}
    ended = [each for each in new.recent_executions if each.outcome != "running"]
    return tuple(each for each in ended if before.get(each.scheduled_time) != each.outcome)


def failures_in_a_row(status: Status) -> int:
    """Count the newest executions that failed, up to the last success; of the last ten."""
    failures = 0
    for each in reversed(status.recent_executions):
        if each.outcome == "succeeded":
            break
        failures += each.outcome == "failed"
    return failures


def _executions(old: Status, new: Status) -> Iterator[Emit]:
    verdict = next((each.outcome for each in reversed(old.recent_executions) if each.outcome in _FINAL), None)
    for execution in newly_ended(old, new):
        if execution.outcome == "failed":
            yield Emit(type="Warning", reason="ExecutionFailed", message=_failure(execution, new))
        elif execution.outcome == "succeeded" and verdict == "failed":
            yield Emit(type="Normal", reason="ExecutionSucceeded", message="A run has succeeded again.")
        elif execution.outcome == "succeeded" and not old.succeeded and verdict is None:
            yield Emit(type="Normal", reason="ExecutionSucceeded", message="The first run has succeeded.")
        if execution.outcome in _FINAL:
            verdict = execution.outcome


def _failure(execution: RecentExecution, status: Status) -> str:
    """Say how it failed, without its time: a failure that repeats itself is the same event again."""
    last = status.last_execution
    if last is None or last.scheduled_time != execution.scheduled_time:
        return "A run has failed."
    code = f" with exit code {last.exit_code}" if last.exit_code is not None else ""
    return f"A run has failed{code}: {last.message}" if last.message else f"A run has failed{code}."


def _missed(old: Status, new: Status) -> Iterator[Emit]:
    passed = new.missed - old.missed
    if passed > 0:
        said = "A scheduled time has" if passed == 1 else f"{passed} scheduled times have"
        yield Emit(type="Warning", reason="MissedSchedule", message=f"{said} passed without a run.")


def _readiness(old: Status, new: Status) -> Iterator[Emit]:
    was, is_ = old.condition("Ready"), new.condition("Ready")
    if is_ is not None and (was is None or (was.reason, was.status) != (is_.reason, is_.status)):
        yield Emit(type="Normal" if is_.status == "True" else "Warning", reason=is_.reason, message=is_.message)
