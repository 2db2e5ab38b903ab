"""The CronJob that is applied: what stands in it, whatever the user writes, and how a template is laid over it."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tally_operator import render
from tally_operator.model import Spec
from tally_operator.observed import Key, Window

from tests.unit.operator.world import DEFAULTS, KEY, UID, spec, window

FENCE = window("12:00:30", "12:03", "12:04")
# What breaks out of quotes, of YAML, of Jinja; line separators that JSON lets stand and YAML takes for line ends.
PIECES = [
    '"',
    "'",
    "\\",
    "\n",
    "\r",
    ": ",
    "- ",
    "#",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "{#",
    "}",
    "\u2028",
    "\u2029",
    "\x85",
]
HOSTILE = st.lists(st.sampled_from([*PIECES, "&a", "*a", "!!python", "---", "\x00", "\U0001f600", "\x7f"])).map(
    "".join
) | st.text(st.characters(exclude_categories=["Cs"]))


def rendered(asked: Spec, fence: Window = FENCE, key: Key = KEY) -> dict[str, Any]:
    return render.cronjob(key, UID, asked, fence, DEFAULTS)


def pod(body: dict[str, Any]) -> dict[str, Any]:
    template: dict[str, Any] = body["spec"]["jobTemplate"]["spec"]["template"]
    return template


def test_the_whole_of_it() -> None:
    body = rendered(spec(3, starting_deadline_seconds=200, timeout_seconds=600, retries=2, input={"since": "2026"}))
    assert body["metadata"]["ownerReferences"] == [
        {"apiVersion": "tally.dev/v1", "kind": "ScheduledJob", "name": "sync", "uid": UID, "controller": True}
    ]
    assert {name: value for name, value in body["spec"].items() if name != "jobTemplate"} == {
        "schedule": "* * * * *",
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "suspend": False,
        "startingDeadlineSeconds": 200,
        # Never so few that a Job could go before it is counted.
        "successfulJobsHistoryLimit": 1_000_000,
        "failedJobsHistoryLimit": 1_000_000,
    }
    job = body["spec"]["jobTemplate"]
    assert job["metadata"]["annotations"] == {
        "tally.dev/after": "2026-01-05T12:00:30Z",
        "tally.dev/not-after": "2026-01-05T12:03:00Z",
        "tally.dev/expires": "2026-01-05T12:04:00Z",
    }
    assert (job["spec"]["backoffLimit"], job["spec"]["activeDeadlineSeconds"]) == (2, 600)
    (container,) = pod(body)["spec"]["containers"]
    assert (container["name"], container["image"], container["args"]) == ("job", "runner:1", ["run", "sync"])
    environment = {each["name"]: each.get("value") for each in container["env"]}
    assert json.loads(environment["TALLY_INPUT"]) == {"since": "2026"}
    assert environment["TALLY_LIMIT"] == "3"


def test_what_is_absent_is_left_out() -> None:
    body = rendered(spec(), window("12:00:30"))
    assert "startingDeadlineSeconds" not in body["spec"]
    assert "activeDeadlineSeconds" not in body["spec"]["jobTemplate"]["spec"]
    assert body["spec"]["jobTemplate"]["metadata"]["annotations"] == {"tally.dev/after": "2026-01-05T12:00:30Z"}


def test_the_labels_are_on_the_cronjob_its_jobs_and_their_pods() -> None:
    body = rendered(spec())
    expected = {
        "app.kubernetes.io/name": "sync",
        "app.kubernetes.io/managed-by": "tally",
        "app.kubernetes.io/component": "scheduled-job",
        "tally.dev/name": "sync",
        "tally.dev/owner": UID,
    }
    assert body["metadata"]["labels"] == expected
    assert body["spec"]["jobTemplate"]["metadata"]["labels"] == expected
    assert pod(body)["metadata"]["labels"] == expected


def test_pods_are_restricted() -> None:
    found = pod(rendered(spec()))["spec"]
    (container,) = found["containers"]
    assert found["automountServiceAccountToken"] is False
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


PLAIN = rendered(spec(image="x", input="x"))


@settings(deadline=None)
@given(text=HOSTILE)
def test_no_value_breaks_out_of_its_place(text: str) -> None:
    asked = Spec(name=text, schedule=text, time_zone=text, image=text or "x", input=text)
    body = render.cronjob(Key(text, text), text, asked, FENCE, DEFAULTS)
    assert body["metadata"]["name"] == body["metadata"]["labels"]["tally.dev/name"] == text
    assert body["metadata"]["namespace"] == body["metadata"]["labels"]["tally.dev/owner"] == text
    assert body["metadata"]["ownerReferences"][0]["name"] == text
    assert (body["spec"]["schedule"], body["spec"]["timeZone"]) == (text, text)
    (container,) = pod(body)["spec"]["containers"]
    assert (container["image"], container["args"]) == (text or "x", ["run", text])
    environment = {each["name"]: each.get("value") for each in container["env"]}
    assert json.loads(environment["TALLY_INPUT"]) == text
    assert _shape(body) == _shape(PLAIN)


def _shape(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Give the keys alone."""
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    return [_shape(each) for each in value] if isinstance(value, list) else None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(value=JSON.filter(lambda value: value is not None))
def test_the_input_arrives_as_it_was_written(value: Any) -> None:  # noqa: ANN401 (JSON)
    (container,) = pod(rendered(spec(input=value)))["spec"]["containers"]
    environment = {each["name"]: each.get("value") for each in container["env"]}
    assert json.loads(environment["TALLY_INPUT"]) == value


def containers(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(entries)}}


def test_a_template_is_laid_over_the_default() -> None:
    template = {
        "metadata": {"annotations": {"team": "shop"}, "labels": {"team": "shop"}},
        "spec": {
            "nodeSelector": {"disk": "ssd"},
            "automountServiceAccountToken": True,
            "enableServiceLinks": None,
            "securityContext": {"runAsUser": 1000},
            "containers": [
                {
                    "name": "job",
                    "resources": {"limits": {"memory": "64Mi"}},
                    "env": [{"name": "TALLY_LOG_FORMAT", "value": "text"}, {"name": "SHOP", "value": "1"}],
                    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                },
                {"name": "proxy", "image": "proxy:1"},
            ],
            "volumes": [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {"medium": "Memory"}}],
            "tolerations": [{"key": "batch"}],
        },
    }
    found = pod(rendered(spec(template=template)))
    own, proxy = found["spec"]["containers"]
    assert found["metadata"]["annotations"] == {"team": "shop"}
    assert found["metadata"]["labels"]["team"] == "shop"
    assert found["spec"]["nodeSelector"] == {"disk": "ssd"}
    assert found["spec"]["automountServiceAccountToken"] is True
    assert "enableServiceLinks" not in found["spec"]  # null takes a default away
    assert found["spec"]["securityContext"]["runAsUser"] == 1000
    assert found["spec"]["securityContext"]["runAsNonRoot"] is True
    assert own["image"] == "runner:1"
    assert own["resources"] == {"limits": {"memory": "64Mi"}}
    assert [each["name"] for each in own["env"]] == [
        "TALLY_JOB_NAME",
        "TALLY_INPUT",
        "TALLY_LIMIT",
        "TALLY_LOG_FORMAT",
        "SHOP",
    ]
    assert own["env"][3] == {"name": "TALLY_LOG_FORMAT", "value": "text"}
    assert [each["mountPath"] for each in own["volumeMounts"]] == ["/tmp", "/data"]
    assert proxy == {"name": "proxy", "image": "proxy:1"}
    assert found["spec"]["volumes"] == [
        {"name": "tmp", "emptyDir": {"medium": "Memory"}},
        {"name": "data", "emptyDir": {}},
    ]
    assert found["spec"]["tolerations"] == [{"key": "batch"}]


def test_an_env_entry_is_replaced_whole() -> None:
    source = {"name": "TALLY_INPUT", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    (own,) = pod(rendered(spec(template=containers({"name": "job", "env": [source]}))))["spec"]["containers"]
    assert source in own["env"]


@pytest.mark.parametrize("name", ["tally.dev/name", "tally.dev/owner", "app.kubernetes.io/name"])
@pytest.mark.parametrize("metadata", [{"labels": {}}, {"labels": None}, None])
def test_our_labels_win(name: str, metadata: dict[str, Any] | None) -> None:
    if metadata and metadata["labels"] is not None:
        metadata = {"labels": {name: "mine"}}
    found = pod(rendered(spec(template={"metadata": metadata})))
    assert found["metadata"]["labels"] == pod(rendered(spec()))["metadata"]["labels"]


@pytest.mark.parametrize(
    ("template", "says"),
    [
        (containers({"image": "x"}), "spec.template.spec.containers[0] has no name"),
        ({"spec": {"containers": ["job"]}}, "spec.template.spec.containers[0] has no name"),
        (
            {"spec": {"containers": {"name": "job"}}},
            'spec.template.spec.containers must be a list, not {"name": "job"}',
        ),
        (containers({"name": "job", "env": [{"value": "1"}]}), "spec.template.spec.containers[0].env[0] has no name"),
        ({"spec": "x"}, 'spec.template.spec must be an object, not "x"'),
        ({"metadata": ["x"]}, 'spec.template.metadata must be an object, not ["x"]'),
        ({"metadata": {"labels": "x"}}, 'spec.template.metadata.labels must be an object, not "x"'),
        ({"spec": {"securityContext": []}}, "spec.template.spec.securityContext must be an object, not []"),
    ],
)
def test_says_where_a_template_cannot_be_merged(template: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        rendered(spec(template=template))


@settings(deadline=None)
@given(template=st.dictionaries(st.sampled_from(["metadata", "spec", "x"]), JSON, max_size=3))
def test_any_template_is_merged_or_refused_in_words(template: dict[str, Any]) -> None:
    refusal = pytest.RaisesExc(ValueError, match=r"^spec\.template")
    try:
        body = rendered(spec(template=template))
    except ValueError as error:
        assert refusal.matches(error), error  # noqa: PT017 (most are merged)
    else:
        assert pod(body)["metadata"]["labels"]["tally.dev/owner"] == UID


def test_two_templates_never_share_what_they_hold() -> None:
    first = rendered(spec(template={"metadata": {"labels": {"a": "1"}}}))
    second = rendered(spec())
    assert "a" in pod(first)["metadata"]["labels"]
    assert "a" not in pod(second)["metadata"]["labels"]


def under(template: dict[str, Any], asked: Spec) -> dict[str, Any]:
    """Render where the installation has a template for all."""
    return pod(render.cronjob(KEY, UID, asked, FENCE, render.Defaults(runner_image="runner:1", template=template)))


def test_the_installations_template_lies_over_ours_and_under_the_scheduled_jobs_own() -> None:
    installed = {
        "spec": {
            "nodeSelector": {"disk": "ssd"},
            "imagePullSecrets": [{"name": "all"}],
            "securityContext": {"runAsUser": 1000},
            "containers": [{"name": "job", "resources": {"limits": {"memory": "64Mi", "cpu": "1"}}}],
        }
    }
    plain = under(installed, spec())
    assert plain["spec"]["nodeSelector"] == {"disk": "ssd"}
    assert plain["spec"]["securityContext"] == {**pod(rendered(spec()))["spec"]["securityContext"], "runAsUser": 1000}
    assert plain["spec"]["containers"][0]["args"] == ["run", "sync"]
    own = {
        "spec": {
            "nodeSelector": None,
            "imagePullSecrets": [{"name": "mine"}],
            "containers": [{"name": "job", "resources": {"limits": {"memory": "1Gi"}}}],
        }
    }
    found = under(installed, spec(template=own))
    assert "nodeSelector" not in found["spec"]
    assert found["spec"]["imagePullSecrets"] == [{"name": "all"}, {"name": "mine"}]
    assert found["spec"]["containers"][0]["resources"] == {"limits": {"memory": "1Gi", "cpu": "1"}}


def test_another_template_for_all_is_seen_on_the_cronjob() -> None:
    installed = render.Defaults(runner_image="runner:1", template={"spec": {"nodeSelector": {"disk": "ssd"}}})
    changed = render.cronjob(KEY, UID, spec(), FENCE, installed)["metadata"]["annotations"]
    assert changed != rendered(spec())["metadata"]["annotations"]


@settings(deadline=None)
@given(template=st.dictionaries(st.sampled_from(["metadata", "spec", "x"]), JSON, max_size=3))
def test_whatever_passes_the_check_can_be_laid_under_anything(template: dict[str, Any]) -> None:
    refusal = pytest.RaisesExc(ValueError, match=r"^template")
    try:
        render.check(template)
    except ValueError as error:
        assert refusal.matches(error), error  # noqa: PT017 (most pass)
    else:
        assert under(template, spec(template=template))["metadata"]["labels"]["tally.dev/owner"] == UID
