"""One execution as the job sees it, read from what the operator wrote into the pod's environment."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tally.config import JobConfig
from tally.errors import InputError

# A Job made by hand may end in digits too; a slot is of this product's lifetime, and not of the future. Its minutes
# since 1970 have eight digits until the year 2160.
_EARLIEST_SLOT = datetime(2020, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER_BY_AT_MOST = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Which run of a job this is.

    Args:
        name: The job's name.
        slot: The scheduled time that this run is for, in UTC, to the minute; None when somebody started it by hand.
            It stays the same when the execution is tried again, so it is the natural key for doing things once.
        attempt: 1 at the first try. Kubernetes does not tell a pod which retry it is, so it is more than 1 only
            where something sets TALLY_ATTEMPT.
        input: What the ScheduledJob, the command line or the job's own config hands over; {} when none does.
        limit: How many times the job runs on its schedule, ever; None is without a limit.
    """

    name: str
    slot: datetime | None = None
    attempt: int = 1
    input: Any = field(default_factory=dict)
    limit: int | None = None


def identify(name: str, environ: Mapping[str, str], now: datetime) -> Execution:
    """Tell which execution this process is, before anything of the job is loaded.

    Args:
        name: The job's name.
        environ: TALLY_JOB_NAME is the Kubernetes Job's name, TALLY_ATTEMPT the try, counted from 1.
        now: The present time, aware.

    Raises:
        InputError: TALLY_ATTEMPT is no whole number above 0.
    """
    attempt = _whole("TALLY_ATTEMPT", environ.get("TALLY_ATTEMPT", ""))
    return Execution(name=name, slot=slot_of(environ.get("TALLY_JOB_NAME", ""), name, now), attempt=attempt or 1)


def complete(execution: Execution, config: JobConfig, environ: Mapping[str, str], input_text: str | None) -> Execution:
    """Add what only the job's config can fill in: its input and its limit.

    Args:
        execution: As `identify` gave it.
        config: The job's own; its input and limit hold where nothing else is given, as in a run on a laptop.
        environ: TALLY_INPUT is JSON, empty for none; TALLY_LIMIT a whole number, empty for no limit.
        input_text: JSON from the command line, which wins over TALLY_INPUT; None for none.

    Raises:
        InputError: An input is no JSON, or TALLY_LIMIT no whole number above 0.
    """
    limit = config.number_of_executions
    if "TALLY_LIMIT" in environ:
        limit = _whole("TALLY_LIMIT", environ["TALLY_LIMIT"])
    return replace(execution, input=_input(config, environ, input_text), limit=limit)


def slot_of(job_name: str, name: str, now: datetime) -> datetime | None:
    """Read the scheduled time from a Job's name, which the CronJob controller forms as `<cronjob>-<unix minutes>`.

    Args:
        job_name: The Kubernetes Job's name; empty outside a cluster.
        name: The job's name, which is its CronJob's too.
        now: The present time, aware.

    Returns:
        The slot in UTC, to the minute; None for a Job that was made by hand.
    """
    found = re.fullmatch(rf"{re.escape(name)}-([0-9]{{8}})", job_name)
    if found is None:
        return None
    slot = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=int(found[1]))
    return slot if _EARLIEST_SLOT <= slot <= now + _CLOCKS_DIFFER_BY_AT_MOST else None


def _whole(variable: str, text: str) -> int | None:
    if not text:
        return None
    if re.fullmatch(r"[0-9]{1,18}", text) is None or int(text) < 1:
        raise InputError(f"{variable} is {text!r}. It must be a whole number, 1 or more, or empty.")
    return int(text)


def _input(config: JobConfig, environ: Mapping[str, str], input_text: str | None) -> Any:  # noqa: ANN401 (JSON)
    if input_text is not None:
        return _parsed("--input", input_text)
    if environ.get("TALLY_INPUT"):
        return _parsed("TALLY_INPUT", environ["TALLY_INPUT"])
    return {} if config.input is None else config.input


def _parsed(source: str, text: str) -> Any:  # noqa: ANN401 (JSON)
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f'{source} is no JSON: {error}. Write for example \'{{"since": "2026-01-01"}}\'.') from error


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is Python's, JSON has no such number")
