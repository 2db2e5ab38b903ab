"""What a JobConfig refuses, and that it says what to write instead."""

import copy
import dataclasses
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tally import JobConfig
from tally.config import check_name
from tally.errors import ConfigError

GOOD: dict[str, object] = {"name": "sync-products", "schedule": "*/5 * * * *"}


def made(**fields: object) -> JobConfig:
    return JobConfig(**(GOOD | fields))  # type: ignore[arg-type]


def test_the_defaults_are_the_scheduled_jobs() -> None:
    assert dataclasses.asdict(made()) == {
        "name": "sync-products",
        "schedule": "*/5 * * * *",
        "number_of_executions": None,
        "time_zone": "Etc/UTC",
        "concurrency_policy": "Forbid",
        "suspend": False,
        "starting_deadline_seconds": None,
        "timeout_seconds": None,
        "retries": 0,
        "successful_jobs_history_limit": 3,
        "failed_jobs_history_limit": 3,
        "input": None,
        "image": None,
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, 'The job has no name. Write JobConfig(name="sync-products", ...).'),
        ({"schedule": "* * * * *"}, 'The job has no name. Write JobConfig(name="sync-products", ...).'),
        (
            {"name": "sync-products"},
            'The job has no schedule. Write JobConfig(schedule="*/5 * * * *", ...): every five minutes.',
        ),
        (GOOD | {"numberOfExecutions": 3}, "JobConfig has no field 'numberOfExecutions'. Write number_of_executions."),
        (GOOD | {"timezone": "UTC"}, "JobConfig has no field 'timezone'. Write time_zone."),
        (GOOD | {"colour": "red"}, "JobConfig has no field 'colour'. It has: name, schedule, number_of_executions,"),
    ],
    ids=["nothing", "no name", "no schedule", "a manifest's spelling", "a near miss", "a stranger"],
)
def test_missing_and_misspelled_fields(given: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        JobConfig(**given)  # type: ignore[arg-type]


def test_fields_have_names() -> None:
    with pytest.raises(ConfigError, match="named fields only"):
        JobConfig("sync-products", "* * * * *")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", 'The job has no name. Write name="sync-products".'),
        ("name", None, 'The name None is no text. Write name="sync-products".'),
        ("name", "Sync Products", 'letter or digit at both ends: name="sync-products".'),
        ("name", "sync_products", 'name="sync-products".'),
        ("name", "-sync", 'name="sync".'),
        ("name", "sync\n", 'name="sync".'),
        ("name", "***", 'name="sync-products".'),
        ("name", "x" * 53, "has 53 characters; a CronJob's name has at most 52."),
        ("schedule", "", "The schedule is ''. Write schedule=\"*/5 * * * *\": every five minutes."),
        ("schedule", "  ", "The schedule is '  '. Write schedule="),
        ("schedule", 5, "The schedule is 5. Write schedule="),
        ("schedule", "* * * *", "The schedule '* * * *' cannot be: "),
        ("schedule", "0 0 * * 7", "The schedule '0 0 * * 7' cannot be: "),
        ("schedule", "99 * * * *", "The schedule '99 * * * *' cannot be: "),
        ("number_of_executions", 0, "number_of_executions is 0. Write a whole number, 1 or more, or leave it out."),
        ("number_of_executions", -1, "number_of_executions is -1. Write a whole number, 1 or more, or leave it out."),
        ("number_of_executions", 2**31, "2147483648. Write a whole number, 1 or more, or leave it out. The API server"),
        ("number_of_executions", 2.0, "number_of_executions is 2.0. Write a whole number"),
        ("number_of_executions", "3", "number_of_executions is '3'. Write a whole number"),
        ("number_of_executions", True, "number_of_executions is True. Write a whole number"),
        ("timeout_seconds", 0, "timeout_seconds is 0. Write a whole number, 1 or more, or leave it out."),
        ("starting_deadline_seconds", -1, "Write a whole number, 0 or more, or leave it out."),
        ("retries", -1, "retries is -1. Write a whole number, 0 or more."),
        ("retries", None, "retries is None. Write a whole number, 0 or more."),
        ("successful_jobs_history_limit", None, "successful_jobs_history_limit is None."),
        ("failed_jobs_history_limit", -3, "failed_jobs_history_limit is -3."),
        ("time_zone", "", "The time zone '' cannot be. Write an IANA name: time_zone=\"Europe/Berlin\"."),
        ("time_zone", "Local", "The time zone 'Local' cannot be."),
        ("time_zone", "Factory", "The time zone 'Factory' cannot be."),
        ("time_zone", "right/UTC", "The time zone 'right/UTC' cannot be."),
        ("time_zone", "../UTC", "The time zone '../UTC' cannot be."),
        ("time_zone", "/etc/localtime", "The time zone '/etc/localtime' cannot be."),
        ("time_zone", "Europe/Berlin ", "The time zone 'Europe/Berlin ' cannot be."),
        ("time_zone", None, "The time zone None cannot be."),
        (
            "concurrency_policy",
            "forbid",
            'concurrency_policy is \'forbid\'. Write one of "Forbid", "Allow", "Replace".',
        ),
        ("suspend", "yes", "suspend is 'yes'. Write True or False."),
        ("input", {1, 2}, "input must be something that JSON can say"),
        ("input", float("nan"), "input must be something that JSON can say"),
        ("image", " ", "image is ' '. Write image=\"registry/shop-jobs:1.4\", or leave it out."),
    ],
)
def test_each_field_says_what_it_cannot_be(field: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(**{field: value})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a"},
        {"name": "0"},
        {"name": "x" * 52},
        {"number_of_executions": 1},
        {"schedule": "@daily"},
        {"schedule": "0 18 * * mon-fri"},
        {"time_zone": "America/Argentina/Buenos_Aires"},
        {"time_zone": "Etc/GMT+5"},
        {"time_zone": "UTC"},
        {"concurrency_policy": "Replace", "suspend": True, "timeout_seconds": 1, "starting_deadline_seconds": 0},
        {"input": [{"a": None}]},
    ],
    ids=str,
)
def test_what_can_be(fields: dict[str, object]) -> None:
    config = made(**fields)
    assert {name: getattr(config, name) for name in fields} == fields


def test_a_config_does_not_change_and_survives_copying() -> None:
    config = made(number_of_executions=3, input={"since": "2026-01-01"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.number_of_executions = 4  # type: ignore[misc]
    assert copy.copy(config) == copy.deepcopy(config) == pickle.loads(pickle.dumps(config)) == config
    assert dataclasses.replace(config, retries=1).retries == 1
    with pytest.raises(ConfigError, match="retries is -1"):
        dataclasses.replace(config, retries=-1)


@given(st.text() | st.from_regex(r"[a-z0-9-]{1,60}", fullmatch=True))
def test_a_name_is_a_dns_label_of_at_most_52_characters(name: str) -> None:
    is_label = len(name) <= 52 and re.fullmatch(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", name) is not None
    try:
        check_name(name)
    except ConfigError:
        assert not is_label
    else:
        assert is_label
