"""The settings, and what is said of a wrong one."""

import json
import re
from pathlib import Path

import pytest
from tally_operator.config import Candidacy, Config, ConfigError

IMAGE = {"TALLY_RUNNER_IMAGE": "runner:1"}


def test_the_image_alone_is_enough() -> None:
    config = Config.from_environ(IMAGE)
    assert config.defaults.runner_image == "runner:1"
    assert (config.namespaces, config.workers, config.port) == ((), 25, 8080)


@pytest.mark.parametrize(
    ("text", "namespaces"), [("", ()), ("shop", ("shop",)), (" shop , stock ,", ("shop", "stock")), (",", ())]
)
def test_namespaces_are_a_list_with_commas(text: str, namespaces: tuple[str, ...]) -> None:
    assert Config.from_environ({**IMAGE, "TALLY_NAMESPACES": text}).namespaces == namespaces


def test_numbers() -> None:
    config = Config.from_environ({**IMAGE, "TALLY_WORKERS": "3", "TALLY_PORT": "8081"})
    assert (config.workers, config.port) == (3, 8081)


ELECTION = {**IMAGE, "TALLY_ELECTION": "true", "TALLY_POD": "tally-1", "TALLY_POD_NAMESPACE": "tally-system"}


def test_an_election_is_by_pod_and_in_its_namespace() -> None:
    assert Config.from_environ(ELECTION).candidacy == Candidacy(pod="tally-1", namespace="tally-system")
    for without in ("", "false"):
        assert Config.from_environ({**ELECTION, "TALLY_ELECTION": without}).candidacy is None


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({}, "TALLY_RUNNER_IMAGE is not set. Name the runner image, such as tally-runner:0.1.0."),
        ({"TALLY_RUNNER_IMAGE": " "}, "TALLY_RUNNER_IMAGE is not set."),
        ({**ELECTION, "TALLY_ELECTION": "yes"}, "TALLY_ELECTION is 'yes'. Write true or false."),
        *(
            (
                {**ELECTION, name: ""},
                f"{name} is not set, but TALLY_ELECTION is true. Set it from the pod's own metadata.",
            )
            for name in ("TALLY_POD", "TALLY_POD_NAMESPACE")
        ),
        *(
            ({**IMAGE, name: text}, f"{name} is {text!r}. Write a whole number, 1 or more.")
            for name in ("TALLY_WORKERS", "TALLY_PORT")
            for text in ("0", "-1", "1.5", "ten", "\u0661")
        ),
    ],
)
def test_says_which_setting_cannot_be(environ: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        Config.from_environ(environ)


def test_a_template_for_all_is_read_from_its_file(tmp_path: Path) -> None:
    template = {"spec": {"nodeSelector": {"disk": "ssd"}}}
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template))
    assert Config.from_environ({**IMAGE, "TALLY_TEMPLATE": str(path)}).defaults.template == template
    assert Config.from_environ({**IMAGE, "TALLY_TEMPLATE": ""}).defaults.template == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "No such file"),
        ("{", "line 1 column 2"),
        ("[]", "template must be an object, not []."),
        ('{"spec": "x"}', 'template.spec must be an object, not "x".'),
        ('{"spec": {"imagePullSecrets": ["x"]}}', "template.spec.imagePullSecrets[0] has no name."),
    ],
)
def test_a_template_that_cannot_be_is_refused_at_the_start(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "template.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(says)) as caught:
        Config.from_environ({**IMAGE, "TALLY_TEMPLATE": str(path)})
    assert f"TALLY_TEMPLATE is {path}" in str(caught.value)
    assert 'Write JSON such as {"spec"' in str(caught.value)
