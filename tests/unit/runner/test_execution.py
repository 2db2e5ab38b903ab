"""Which run this is, read from the pod's environment: slot, attempt, input, limit."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tally import Execution, JobConfig
from tally.errors import InputError
from tally.execution import complete, identify, slot_of

NOW = datetime(2026, 6, 21, 0, 0, 30, tzinfo=UTC)
MINUTES = 29_700_000  # 2026-06-21 00:00


@pytest.mark.parametrize(
    ("job_name", "slot"),
    [
        ("sync-29700000", datetime(2026, 6, 21, tzinfo=UTC)),
        ("sync-29699999", datetime(2026, 6, 20, 23, 59, tzinfo=UTC)),
        ("", None),
        ("sync", None),
        ("sync-manual-x7k2p", None),
        ("sync-now", None),
        ("sync-2", None),
        ("sync-12345678", None),  # 1993
        ("sync-29800000", None),  # in two months
        ("sync-9999999999", None),  # past every calendar
        ("sync-0029700000", None),
        ("other-29700000", None),
        ("sync-29700000-x", None),
        ("sync-" + "\N{FULLWIDTH DIGIT TWO}" * 8, None),
    ],
)
def test_the_slot_is_in_the_name_of_the_kubernetes_job(job_name: str, slot: datetime | None) -> None:
    assert slot_of(job_name, "sync", NOW) == slot


def test_a_clock_that_is_behind_does_not_hide_the_slot() -> None:
    assert slot_of(f"sync-{MINUTES}", "sync", NOW - timedelta(hours=23)) == datetime(2026, 6, 21, tzinfo=UTC)


@given(
    st.integers(min_value=26_297_280, max_value=MINUTES), st.from_regex(r"[a-z][a-z0-9-]{0,50}[a-z0-9]", fullmatch=True)
)
def test_every_slot_of_every_name_is_read_back(minutes: int, name: str) -> None:
    slot = slot_of(f"{name}-{minutes}", name, NOW)
    assert slot is not None
    assert slot.timestamp() == minutes * 60


@given(st.text())
def test_no_name_of_a_job_is_an_error(job_name: str) -> None:
    slot_of(job_name, "sync", NOW)


@pytest.mark.parametrize(("text", "attempt"), [(None, 1), ("", 1), ("1", 1), ("3", 3)])
def test_attempts_count_from_one(text: str | None, attempt: int) -> None:
    environ = {} if text is None else {"TALLY_ATTEMPT": text}
    assert identify("sync", environ, NOW) == Execution(name="sync", attempt=attempt)


NO_NUMBERS = ["0", "-1", "1.5", "three", " 3", "٣", "9" * 19]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_an_attempt_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"TALLY_ATTEMPT is .* It must be a whole number, 1 or more, or empty"):
        identify("sync", {"TALLY_ATTEMPT": text}, NOW)


def completed(
    environ: dict[str, str], input_text: str | None = None, *, limit: int | None = None, default: object = None
) -> Execution:
    job = JobConfig(name="sync", schedule="* * * * *", number_of_executions=limit, input=default)
    return complete(Execution(name="sync"), job, environ, input_text)


@pytest.mark.parametrize(
    ("of_config", "of_environment", "limit"),
    [
        (None, None, None),
        (3, None, 3),
        (3, "5", 5),
        (3, "", None),  # the ScheduledJob has no limit
        (None, "1", 1),
    ],
)
def test_the_limit_is_the_scheduled_jobs_else_the_configs(
    of_config: int | None, of_environment: str | None, limit: int | None
) -> None:
    environ = {} if of_environment is None else {"TALLY_LIMIT": of_environment}
    assert completed(environ, limit=of_config).limit == limit


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_limit_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="TALLY_LIMIT is"):
        completed({"TALLY_LIMIT": text})


@pytest.mark.parametrize(
    ("of_config", "of_environment", "of_command", "taken"),
    [
        (None, None, None, {}),
        ({"a": 1}, None, None, {"a": 1}),
        ({"a": 1}, "", None, {"a": 1}),
        ({"a": 1}, '{"b": 2}', None, {"b": 2}),
        ({"a": 1}, '{"b": 2}', "[3]", [3]),
        ({"a": 1}, "0", None, 0),
        (None, '"ünïcödé 💥"', None, "ünïcödé 💥"),
    ],
)
def test_the_input_of_the_command_wins_then_the_environments_then_the_configs(
    of_config: object, of_environment: str | None, of_command: str | None, taken: object
) -> None:
    environ = {} if of_environment is None else {"TALLY_INPUT": of_environment}
    assert completed(environ, of_command, default=of_config).input == taken


@pytest.mark.parametrize("text", ["{", "since=2026", "{'a': 1}", "NaN", "[-Infinity]", "[" * 100_000, "", "1" * 5000])
def test_an_input_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^--input is no JSON: .*Write for example '\{"):
        completed({}, text)
    if text:
        with pytest.raises(InputError, match=r"^TALLY_INPUT is no JSON"):
            completed({"TALLY_INPUT": text})
