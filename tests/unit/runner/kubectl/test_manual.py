"""The Job of a run by hand."""

from tally.kubectl.manual import from_cronjob, from_job

from tests.unit.runner.kubectl.objects import Json, job, scheduled_job

FENCE = {"tally.dev/after": "2026-03-01T00:00:00Z", "tally.dev/not-after": "2026-03-02T00:00:00Z"}
LABELS = {"tally.dev/name": "sync-products", "tally.dev/owner": "uid-of-sync-products"}
OWN_LABELS = {
    "batch.kubernetes.io/controller-uid": "1",
    "batch.kubernetes.io/job-name": "x",
    "controller-uid": "1",
    "job-name": "x",
}


def cronjob() -> Json:
    env = [{"name": "TALLY_INPUT", "value": '{"a": 1}'}, {"name": "TALLY_LIMIT", "value": "3"}]
    containers = [{"name": "sidecar", "env": [{"name": "TALLY_INPUT", "value": "other"}]}, {"name": "job", "env": env}]
    spec = {"backoffLimit": 0, "template": {"metadata": {"labels": LABELS}, "spec": {"containers": containers}}}
    template = {"metadata": {"labels": LABELS, "annotations": FENCE}, "spec": spec}
    return {"metadata": {"name": "sync-products", "uid": "uid-of-cronjob"}, "spec": {"jobTemplate": template}}


def given(body: Json) -> dict[str, str | None]:
    containers = body["spec"]["template"]["spec"]["containers"]
    return {
        each["name"]: next((env["value"] for env in each.get("env", ()) if env["name"] == "TALLY_INPUT"), None)
        for each in containers
    }


def test_as_kubectl_makes_one_of_a_cronjob() -> None:
    assert from_cronjob(scheduled_job(), cronjob(), None) == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "generateName": "sync-products-manual-",
            "labels": LABELS,
            "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [
                {"apiVersion": "batch/v1", "kind": "CronJob", "name": "sync-products", "uid": "uid-of-cronjob"}
            ],
        },
        "spec": cronjob()["spec"]["jobTemplate"]["spec"],
    }


def test_another_input_goes_to_the_job_s_container_alone() -> None:
    pattern = cronjob()
    body = from_cronjob(scheduled_job(), pattern, '{"b": 2}')
    assert given(body) == {"sidecar": "other", "job": '{"b": 2}'}
    assert [each["name"] for each in body["spec"]["template"]["spec"]["containers"][1]["env"]] == [
        "TALLY_LIMIT",
        "TALLY_INPUT",
    ]
    assert pattern == cronjob()


def test_the_longest_name_leaves_room_for_five_letters() -> None:
    long = scheduled_job(f"{'n' * 49}-{'n' * 2}")
    name = from_cronjob(long, cronjob(), None)["metadata"]["generateName"]
    assert name == f"{'n' * 49}-manual-"
    assert len(name) + 5 <= 63


def test_of_a_job_that_stayed_when_the_cronjob_had_gone() -> None:
    kept = job(None)
    kept["metadata"]["labels"] |= OWN_LABELS
    kept["spec"] = {
        "suspend": False,
        "manualSelector": False,
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "1"}},
        "template": {"metadata": {"labels": LABELS | OWN_LABELS}, "spec": {"containers": [{"name": "job"}]}},
    }
    body = from_job(scheduled_job(), kept, "{}")
    assert body["metadata"]["labels"] == LABELS
    assert body["metadata"]["ownerReferences"] == [
        {"apiVersion": "tally.dev/v1", "kind": "ScheduledJob", "name": "sync-products", "uid": "uid-of-sync-products"}
    ]
    assert body["spec"] == {
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {"containers": [{"name": "job", "env": [{"name": "TALLY_INPUT", "value": "{}"}]}]},
        }
    }
