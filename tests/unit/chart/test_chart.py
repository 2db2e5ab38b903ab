"""What is installed when nothing is set, what helm refuses, and that the documents say what is there."""

import json
import re
import subprocess
from typing import Any

import pytest
import yaml
from tally_cluster import demo, images, toolchain

from deploy import chart_docs
from tests.unit.chart.charted import HOOK, NOWHERE, VERSION, Json, helm, names, nested, rendered, the

VALUES = chart_docs.values((demo.CHART / "values.yaml").read_text())
SCHEMA = json.loads((demo.CHART / "values.schema.json").read_text())
ALL_ON = {name: {"enabled": True} for name in ("lockdown", "networkPolicy", "serviceMonitor", "dashboard")}


@pytest.mark.parametrize("values", [{}, ALL_ON, {"watch": {"namespaces": ["shop"]}}])
def test_helm_finds_nothing_to_say(values: Json) -> None:
    done = helm("lint", "--strict", values=values)
    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout


def test_every_object_says_whose_it_is() -> None:
    for each in rendered(ALL_ON):
        labels = each["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "tally"
        assert labels["app.kubernetes.io/version"] == VERSION
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels["helm.sh/chart"] == f"tally-{VERSION}"


def test_the_operators_selector_is_what_it_was_in_the_first_release_and_finds_no_test() -> None:
    selector = {"app.kubernetes.io/name": "tally", "app.kubernetes.io/instance": "tally"}
    assert the(rendered(), "Deployment")["spec"]["selector"] == {"matchLabels": selector}
    test = the(rendered(), "Pod", "tally-test")["metadata"]["labels"]
    assert not selector.items() <= test.items()


def pods() -> list[Json]:
    return [the(rendered(), "Deployment")["spec"]["template"]["spec"], the(rendered(), "Pod", "tally-test")["spec"]]


@pytest.mark.parametrize("pod", pods(), ids=["operator", "test"])
def test_pods_are_restricted_and_read_no_environment_of_services(pod: Json) -> None:
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_no_service_sets_the_operators_settings() -> None:
    # For a service `tally` Kubernetes would set TALLY_PORT, which is a setting.
    assert the(rendered(), "Deployment")["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_one_operator_stands_ready_before_another_goes() -> None:
    # Both numbers are written, or a rollback to `Recreate` would leave the API server's own behind, and be refused.
    strategy = the(rendered(), "Deployment")["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def rules() -> list[Any]:
    roles = [each for each in rendered() if each["kind"] in ("Role", "ClusterRole")]
    return [
        pytest.param(rule, id=f"{each['metadata']['name']}-{rule['resources'][0]}")
        for each in roles
        for rule in each["rules"]
    ]


@pytest.mark.parametrize("rule", rules())
def test_no_rule_has_a_wildcard_or_reaches_secrets_or_into_pods(rule: Json) -> None:
    assert set(rule) <= {"apiGroups", "resources", "resourceNames", "verbs"}
    assert all("*" not in entry for entries in rule.values() for entry in entries)
    assert all(resource == "pods" or "pod" not in resource for resource in rule["resources"])
    assert "secrets" not in rule["resources"]
    assert not {"escalate", "bind", "impersonate"} & set(rule["verbs"])


REFUSED: list[tuple[str, object, str]] = [
    ("fense.enabled", True, "additional properties 'fense' not allowed"),
    ("fence.enable", True, "at '/fence': additional properties 'enable' not allowed"),
    ("replicas", "two", "at '/replicas': got string, want integer"),
    ("replicas", -1, "at '/replicas': minimum: got -1, want 0"),
    ("image.pullPolicy", "Sometimes", "at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'"),
    ("image.repository", "a:1", "at '/image/repository': 'a:1' does not match pattern"),
    ("runner.image", "a b", "at '/runner/image': 'a b' does not match pattern"),
    ("imagePullSecrets", ["registry"], "at '/imagePullSecrets/0': got string, want object"),
    ("jobs.imagePullSecrets", [{"nam": "x"}], "at '/jobs/imagePullSecrets/0': missing property 'name'"),
    ("watch.namespaces", "shop", "at '/watch/namespaces': got string, want array"),
    ("watch.namespaces", ["Shop"], "at '/watch/namespaces/0': 'Shop' does not match pattern"),
    ("watch.namespaces", ["a", "a"], "at '/watch/namespaces': items at 0 and 1 are equal"),
    ("commonLabels", {"team": 1}, "at '/commonLabels/team': got number, want string"),
    ("resources.request", {}, "at '/resources': additional properties 'request' not allowed"),
    ("jobs.failedJobsHistoryLimit", -1, "at '/jobs/failedJobsHistoryLimit': minimum: got -1, want 0"),
    ("jobs.tolerations", [{"kee": "x"}], "at '/jobs/tolerations/0': additional properties 'kee' not allowed"),
    ("lockdown.images", ["registry"], "at '/lockdown/images/0': 'registry' does not match pattern"),
    ("lockdown.images", ["a'/"], "at '/lockdown/images/0': 'a\\'/' does not match pattern"),
    ("networkPolicy.apiServerPorts", [], "at '/networkPolicy/apiServerPorts': minItems: got 0, want 1"),
    ("crds.keep", "no", "at '/crds/keep': got string, want boolean"),
]


@pytest.mark.parametrize(("name", "value", "says"), REFUSED)
def test_what_cannot_be_is_refused_with_its_place(name: str, value: object, says: str) -> None:
    done = helm("template", "tally", values=nested(name, value))
    assert done.returncode != 0
    assert says in done.stderr


def test_nothing_can_be_set_that_is_not_documented() -> None:
    assert sorted(_paths(SCHEMA)) == sorted(each.path for each in VALUES)


def _paths(schema: Json, above: str = "") -> list[str]:
    """List the values that a schema knows; what holds others must name all of them."""
    found = []
    for name, inner in schema["properties"].items():
        if above + name == "global":  # helm itself puts it there
            continue
        if any(each.path.startswith(f"{above}{name}.") for each in VALUES):
            assert inner["additionalProperties"] is False
            found += _paths(inner, f"{above}{name}.")
        else:
            found.append(above + name)
    return found


def test_the_documents_are_made_of_the_comments() -> None:
    page = (demo.CHART / "README.md").read_text()
    assert chart_docs.readme(page, VALUES) == page, "run: deploy/chart_docs.py"
    assert chart_docs.described(SCHEMA, VALUES) == SCHEMA, "run: deploy/chart_docs.py"


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.path)
def test_each_value_has_its_default_and_whole_sentences(value: chart_docs.Value) -> None:
    found = yaml.safe_load((demo.CHART / "values.yaml").read_text())
    for name in value.path.split("."):
        found = found[name]
    assert yaml.safe_load(value.default) == found
    assert value.comment
    assert re.match(r"[A-Z].*[.`]$", value.comment[0])
    for example in re.findall(r"For example: `(.+)`$", "\n".join(value.comment), re.MULTILINE):
        helm_says = helm("template", "tally", values=nested(value.path, yaml.safe_load(example)))
        assert helm_says.returncode == 0, helm_says.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [("a:\n  - b\n", "'  - b' is no value in one line"), ("a: 1\n\tb: 2\n", "is no value in one line")],
)
def test_values_that_cannot_be_documented_are_told(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        chart_docs.values(text)


def test_a_value_that_the_schema_lacks_is_told() -> None:
    with pytest.raises(ValueError, match=r"values\.schema\.json lacks a\.b: add what it may be\."):
        chart_docs.described({"properties": {}}, chart_docs.values("a:\n  # B.\n  b: 1\n"))


def notes(values: Json) -> str:
    done = helm("install", "tally", "--namespace=ops", "--dry-run=client", values=values)
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("\nNOTES:\n")[2]


def test_the_notes_tell_the_next_three_commands() -> None:
    said = notes({})
    commands = re.findall(r"^     (kubectl .+)$", said, re.MULTILINE)
    assert commands == [
        "kubectl apply -f - <<END",
        "kubectl get scheduledjobs --all-namespaces --watch",
        "kubectl logs -l tally.dev/name=limited-test --prefix",
    ]
    (applied,) = re.findall(r"<<END\n(.+?)\n +END\n", said, re.DOTALL)
    sample = images.REPOSITORY / "deploy" / "samples" / "limited-test.yaml"
    assert yaml.safe_load(applied) == yaml.safe_load(sample.read_text())
    assert "helm test tally -n ops" in said
    assert "WARNING" not in said


def test_the_notes_speak_of_the_namespaces_that_are_watched() -> None:
    said = notes({"watch": {"namespaces": ["shop", "stock"]}, "runner": {"image": "mine:1"}})
    assert said.startswith(f"Tally {VERSION} is installed for shop, stock.")
    assert said.count(" -n shop ") == 3
    assert "runner image" not in said


@pytest.mark.parametrize(
    ("values", "warns"),
    [
        ({"fence": {"enabled": False}}, "installs no fence (fence.enabled=false)"),
        ({"crds": {"keep": False}}, "ALL ScheduledJobs are deleted, and their Jobs and logs (crds.keep=false)"),
    ],
)
def test_the_notes_warn(values: Json, warns: str) -> None:
    assert warns in notes(values)


def test_apply_k_makes_what_the_chart_makes() -> None:
    command = [str(toolchain.tool("kubectl")), "kustomize", str(images.REPOSITORY / "deploy")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=NOWHERE)
    plain = {_identity(each): each for each in yaml.safe_load_all(done.stdout)}
    charted = {_identity(each): each for each in rendered() if HOOK not in each["metadata"].get("annotations", {})}
    assert plain.pop(("Namespace", "tally-system"))["metadata"]["labels"] == {
        "pod-security.kubernetes.io/enforce": "restricted"
    }
    assert sorted(plain) == sorted(charted)
    for identity, each in charted.items():
        assert _body(plain[identity]) == _body(each)


def _identity(each: Json) -> tuple[str, str]:
    return each["kind"], each["metadata"]["name"]


def _body(each: Json) -> Json:
    """Leave out what only helm reads: whose it is, and what stays when a release goes."""
    text = re.sub(r'(, )?"helm\.sh/chart": "[^"]+"', "", json.dumps(each)).replace("{, ", "{")
    body: Json = json.loads(text.replace('managed-by": "Helm"', 'managed-by": "kubectl"'))
    if body["metadata"].get("annotations") == {"helm.sh/resource-policy": "keep"}:
        del body["metadata"]["annotations"]
    return body


def test_a_long_release_name_still_makes_valid_names() -> None:
    done = helm("template", "x" * 53, "--namespace=ops")
    assert done.returncode == 0, done.stderr
    for each in yaml.safe_load_all(done.stdout):
        if each and each["kind"] != "CustomResourceDefinition":
            assert len(each["metadata"]["name"]) <= 63, each["metadata"]["name"]
    assert "ScheduledJob" in {each["kind"] for each in yaml.safe_load_all(done.stdout) if each}
    assert names(list(yaml.safe_load_all(done.stdout)), "Service")[0].endswith("x")


def test_the_page_on_security_tells_every_right() -> None:
    page = (images.REPOSITORY / "SECURITY.md").read_text()
    rows = re.findall(r"^\| (`.+?) \| ", page, re.MULTILINE)
    told = {resource: set(re.findall(r"[a-z]+", verbs)) for row in rows for resource, verbs in _told(row)}
    roles = [the(rendered(), "ClusterRole"), the(rendered(), "Role", "tally-election")]
    granted: dict[str, set[str]] = {}
    for rule in (rule for role in roles for rule in role["rules"]):
        for resource in rule["resources"]:
            granted.setdefault(resource, set()).update(rule["verbs"])
    assert told == granted


def _told(row: str) -> list[tuple[str, str]]:
    """Read "`jobs`: list, watch; `jobs/status`: patch"."""
    found = [(name, rest) for name, rest in re.findall(r"`([a-z/]+)`[^:`]*: ([^`|]+)", row)]
    return [(name, rest.replace(" and ", " ").partition(" of ")[0]) for name, rest in found]
