"""A CronJob as a ScheduledJob: what is carried over, and that the pods stay what they were."""

import contextlib
import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from tally.errors import InputError
from tally.from_cronjob import Converted, convert, cronjobs
from tally_operator import render
from tally_operator.model import Spec
from tally_operator.observed import Key, Window

from tests.unit.runner.command import Command

Json = dict[str, Any]
DEFAULTS = render.Defaults(runner_image="runner.example/jobs:1")
OURS = ("TALLY_JOB_NAME", "TALLY_INPUT", "TALLY_LIMIT", "TALLY_LOG_FORMAT")
PLAIN: Json = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "backup"},
    "spec": {
        "schedule": "0 3 * * *",
        "jobTemplate": {
            "spec": {
                "template": {
                    "spec": {
                        "restartPolicy": "OnFailure",
                        "containers": [{"name": "backup", "image": "postgres:16", "command": ["pg_dump"]}],
                    }
                }
            }
        },
    },
}
RENAMED = "The container backup is now named job."
USER = (
    "The CronJob leaves runAsUser and runAsGroup to its image; here it is 65532. If the image needs another, write it "
    "into spec.template.spec.securityContext, such as runAsUser: 0 for root."
)
ROOT: Json = {"securityContext": {"runAsUser": 0, "runAsGroup": 0}}
# What Kubernetes means by a field that is absent; and what is told, or does no harm.
KUBERNETES = {
    "automountServiceAccountToken": True,
    "enableServiceLinks": True,
    "runAsNonRoot": False,
    "allowPrivilegeEscalation": True,
    "readOnlyRootFilesystem": False,
    "drop": [],
}
OTHERWISE = {"runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}}


def cronjob(*, spec: Json | None = None, job: Json | None = None, pod: Json | None = None, **more: Json) -> Json:
    """Write the plain CronJob with fields of its spec, its Job's, and its pod's; `more` is metadata and container."""
    made = copy.deepcopy(PLAIN)
    made["metadata"] |= more.get("metadata", {})
    made["spec"] |= spec or {}
    of_job = made["spec"]["jobTemplate"]["spec"]
    of_job |= job or {}
    of_job["template"]["spec"] |= pod or {}
    of_job["template"]["spec"]["containers"][0] |= more.get("container", {})
    if "labels" in more:
        of_job["template"]["metadata"] = more["labels"]
    return made


def converted(**fields: Any) -> Converted:  # noqa: ANN401 (JSON)
    return convert(cronjob(**fields))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param(
            {},
            {
                "schedule": "0 3 * * *",
                "concurrencyPolicy": "Allow",
                "retries": 6,
                "failedJobsHistoryLimit": 1,
                "image": "postgres:16",
            },
            id="what a CronJob means by what it leaves out",
        ),
        pytest.param({"spec": {"concurrencyPolicy": "Forbid"}}, {"concurrencyPolicy": None}, id="our default"),
        pytest.param({"spec": {"concurrencyPolicy": "Replace"}}, {"concurrencyPolicy": "Replace"}, id="policy"),
        pytest.param({"spec": {"timeZone": "Asia/Tokyo"}}, {"timeZone": "Asia/Tokyo"}, id="zone"),
        pytest.param({"spec": {"suspend": True}}, {"suspend": True}, id="suspend"),
        pytest.param({"spec": {"suspend": False}}, {"suspend": None}, id="not suspended"),
        pytest.param({"spec": {"startingDeadlineSeconds": 0}}, {"startingDeadlineSeconds": 0}, id="deadline"),
        pytest.param(
            {"spec": {"successfulJobsHistoryLimit": 0, "failedJobsHistoryLimit": 3}},
            {"successfulJobsHistoryLimit": 0, "failedJobsHistoryLimit": None},
            id="history",
        ),
        pytest.param({"job": {"activeDeadlineSeconds": 90}}, {"timeoutSeconds": 90}, id="timeout"),
        pytest.param({"job": {"backoffLimit": 0}}, {"retries": None}, id="retries"),
        pytest.param({"spec": {"schedule": "@every 5m"}}, {"schedule": "@every 5m"}, id="every five minutes"),
        pytest.param({"spec": {"concurrencyPolicy": None}}, {"concurrencyPolicy": "Allow"}, id="null is absent"),
        pytest.param({"labels": {"creationTimestamp": None}}, {"schedule": "0 3 * * *"}, id="as kubectl writes it"),
    ],
)
def test_a_field_is_carried_over_without_a_word(fields: Json, expected: Json) -> None:
    (source,) = cronjobs([cronjob(**fields)])
    made = convert(source)
    assert {key: made.manifest["spec"].get(key) for key in expected} == expected
    assert made.notes == (RENAMED, USER)


@pytest.mark.parametrize(
    ("fields", "expected", "note"),
    [
        (
            {"spec": {"schedule": "TZ=Europe/Berlin 0 3 * * 1"}},
            {"schedule": "0 3 * * 1", "timeZone": "Europe/Berlin"},
            "The zone in the schedule is now spec.timeZone: Europe/Berlin.",
        ),
        (
            {"spec": {"schedule": "CRON_TZ=UTC @daily"}},
            {"schedule": "@daily", "timeZone": "UTC"},
            "The zone in the schedule is now spec.timeZone: UTC.",
        ),
        *(
            (
                {"spec": {"schedule": f"0 3 * * {crontab}"}},
                {"schedule": f"0 3 * * {ours}"},
                f'Sunday is 0 and not 7: the schedule "0 3 * * {crontab}" is now "0 3 * * {ours}".',
            )
            for crontab, ours in [("7", "0"), ("1,7", "1,0"), ("5-7", "5-6,0"), ("6-7", "6,0"), ("2,6-7", "2,6,0")]
        ),
        (
            {"metadata": {"name": "shop.backup"}},
            {"name": "shop-backup"},
            "The name shop.backup is not carried over: a ScheduledJob's has at most 52 characters and no dots, "
            "and this one is shop-backup.",
        ),
        (
            {"metadata": {"name": "a" * 51 + "-b"}},
            {"name": "a" * 51},
            f"The name {'a' * 51}-b is not carried over: a ScheduledJob's has at most 52 characters and no dots, "
            f"and this one is {'a' * 51}.",
        ),
        (
            {"metadata": {"name": None, "generateName": "backup-"}},
            {"name": "backup"},
            "metadata.generateName is not carried over: a ScheduledJob keeps its name, and this one is backup.",
        ),
        *(
            ({"job": {field: value}}, {}, f"spec.jobTemplate.spec.{field} is not carried over: {why}.")
            for field, value, why in [
                ("parallelism", 2, "an execution is one pod"),
                ("completions", 5, "an execution is one pod"),
                ("completionMode", "Indexed", "an execution is one pod"),
                ("podFailurePolicy", {"rules": []}, "every failed pod counts against spec.retries"),
                (
                    "ttlSecondsAfterFinished",
                    60,
                    "a Job stays until it is counted, and then as the history limits say",
                ),
                ("brandNew", 1, "a ScheduledJob has no counterpart"),
            ]
        ),
        (
            {"metadata": {"ownerReferences": [{"kind": "Shop"}]}},
            {},
            "metadata.ownerReferences is not carried over: if its Shop makes the CronJob, it makes it again.",
        ),
        (
            {"metadata": {"annotations": {"meta.helm.sh/release-name": "shop"}}},
            {},
            "meta.helm.sh/release-name is not carried over: it marks the CronJob as that of the tool that applied it.",
        ),
        (
            {"labels": {"labels": {"app.kubernetes.io/name": "backup", "team": "data"}}},
            {},
            "Tally writes the pods' labels app.kubernetes.io/name itself: look at what selects pods by them.",
        ),
        (
            {"pod": {"volumes": [{"name": "tmp", "emptyDir": {}}]}},
            {},
            "Its volume tmp is mounted at /tmp besides, as Tally's own of that name would be.",
        ),
    ],
)
def test_what_changes_is_told(fields: Json, expected: Json, note: str) -> None:
    (source,) = cronjobs([cronjob(**fields)])
    made = convert(source)
    assert set(made.notes) == {note, RENAMED, USER}
    assert {key: made.manifest["spec"].get(key) for key in expected} == expected


@pytest.mark.parametrize(
    "same", [{"parallelism": 1}, {"completions": 1}, {"completionMode": "NonIndexed"}, {"suspend": False}]
)
def test_what_says_the_same_as_nothing_is_not_told(same: Json) -> None:
    assert converted(job=same).notes == (RENAMED, USER)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"spec": {"schedule": "@every 90s"}}, '"@every 90s": '),
        ({"spec": {"schedule": "0 22-3 * * *"}}, "runs backwards"),
        ({"spec": {"schedule": "0 3 * * 7/2"}}, "Sunday is 0"),
        ({"spec": {"schedule": None}}, "it has no spec.schedule. Write one"),
        ({"spec": {"timeZone": "Europe/Berln"}}, "Europe/Berlin"),
        ({"metadata": {"name": None}}, "it has no metadata.name. Write one"),
        ({"metadata": {"name": "Backup"}}, "cannot name a CronJob"),
        ({"pod": {"containers": []}}, "its pod needs containers, each with a name"),
        ({"pod": {"initContainers": [{"name": "job"}]}}, "its init container is named job"),
        ({"job": {"backoffLimit": -1}}, "retries"),
    ],
)
def test_what_cannot_become_one_is_an_error(fields: Json, says: str) -> None:
    source = cronjob(**{key: value for key, value in fields.items() if key != "pod" or value.get("containers") is None})
    if fields.get("pod", {}).get("containers") == []:
        source["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"] = []
    with pytest.raises(InputError, match=r"^CronJob .*") as raised:
        convert(source)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="nothing said"),
        pytest.param({"container": {"args": ["--all", "20:00"]}}, id="arguments"),
        pytest.param({"container": {"securityContext": {"runAsUser": 70}}}, id="a user of the container's"),
        pytest.param({"container": {"securityContext": {"capabilities": {"add": ["CHOWN"]}}}}, id="a capability"),
        pytest.param({"container": {"securityContext": {"capabilities": {"drop": ["KILL"]}}}}, id="a dropped one"),
        pytest.param({"container": {"securityContext": {"readOnlyRootFilesystem": True}}}, id="read-only"),
        pytest.param({"pod": {"securityContext": {"runAsUser": 0}}}, id="root"),
        pytest.param(
            {"pod": {"securityContext": {"fsGroup": 70, "seccompProfile": {"type": "Unconfined"}}}}, id="a group"
        ),
        pytest.param(
            {"pod": {"automountServiceAccountToken": False, "serviceAccountName": "backup"}}, id="an account of its own"
        ),
        pytest.param({"pod": {"enableServiceLinks": True, "restartPolicy": "Never"}}, id="said"),
        pytest.param(
            {
                "pod": {
                    "initContainers": [{"name": "wait", "image": "busybox:1"}],
                    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
                    "nodeSelector": {"disk": "fast"},
                },
                "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}], "env": [{"name": "A"}]},
            },
            id="volumes",
        ),
    ],
)
def test_the_pod_is_what_it_was(fields: Json) -> None:
    source = cronjob(**fields)
    before = source["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    before["containers"][0]["name"] = "job"
    assert rendered(convert(source).manifest) == as_kubernetes_means(before)


def test_a_sidecar_stays_and_the_default_container_is_the_job() -> None:
    profile = "container.apparmor.security.beta.kubernetes.io"
    annotations = {"kubectl.kubernetes.io/default-container": "dump", f"{profile}/dump": "x", f"{profile}/backup": "y"}
    source = cronjob(labels={"annotations": annotations})
    pod = source["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod["containers"].append({"name": "dump", "image": "dump:1", "env": [cpu_of("dump"), cpu_of("backup")]})
    made = convert(source)
    assert made.notes == ("The container dump is now named job; beside it stay as they are: backup.", USER)
    assert made.manifest["spec"]["image"] == "dump:1"
    assert made.manifest["spec"]["template"]["metadata"] == {
        "annotations": {
            "kubectl.kubernetes.io/default-container": "job",
            f"{profile}/job": "x",
            f"{profile}/backup": "y",
        }
    }
    containers = {each["name"]: each for each in made.manifest["spec"]["template"]["spec"]["containers"]}
    assert containers["backup"] == {"name": "backup", "image": "postgres:16", "command": ["pg_dump"]}
    assert containers["job"]["env"] == [cpu_of("job"), cpu_of("backup")]


def test_labels_and_annotations_of_people_are_carried_over() -> None:
    last = "kubectl.kubernetes.io/last-applied-configuration"
    metadata = {"labels": {"team": "data"}, "annotations": {"runbook": "backup.md", last: "{}"}, "namespace": "shop"}
    made = converted(metadata={**metadata, "uid": "u", "resourceVersion": "7"})
    assert made.manifest["metadata"] == {
        "name": "backup",
        "namespace": "shop",
        "labels": {"team": "data"},
        "annotations": {"runbook": "backup.md"},
    }
    assert made.notes == (RENAMED, USER)


def test_documents_and_lists_of_all_kinds() -> None:
    bare = {key: value for key, value in PLAIN.items() if key not in ("kind", "apiVersion")}
    documents = [
        None,
        {"kind": "Deployment"},
        PLAIN,
        {"kind": "List", "items": [PLAIN, {"kind": "Secret"}]},
        {"kind": "CronJobList", "items": [bare]},
    ]
    assert [each["metadata"]["name"] for each in cronjobs(documents)] == ["backup"] * 3


def test_the_command_prints_yaml_with_comments(command: Command) -> None:
    script = "echo one\necho two\n"
    source = cronjob(metadata={"namespace": "shop"}, container={"args": ["20:00", "1e3", script]})
    other = cronjob(metadata={"name": "other"})
    (command.folder / "backup.yaml").write_text(f"{json.dumps(source)}\n---\n{json.dumps(other)}")
    said = command("manifests", "--from-cronjob", "backup.yaml")
    assert (said.code, said.err) == (
        0,
        "".join(f"CronJob {name}: {note}\n" for name in ("shop/backup", "other") for note in (RENAMED, USER)),
    )
    assert said.out.startswith(
        "# Made by `tally manifests` from the CronJob shop/backup. Delete that one first, as both would run:\n"
        "# kubectl -n shop delete cronjob backup --cascade=orphan\n"
    )
    assert f"\n# {RENAMED}\n# {USER}\napiVersion: tally.dev/v1\n" in said.out
    first, second = yaml.safe_load_all(said.out)
    assert first["spec"]["template"]["spec"]["containers"][0]["args"] == ["20:00", "1e3", script]
    assert '- "1e3"\n' in said.out
    assert "- |\n          echo one\n          echo two\n" in said.out
    assert second["metadata"] == {"name": "other"}


def test_namespace_and_image_of_the_command_win(command: Command) -> None:
    (command.folder / "backup.json").write_text(yaml.safe_dump(cronjob(metadata={"namespace": "shop"})))
    said = command("manifests", "--from-cronjob", "backup.json", "--namespace", "new", "--image", "postgres:17")
    made = yaml.safe_load(said.out)
    assert (made["metadata"]["namespace"], made["spec"]["image"]) == ("new", "postgres:17")
    assert "kubectl -n shop delete cronjob backup" in said.out


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("a: [", 2, "backup.yaml is no YAML: "),
        ("kind: Deployment", 1, "error: No CronJobs in backup.yaml."),
        (yaml.safe_dump_all([PLAIN, PLAIN]), 1, "error: CronJob backup: its ScheduledJob would be backup, as that of"),
        (yaml.safe_dump_all([PLAIN, cronjob(metadata={"name": None})]), 1, "error: CronJob (without a name): "),
    ],
)
def test_what_is_wrong_with_the_file_is_said_and_nothing_printed(
    command: Command, text: str, code: int, says: str
) -> None:
    (command.folder / "backup.yaml").write_text(text)
    said = command("manifests", "--from-cronjob", "backup.yaml")
    assert (said.code, said.out) == (code, "")
    assert says in said.err


def test_a_file_that_is_not_there_and_names_beside_it(command: Command) -> None:
    assert command("manifests", "--from-cronjob", "gone.yaml").err.endswith(
        "gone.yaml cannot be read: No such file or directory.\n"
    )
    assert "leave the names out" in command("manifests", "backup", "--from-cronjob", "gone.yaml").err


def cpu_of(container: str) -> Json:
    return {"name": "CPU", "valueFrom": {"resourceFieldRef": {"containerName": container, "resource": "limits.cpu"}}}


def rendered(manifest: Json) -> Json:
    """Give the pod that the operator makes of a ScheduledJob, less what every pod of Tally's has besides."""
    spec = Spec.model_validate(manifest["spec"], extra="forbid")
    window = Window(after=datetime(2026, 1, 1, tzinfo=UTC))
    body = render.cronjob(Key("shop", "backup"), "uid", spec, window, DEFAULTS)
    pod: Json = body["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (job,) = (each for each in pod["containers"] if each["name"] == "job")
    job["env"] = [each for each in job["env"] if each["name"] not in OURS]
    job["volumeMounts"] = [each for each in job["volumeMounts"] if each["name"] != "tmp"]
    pod["volumes"] = [each for each in pod["volumes"] if each["name"] != "tmp"]
    return as_kubernetes_means(pod)


def as_kubernetes_means(pod: Json) -> Json:
    """Leave out what is the same as absent."""
    kept: Json = without(pod)
    return kept


def without(value: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, dict):
        same = KUBERNETES | OTHERWISE
        made = {key: without(each) for key, each in value.items() if key not in same or same[key] != each}
        return {key: each for key, each in made.items() if each not in ([], {})}
    return [without(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("pod", "container", "unsaid"),
    [
        ({"securityContext": {"runAsUser": 0}}, {}, "runAsGroup to its image"),
        ({}, {"securityContext": {"runAsUser": 0, "runAsGroup": 0}}, ""),
        (
            {"initContainers": [{"name": "wait"}]},
            {"securityContext": {"runAsUser": 0, "runAsGroup": 0}},
            "runAsUser and",
        ),
    ],
)
def test_a_user_that_is_left_to_the_image_is_told(pod: Json, container: Json, unsaid: str) -> None:
    told = [note for note in converted(pod=pod, container=container).notes if "to its image" in note]
    assert [f"The CronJob leaves {unsaid}" in note for note in told] == [True] * bool(unsaid)


RICH = cronjob(
    metadata={
        "labels": {"a": "b"},
        "annotations": {"a": "b"},
        "ownerReferences": [{"kind": "Shop"}],
        "finalizers": ["x"],
    },
    spec={"timeZone": "Etc/UTC", "suspend": False, "startingDeadlineSeconds": 1, "failedJobsHistoryLimit": 1},
    job={"backoffLimit": 1, "activeDeadlineSeconds": 1, "parallelism": 1},
    pod={"securityContext": {"runAsUser": 0}, "volumes": [{"name": "x"}], "initContainers": [{"name": "wait"}]},
    container={
        "args": ["x"],
        "volumeMounts": [{"mountPath": "/x"}],
        "securityContext": {"capabilities": {"drop": ["ALL"]}},
    },
    labels={"labels": {"a": "b"}, "annotations": {"a": "b"}},
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 (JSON)
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, each in inner for found in paths(each, (*path, key)))]


@pytest.mark.parametrize("wrong", [7, "x", True, [], {}, ["x"], [7], {"x": 7}, [[]], [{}]], ids=repr)
def test_whatever_stands_in_a_file_is_told_in_words(wrong: object) -> None:
    for *above, last in paths(RICH)[1:]:
        source = copy.deepcopy(RICH)
        place: Any = source
        for key in above:
            place = place[key]
        place[last] = wrong
        for found in cronjobs([source]):
            with contextlib.suppress(InputError):
                convert(found)
