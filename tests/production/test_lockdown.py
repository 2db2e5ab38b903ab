"""The lock on what ScheduledJobs may run, the real API server's word for it."""

import json

import pytest
from tally_cluster.settings import Cluster

from tests.e2e.kube import Answer, Json, Kubectl, scheduled_job
from tests.e2e.waiting import eventually
from tests.production.story import SHOP, STOCK

pytestmark = pytest.mark.usefixtures("told")
TEMPLATE = "spec.template is locked by this cluster's administrators (lockdown.enabled): leave it out"
IMAGE = "spec.image is locked by this cluster's administrators (lockdown.enabled): leave it out for the runner image"


@pytest.fixture
def shop(production: Cluster) -> Kubectl:
    """The namespace that is locked, as an administrator: the lock holds for everybody."""
    return Kubectl(production, SHOP)


def tried(kubectl: Kubectl, **spec: object) -> Answer:
    """Ask the API server what it would say."""
    return kubectl.ask("create", "--dry-run=server", "--filename=-", stdin=json.dumps(scheduled_job("tried", **spec)))


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"template": {}},
        {"image": "tally.local/other:1"},
        {"input": {"template": "x"}, "timeoutSeconds": 5, "retries": 2},
        {"template": {"spec": {"containers": [{"name": "job", "args": ["check"]}]}}},
    ],
)
def test_what_only_names_a_job_is_let_in(shop: Kubectl, spec: Json) -> None:
    answer = tried(shop, **spec)
    assert answer.code == 0, answer.err


@pytest.mark.parametrize(
    "template",
    [
        {"spec": {"serviceAccountName": "admin"}},
        {"spec": {"hostNetwork": True}},
        {"spec": None},
        {"spec": {}},
        {"metadata": {"labels": {"a": "b"}}},
        {"spec": {"containers": [{"name": "job", "args": ["run", "other"]}]}},
        {"spec": {"containers": [{"name": "job", "args": ["check"], "command": ["sh"]}]}},
        {"spec": {"containers": [{"name": "job", "args": ["check"]}, {"name": "x", "image": "x"}]}},
        {"spec": {"containers": [{"name": "job", "args": ["check"]}], "hostPID": True}},
        {"spec": {"containers": [{"name": "job", "args": ["check"]}]}, "metadata": {}},
    ],
)
def test_a_template_is_refused(shop: Kubectl, template: Json) -> None:
    answer = tried(shop, template=template)
    assert answer.code != 0
    assert TEMPLATE in answer.err


@pytest.mark.parametrize("image", ["evil:1", "tally.local", "tally.local.evil/x", "x/tally.local/y", " tally.local/x"])
def test_an_image_from_elsewhere_is_refused(shop: Kubectl, image: str) -> None:
    answer = tried(shop, image=image)
    assert answer.code != 0
    assert f"{IMAGE}, or take one that begins with tally.local/" in answer.err


def test_another_namespace_is_not_locked(production: Cluster) -> None:
    stock = Kubectl(production, STOCK)
    assert tried(stock, image="any:1", template={"spec": {"nodeSelector": {"a": "b"}}}).code == 0


def test_what_was_there_before_the_lock_is_refused_a_change_but_can_be_deleted(shop: Kubectl) -> None:
    refused = shop.ask("patch", "sj", "edited", "--type=merge", "--patch", '{"spec": {"suspend": true}}')
    assert TEMPLATE in refused.err
    # The garbage collector takes its own finalizer off by an update.
    shop.run("delete", "sj", "edited", "--cascade=foreground", "--wait=false")
    eventually(lambda: shop.get("sj", "edited") is None, 60, "it is gone")
    assert shop.get("cronjob", "edited") is None
