"""Each value switches what it says, and there is no other."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from tally_cluster import demo

from deploy import chart_docs
from tests.unit.chart.charted import VERSION, Json, at, names, nested, rendered, the

POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)
CRD = "scheduledjobs.tally.dev"
FENCE = "fence.tally.dev"
LOCKDOWN = "lockdown.tally.tally-system.tally.dev"
KEEP = ("metadata", "annotations", "helm.sh/resource-policy")


def operator(objects: list[Json], *path: str | int) -> Any:  # noqa: ANN401 (JSON)
    return at(the(objects, "Deployment"), *path)


def environment(objects: list[Json]) -> dict[str, str | None]:
    return {each["name"]: each.get("value") for each in operator(objects, *CONTAINER, "env")}


def job_template(objects: list[Json], *path: str | int) -> Any:  # noqa: ANN401 (JSON)
    """Give what the operator is told to lay under every ScheduledJob's template."""
    maps = [each for each in objects if each["kind"] == "ConfigMap" and each["metadata"]["name"] == "tally-jobs"]
    if not maps:
        return None
    # The operator finds it, and is started anew when it has changed.
    assert environment(objects)["TALLY_TEMPLATE"] == "/etc/tally/template.json"
    assert operator(objects, *CONTAINER, "volumeMounts", 0, "mountPath") == "/etc/tally"
    assert operator(objects, *POD, "volumes", 0, "configMap", "name") == "tally-jobs"
    assert operator(objects, "spec", "template", "metadata", "annotations", "tally.dev/jobs")
    return at(json.loads(maps[0]["data"]["template.json"]), "spec", *path)


def crd_default(objects: list[Json], field: str) -> Any:  # noqa: ANN401 (JSON)
    spec = at(the(objects, "CustomResourceDefinition", CRD), "spec", "versions", 0, "schema", "openAPIV3Schema")
    return at(spec, "properties", "spec", "properties", field, "default")


def kept(objects: list[Json]) -> list[object]:
    return [
        at(the(objects, "CustomResourceDefinition", CRD), *KEEP),
        at(the(objects, "ValidatingAdmissionPolicy", FENCE), *KEEP),
        at(the(objects, "ValidatingAdmissionPolicyBinding", FENCE), *KEEP),
    ]


def allowed_images(objects: list[Json]) -> object:
    variables = at(the(objects, "ValidatingAdmissionPolicy", LOCKDOWN), "spec", "variables")
    return next(each["expression"] for each in variables if each["name"] == "images")


Look = Callable[[list[Json]], object]
TOLERATION = {"key": "batch", "operator": "Exists", "effect": "NoSchedule"}
SPREAD = {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
GRAFANA = ("grafana_dashboard", "g")
OWN = {"labelSelector": {"matchLabels": {"app.kubernetes.io/name": "tally", "app.kubernetes.io/instance": "tally"}}}
RESOURCES = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
# By value: what is set, where one looks, what is there without it and with it. BESIDES holds what must be on for it.
SWITCHES: dict[str, tuple[object, Look, object, object]] = {
    "image.repository": (
        "a/b",
        lambda them: operator(them, *CONTAINER, "image"),
        f"tally-operator:{VERSION}",
        f"a/b:{VERSION}",
    ),
    "image.tag": (
        *("9", lambda them: operator(them, *CONTAINER, "image")),
        *(f"tally-operator:{VERSION}", "tally-operator:9"),
    ),
    "image.pullPolicy": (
        *("Always", lambda them: operator(them, *CONTAINER, "imagePullPolicy")),
        *("IfNotPresent", "Always"),
    ),
    "imagePullSecrets": (
        *([{"name": "s"}], lambda them: operator(them, *POD, "imagePullSecrets")),
        *(None, [{"name": "s"}]),
    ),
    "replicas": (3, lambda them: operator(them, "spec", "replicas"), 2, 3),
    "resources": (
        *(RESOURCES, lambda them: operator(them, *CONTAINER, "resources")),
        *({"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}}, RESOURCES),
    ),
    "priorityClassName": ("high", lambda them: operator(them, *POD, "priorityClassName"), None, "high"),
    "topologySpreadConstraints": (
        *([SPREAD], lambda them: operator(them, *POD, "topologySpreadConstraints")),
        [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway", **OWN}],
        [{**SPREAD, **OWN}],
    ),
    "commonLabels": (
        {"team": "a"},
        lambda them: {at(each, "metadata", "labels", "team") for each in them},
        *({None}, {"a"}),
    ),
    "podDisruptionBudget.enabled": (False, lambda them: names(them, "PodDisruptionBudget"), ["tally"], []),
    "watch.namespaces": (["a", "b"], lambda them: environment(them).get("TALLY_NAMESPACES"), None, "a,b"),
    "runner.image": (
        *("mine:1", lambda them: environment(them)["TALLY_RUNNER_IMAGE"]),
        *(f"tally-runner:{VERSION}", "mine:1"),
    ),
    "jobs.imagePullSecrets": (
        *([{"name": "s"}], lambda them: job_template(them, "imagePullSecrets")),
        *(None, [{"name": "s"}]),
    ),
    "jobs.resources": (
        *(RESOURCES, lambda them: job_template(them, "containers")),
        *(None, [{"name": "job", "resources": RESOURCES}]),
    ),
    "jobs.podSecurityContext": (
        # A number that must not become 1.00066e+09.
        *({"runAsUser": 1000660000}, lambda them: job_template(them, "securityContext", "runAsUser")),
        *(None, 1000660000),
    ),
    "jobs.securityContext": (
        *({"privileged": False}, lambda them: job_template(them, "containers")),
        *(None, [{"name": "job", "securityContext": {"privileged": False}}]),
    ),
    "jobs.nodeSelector": (
        *({"pool": "batch"}, lambda them: job_template(them, "nodeSelector")),
        *(None, {"pool": "batch"}),
    ),
    "jobs.tolerations": ([TOLERATION], lambda them: job_template(them, "tolerations"), None, [TOLERATION]),
    "jobs.successfulJobsHistoryLimit": (0, lambda them: crd_default(them, "successfulJobsHistoryLimit"), 3, 0),
    "jobs.failedJobsHistoryLimit": (9, lambda them: crd_default(them, "failedJobsHistoryLimit"), 3, 9),
    "fence.enabled": (
        False,
        lambda them: names(them, "ValidatingAdmissionPolicy") + names(them, "ValidatingAdmissionPolicyBinding"),
        *([FENCE, FENCE], []),
    ),
    "lockdown.enabled": (
        *(True, lambda them: names(them, "ValidatingAdmissionPolicyBinding")),
        *([FENCE], [FENCE, LOCKDOWN]),
    ),
    "lockdown.images": (["a/b:"], allowed_images, "[]", '["a/b:"]'),
    "crds.install": (False, lambda them: names(them, "CustomResourceDefinition"), [CRD], []),
    "crds.keep": (False, kept, ["keep"] * 3, [None] * 3),
    "networkPolicy.enabled": (True, lambda them: names(them, "NetworkPolicy"), [], ["tally"]),
    "networkPolicy.apiServerPorts": (
        [7443],
        lambda them: [each["port"] for each in the(them, "NetworkPolicy")["spec"]["egress"][0]["ports"]],
        *([443, 6443], [7443]),
    ),
    "serviceMonitor.enabled": (True, lambda them: names(them, "ServiceMonitor"), [], ["tally"]),
    "serviceMonitor.labels": (
        *({"release": "p"}, lambda them: at(the(them, "ServiceMonitor"), "metadata", "labels", "release")),
        *(None, "p"),
    ),
    "prometheusRule.enabled": (True, lambda them: names(them, "PrometheusRule"), [], ["tally"]),
    "prometheusRule.labels": (
        *({"release": "p"}, lambda them: at(the(them, "PrometheusRule"), "metadata", "labels", "release")),
        *(None, "p"),
    ),
    "dashboard.enabled": (True, lambda them: "tally-dashboard" in names(them, "ConfigMap"), False, True),
    "dashboard.labels": (
        {"grafana_dashboard": "no", "g": "1"},
        lambda them: [at(the(them, "ConfigMap", "tally-dashboard"), "metadata", "labels", each) for each in GRAFANA],
        *(["1", None], ["no", "1"]),
    ),
}
# What must be on for a value to be seen.
BESIDES = {
    name: nested(f"{name.partition('.')[0]}.enabled", True)
    for name in SWITCHES
    if name.startswith(("lockdown.", "networkPolicy.", "serviceMonitor.", "prometheusRule.", "dashboard."))
    and not name.endswith(".enabled")
}


@pytest.mark.parametrize("name", SWITCHES)
def test_a_value_switches_what_it_says(name: str) -> None:
    value, look, without, with_it = SWITCHES[name]
    besides = BESIDES.get(name, {})
    assert look(rendered(besides)) == without
    head, _, rest = name.partition(".")
    assert look(rendered({head: {**besides[head], rest: value}} if besides else nested(name, value))) == with_it


def test_every_value_has_such_a_test() -> None:
    found = chart_docs.values((demo.CHART / "values.yaml").read_text())
    assert sorted(each.path for each in found) == sorted(SWITCHES)


def test_what_is_empty_makes_no_map_for_the_operator() -> None:
    assert names(rendered(), "ConfigMap") == []
    assert operator(rendered(), *POD, "volumes") is None


def test_two_settings_of_the_jobs_container_stand_in_one_entry() -> None:
    found = rendered({"jobs": {"resources": RESOURCES, "securityContext": {"privileged": False}}})
    assert job_template(found, "containers") == [
        {"name": "job", "resources": RESOURCES, "securityContext": {"privileged": False}}
    ]


def test_another_template_for_jobs_starts_the_operator_anew() -> None:
    first, second = (rendered({"jobs": {"nodeSelector": {"pool": pool}}}) for pool in ("a", "b"))
    mark = ("spec", "template", "metadata", "annotations")
    assert operator(first, *mark) != operator(second, *mark)


def test_a_spread_of_ones_own_choice_stays_as_it_is() -> None:
    own = {**SPREAD, "labelSelector": {"matchLabels": {"a": "b"}}}
    found = rendered({"topologySpreadConstraints": [own]})
    assert operator(found, *POD, "topologySpreadConstraints") == [own]


@pytest.mark.parametrize("kind", ["ClusterRole", "ClusterRoleBinding"])
def test_with_namespaces_there_are_roles_in_them_and_nothing_for_the_cluster(kind: str) -> None:
    found = rendered({"watch": {"namespaces": ["a", "b"]}})
    assert names(found, kind) == []
    whole = the(rendered(), "ClusterRole")["rules"]
    roles = [each for each in found if each["kind"] == "Role" and each["metadata"]["name"] == "tally"]
    assert {each["metadata"]["namespace"]: each["rules"] for each in roles} == {"a": whole, "b": whole}
    bindings = [each for each in found if each["kind"] == "RoleBinding" and each["metadata"]["name"] == "tally"]
    for binding in bindings:
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "tally", "namespace": "tally-system"}]
        assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tally"}
    assert sorted(each["metadata"]["namespace"] for each in bindings) == ["a", "b"]
    # What the whole cluster has besides is its own resource and the fence, each with a switch.
    bare = rendered({"watch": {"namespaces": ["a"]}, "crds": {"install": False}, "fence": {"enabled": False}})
    assert all("namespace" in each["metadata"] for each in bare)


def test_the_lock_is_for_the_namespaces_that_are_watched() -> None:
    found = rendered({"watch": {"namespaces": ["a"]}, "lockdown": {"enabled": True}})
    binding = the(found, "ValidatingAdmissionPolicyBinding", LOCKDOWN)
    (expression,) = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
    assert expression == {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a"]}
    anywhere = the(rendered({"lockdown": {"enabled": True}}), "ValidatingAdmissionPolicyBinding", LOCKDOWN)
    assert "matchResources" not in anywhere["spec"]


def test_the_metrics_are_scraped_by_the_services_port_and_keep_their_namespaces() -> None:
    found = rendered({"serviceMonitor": {"enabled": True}})
    (endpoint,) = the(found, "ServiceMonitor")["spec"]["endpoints"]
    # Without it Prometheus would call the ScheduledJob's namespace `exported_namespace`, and no alert would name it.
    assert endpoint == {"port": "http", "path": "/metrics", "honorLabels": True}
    selector = the(found, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    service = the(found, "Service")
    assert selector.items() <= service["metadata"]["labels"].items()
    assert service["spec"]["selector"] == operator(found, "spec", "selector", "matchLabels")
    (port,) = service["spec"]["ports"]
    assert (port["name"], port["targetPort"]) == ("http", operator(found, *CONTAINER, "ports", 0, "name"))


def test_the_alerts_and_the_dashboard_are_the_files() -> None:
    files = demo.CHART / "files"
    found = rendered({"prometheusRule": {"enabled": True}, "dashboard": {"enabled": True}})
    assert the(found, "PrometheusRule")["spec"] == yaml.safe_load((files / "alerts.yaml").read_text())
    (board,) = the(found, "ConfigMap", "tally-dashboard")["data"].values()
    assert json.loads(board) == json.loads((files / "dashboard.json").read_text())


def test_the_helm_test_runs_where_somebody_watches() -> None:
    for namespaces, expected in ([], "tally-system"), (["a", "b"], "a"):
        found = rendered({"watch": {"namespaces": namespaces}})
        hooks = [each for each in found if "helm.sh/hook" in each["metadata"].get("annotations", {})]
        kinds = {"ScheduledJob", "Pod", "Role", "RoleBinding", "ServiceAccount"}
        assert {each["kind"] for each in hooks} == kinds
        # The pod is in the release's own namespace, where `helm test --logs` looks for it.
        at_home = {each["kind"] for each in hooks if each["metadata"]["namespace"] == "tally-system"}
        assert at_home == ({"Pod", "ServiceAccount"} if namespaces else kinds)
        assert {each["metadata"]["namespace"] for each in hooks} == {"tally-system", expected}
