"""A job's own word about itself, checked while its module is imported, so that a mistake never reaches a schedule."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal, Self

from tally.errors import ConfigError

ConcurrencyPolicy = Literal["Forbid", "Allow", "Replace"]

NAME_LIMIT = 52  # characters; the CronJob controller appends "-" and ten digits, and a Job's name has at most 63
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_ZONE = re.compile(r"[A-Za-z0-9][-+_A-Za-z0-9]*(/[-+_A-Za-z0-9]+)*")
_POLICIES = ("Forbid", "Allow", "Replace")
# The API server loads these too, but each means another thing on another machine, or nothing at all.
_ZONES_REFUSED = ("local", "localtime", "posixrules", "factory")
_SMALLEST = {
    "number_of_executions": 1,
    "starting_deadline_seconds": 0,
    "timeout_seconds": 1,
    "retries": 0,
    "successful_jobs_history_limit": 0,
    "failed_jobs_history_limit": 0,
}
_LARGEST = 2**31 - 1  # the API server keeps them as 32 bits
_MAY_BE_ABSENT = frozenset({"number_of_executions", "starting_deadline_seconds", "timeout_seconds"})


@dataclass(frozen=True, kw_only=True)
class JobConfig:
    """When a job runs, how often, and under which rules: the fields of a ScheduledJob in Python's spelling.

    Args:
        name: The job's name, at most 52 characters of a-z, 0-9 and "-"; `sync-products` lives in `sync_products.py`.
        schedule: Five cron fields, `minute hour day-of-month month day-of-week`, or `@hourly`, `@daily` and so on.
        number_of_executions: How many times the job runs on its schedule, ever; None is without a limit.
        time_zone: The IANA zone in which the schedule is read.
        concurrency_policy: What happens at a scheduled time while the last run goes on: Forbid skips it, Allow starts
            a second one, Replace stops the old one.
        suspend: Whether the schedule rests.
        starting_deadline_seconds: How late, in seconds, a run may start; None is however late.
        timeout_seconds: How long, in seconds, one execution may take; None is however long.
        retries: How many more pods are tried when one fails, within the same execution.
        successful_jobs_history_limit: How many successful Jobs are kept for their logs.
        failed_jobs_history_limit: How many failed Jobs are kept for their logs.
        input: Anything that JSON can say, handed to the job; None is nothing.
        image: The image that holds the job; None is the one that the operator was configured with.

    Raises:
        ConfigError: A field is missing, misspelled or out of its range.
    """

    name: str
    schedule: str
    number_of_executions: int | None = None
    time_zone: str = "Etc/UTC"
    concurrency_policy: ConcurrencyPolicy = "Forbid"
    suspend: bool = False
    starting_deadline_seconds: int | None = None
    timeout_seconds: int | None = None
    retries: int = 0
    successful_jobs_history_limit: int = 3
    failed_jobs_history_limit: int = 3
    input: Any = None
    image: str | None = None

    def __new__(cls, *values: object, **given: object) -> Self:
        """Say in plain words what `__init__` would say as a TypeError about arguments."""
        _check_spelling(values, given)
        return super().__new__(cls)

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], "JobConfig"], tuple[dict[str, Any]]]:
        """Let copies and pickles name the fields too."""
        return _rebuilt, (dict(vars(self)),)

    def __post_init__(self) -> None:
        check_name(self.name)
        _check_schedule(self.schedule)
        _check_zone(self.time_zone)
        _check_policy(self.concurrency_policy)
        _check_suspend(self.suspend)
        for field in _SMALLEST:
            _check_whole(field, getattr(self, field))
        _check_input(self.input)
        _check_image(self.image)


def _rebuilt(given: dict[str, Any]) -> JobConfig:
    return JobConfig(**given)


def check_name(name: object) -> None:
    """Refuse what cannot name a job: the name becomes a file's, a CronJob's and a label's.

    Args:
        name: The name to check.

    Raises:
        ConfigError: It is no DNS-1123 label, or longer than 52 characters.
    """
    if name == "":
        raise ConfigError('The job has no name. Write name="sync-products".')
    if not isinstance(name, str):
        raise ConfigError(f'The name {name!r} is no text. Write name="sync-products".')
    if len(name) > NAME_LIMIT:
        raise ConfigError(f"The name {name!r} has {len(name)} characters; a CronJob's name has at most {NAME_LIMIT}.")
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"The name {name!r} cannot name a CronJob. Use a-z, 0-9 and '-' only, with a letter or digit at both ends: "
            f'name="{_suggested(name)}".'
        )


def _suggested(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "sync-products"


def _check_spelling(values: tuple[object, ...], given: dict[str, object]) -> None:
    if values:
        raise ConfigError('JobConfig takes named fields only: JobConfig(name="sync-products", schedule="*/5 * * * *").')
    known = [field.name for field in fields(JobConfig)]
    for name in given:
        if name not in known:
            raise ConfigError(f"JobConfig has no field {name!r}. {_meant(name, known)}")
    if "name" not in given:
        raise ConfigError('The job has no name. Write JobConfig(name="sync-products", ...).')
    if "schedule" not in given:
        raise ConfigError('The job has no schedule. Write JobConfig(schedule="*/5 * * * *", ...): every five minutes.')


def _meant(name: str, known: list[str]) -> str:
    import difflib  # only after a mistake

    snake = re.sub(r"([A-Z])", r"_\1", name).lower()  # numberOfExecutions, as a manifest spells it
    close = difflib.get_close_matches(snake, known, n=1)
    return f"Write {close[0]}." if close else f"It has: {', '.join(known)}."


def _check_schedule(schedule: object) -> None:
    if not isinstance(schedule, str) or not schedule.strip():
        raise ConfigError(f'The schedule is {schedule!r}. Write schedule="*/5 * * * *": every five minutes.')
    from tally import cron  # the grammar is large, and only a job's module needs it

    try:
        cron.parse(schedule)
    except ValueError as error:
        raise ConfigError(f"The schedule {schedule!r} cannot be: {error}") from error


def _check_zone(zone: object) -> None:
    if (
        not isinstance(zone, str)
        or not _ZONE.fullmatch(zone)
        or zone.lower() in _ZONES_REFUSED
        or zone.lower().startswith("right/")
    ):
        raise ConfigError(f'The time zone {zone!r} cannot be. Write an IANA name: time_zone="Europe/Berlin".')


def _check_policy(policy: object) -> None:
    if policy not in _POLICIES:
        raise ConfigError(f'concurrency_policy is {policy!r}. Write one of "Forbid", "Allow", "Replace".')


def _check_suspend(suspend: object) -> None:
    if not isinstance(suspend, bool):
        raise ConfigError(f"suspend is {suspend!r}. Write True or False.")


def _check_whole(field: str, value: object) -> None:
    if value is None and field in _MAY_BE_ABSENT:
        return
    smallest = _SMALLEST[field]
    # bool is an int to Python, but True executions are nobody's intention.
    if not isinstance(value, int) or isinstance(value, bool) or not smallest <= value <= _LARGEST:
        absent = ", or leave it out" if field in _MAY_BE_ABSENT else ""
        raise ConfigError(f"{field} is {value!r}. Write a whole number, {smallest} or more{absent}.{_largest(value)}")


def _largest(value: object) -> str:
    return f" The API server takes at most {_LARGEST:,}." if isinstance(value, int) and value > _LARGEST else ""


def _check_input(value: object) -> None:
    import json

    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"input must be something that JSON can say: {error}.") from error


def _check_image(image: object) -> None:
    if image is not None and (not isinstance(image, str) or not image.strip()):
        raise ConfigError(f'image is {image!r}. Write image="registry/shop-jobs:1.4", or leave it out.')
