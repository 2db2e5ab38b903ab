"""Whatever a field holds is refused in plain words, or told in a condition, or is just data; nobody else notices."""

import json
import time
from collections.abc import Iterator
from functools import partial

from tests.e2e.kube import scheduled_job
from tests.e2e.waiting import eventually
from tests.integration.apiserver import AnswerError, Json
from tests.integration.operator_process import Operator
from tests.integration.scenes import scene_with_operator
from tests.integration.shop import FAR, Shop

# As many bytes as the API server takes: etcd's limit is 1.5 MiB a request.
HUGE = "x" * 1_400_000
METACHARACTERS = [
    "{{ 7 * 7 }}",
    "{% for each in range(10) %}{{ each }}{% endfor %}",
    "{# gone #}",
    '": {evil: true} #',
    "'\"\\",
    "a\n  evil: true",
    "&anchor *alias",
    "!!python/object/apply:os.system ['true']",
    "---\nkind: Secret",
    "%YAML 1.1",
    "<<: *x",
    "~",
    "null",
    "yes",
    "0o17",
    "1e3",
    "$(TALLY_INPUT) $$",
    "\u2028\u0085\ufeff\u200f",
    "\U0001f4a5" * 50,
    "\u0000",
    " ",
]
WRONG_TYPES: list[object] = [None, True, -1, 2**31, 2**63 - 1, 0.5, "", [], {}, [[]], {"a": 1}, [None], "1"]
FIELDS = [
    "name",
    "schedule",
    "numberOfExecutions",
    "timeZone",
    "concurrencyPolicy",
    "suspend",
    "startingDeadlineSeconds",
    "timeoutSeconds",
    "retries",
    "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit",
    "input",
    "image",
    "template",
]
IN_TEMPLATE = ["labels", "annotations", "env", "args", "command", "serviceAccountName", "nodeSelector"]
MOST_LEVELS = 9_900  # the API server takes up to 10,000
TOLD_SECONDS = 60.0


def deep(levels: int) -> Json:
    """Nest objects."""
    value: Json = {}
    for _ in range(levels):
        value = {"deeper": value}
    return value


def hostile_specs() -> Iterator[Json]:
    """Give every field every hostile value, one at a time."""
    for field in FIELDS:
        for value in (*WRONG_TYPES, *METACHARACTERS, HUGE, deep(90)):
            yield {field: value}
    for field in IN_TEMPLATE:
        for value in (*WRONG_TYPES, *METACHARACTERS):
            yield {"template": in_template(field, value)}
    yield {"input": [HUGE[:200_000]] * 5}
    yield {"template": {"metadata": {"annotations": {"a": HUGE[:250_000]}}}}
    yield {"template": {"spec": {"containers": [{"name": f"c{number}"} for number in range(2_000)]}}}
    yield {"template": {"spec": {"containers": [{"name": "job", "env": [{"name": "A", "value": HUGE}]}]}}}


def nested(levels: int) -> str:
    """Write JSON that is nested so deeply that Python's own would not."""
    return '{"a":' * levels + "1" + "}" * levels


def in_template(field: str, value: object) -> Json:
    """Put a value where a pod template has the field."""
    if field in ("labels", "annotations"):
        return {"metadata": {field: {"key": value}}}
    if field in ("serviceAccountName", "nodeSelector"):
        return {"spec": {field: {"key": value} if field == "nodeSelector" else value}}
    inner = [{"name": "A", "value": value}] if field == "env" else [value]
    return {"spec": {"containers": [{"name": "job", field: inner}]}}


@scene_with_operator
def test_hostile_fields(shop: Shop, operator: Operator) -> None:
    taken: dict[str, Json] = {}
    for number, hostile in enumerate(hostile_specs()):
        name = f"hostile-{number}"
        body = scheduled_job(name)
        body["spec"] = {**body["spec"], "schedule": FAR, **hostile}
        refusal = _refusal(shop, body)
        if refusal is None:
            taken[name] = hostile
        else:
            assert refusal.status in (400, 413, 422, 500), (_short(hostile), refusal)
            assert str(refusal).strip()
    assert len(taken) > 100, "most of it never reached the operator"
    began = time.monotonic()
    shop.apply("calm", schedule=FAR)
    shop.wait_for_reason("calm", "Scheduled", TOLD_SECONDS)
    print(
        f"{len(taken)} hostile ScheduledJobs; a good one beside them was ready after {time.monotonic() - began:.1f} s"
    )
    for name, hostile in taken.items():
        eventually(partial(shop.condition, name), TOLD_SECONDS, f"{_short(hostile)} has a condition")
        ready = shop.condition(name)
        assert ready["message"].strip(), hostile
        if ready["status"] == "True":
            _is_just_data(shop, hostile, shop.scheduled_job(name)["spec"]["name"])
    assert operator.lives(), "the operator has not died"


@scene_with_operator
def test_what_is_nested_deeply(shop: Shop, operator: Operator) -> None:
    for field in ("input", "template"):
        text = json.dumps(scheduled_job(f"deep-{field}", schedule=FAR, **{field: "HERE"}))
        shop.kubectl.run("create", "--filename=-", stdin=text.replace('"HERE"', nested(MOST_LEVELS)))
    shop.apply("calm", schedule=FAR)
    shop.wait_for_reason("calm", "Scheduled", TOLD_SECONDS)
    for field in ("input", "template"):
        message = 'jsonpath={.status.conditions[?(@.type=="Ready")].message}'
        told = partial(shop.kubectl.run, "get", "sj", f"deep-{field}", "--output", message)
        eventually(told, TOLD_SECONDS, f"a condition tells of the deep {field}")
    assert operator.lives(), "the operator has not died"


@scene_with_operator
def test_the_longest_line_that_a_watch_can_tell(shop: Shop, operator: Operator) -> None:
    # The API server keeps a Job in fewer bytes than it tells of it: each of these is told as \u003c.
    long = {"name": "a", "image": "a:1", "env": [{"name": "A", "value": HUGE.replace("x", "<")}]}
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": [long]}}, "suspend": True}
    metadata = {"labels": {"tally.dev/owner": "nobody"}}
    for kind, spec in (("jobs", job), ("cronjobs", {"schedule": FAR, "jobTemplate": {"spec": job}})):
        shop.server.create(shop.path(kind), {"metadata": {"name": "long", **metadata}, "spec": spec})
        told = shop.server.merge(shop.path(kind, "long"), {"metadata": {"annotations": {"changed": "true"}}})
        assert len(json.dumps(told)) > 1_400_000
    shop.apply("calm", schedule=FAR)
    shop.wait_for_reason("calm", "Scheduled", TOLD_SECONDS)
    time.sleep(3)
    assert operator.lives(), "the operator has not died"


def _is_just_data(shop: Shop, hostile: Json, cronjob_name: str) -> None:
    cronjob = shop.cronjob(cronjob_name)
    assert cronjob is not None, _short(hostile)
    pod = cronjob["spec"]["jobTemplate"]["spec"]["template"]
    (job,) = [each for each in pod["spec"]["containers"] if each["name"] == "job"]
    if "input" in hostile:
        given = [each.get("value", "") for each in job["env"] if each["name"] == "TALLY_INPUT"]
        expected = hostile["input"]
        assert (json.loads(given[0]) if given and given[0] else None) == expected, _short(hostile)
    if isinstance(hostile.get("image"), str):
        assert job["image"] == hostile["image"]
    assert "evil" not in json.dumps(list(cronjob["spec"])) + json.dumps(list(pod["spec"])), _short(hostile)


def _refusal(shop: Shop, body: Json) -> AnswerError | None:
    try:
        shop.server.create(shop.path("scheduledjobs"), body)
    except AnswerError as error:
        return error
    return None


def _short(hostile: Json) -> str:
    return json.dumps(hostile)[:200]
