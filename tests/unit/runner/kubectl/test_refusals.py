"""What the API server's no means to a person."""

import json

import pytest
from tally.kubectl.errors import ClusterError, ConflictError, ForbiddenError, NotFoundError
from tally.kubectl.refusals import refusal
from tally.kubectl.resources import JOBS, SCHEDULED_JOBS, Resource, name_of


def said(status: int, message: str, reason: str = "", *, of: Resource = JOBS, everywhere: bool = False) -> ClusterError:
    content = json.dumps({"kind": "Status", "message": message, **({"reason": reason} if reason else {})})
    return refusal(status, content.encode(), "list", of, None if everywhere else "shop", "here")


def test_which_right_is_missing() -> None:
    message = 'jobs.batch is forbidden: User "jane" cannot list resource "jobs" in API group "batch"'
    error = said(403, message, "Forbidden")
    assert isinstance(error, ForbiddenError)
    assert str(error) == (
        "You may not list jobs.batch in the namespace 'shop'. Ask for that right; to check: "
        "kubectl auth can-i list jobs.batch -n shop"
    )
    assert str(said(403, message, everywhere=True)).endswith("kubectl auth can-i list jobs.batch -A")


def test_an_admission_policy_speaks_for_itself() -> None:
    error = said(403, "ValidatingAdmissionPolicy 'lockdown' denied request: spec.image is locked", "Forbidden")
    assert isinstance(error, ForbiddenError)
    assert str(error).endswith(
        "refused to list jobs.batch in the namespace 'shop': ValidatingAdmissionPolicy "
        "'lockdown' denied request: spec.image is locked"
    )


def test_tally_is_not_installed() -> None:
    error = refusal(404, b"404 page not found\n", "list", SCHEDULED_JOBS, "shop", "here")
    assert not isinstance(error, NotFoundError)
    assert str(error).startswith("The cluster of the context 'here' knows no ScheduledJobs: Tally is not installed")


def test_who_is_not_known() -> None:
    assert str(said(401, "Unauthorized", "Unauthorized")).startswith(
        "The cluster of the context 'here' does not know you: the credentials in your kubeconfig are missing"
    )


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFoundError), (409, ConflictError), (422, ClusterError), (500, ClusterError)]
)
def test_all_else_in_the_server_s_words(status: int, kind: type[ClusterError]) -> None:
    error = said(status, "why", "Any", of=SCHEDULED_JOBS)
    assert type(error) is kind
    assert str(error).endswith(": why")


@pytest.mark.parametrize(
    "reference", ["x", "sj/x", "scheduledjob/x", "scheduledjobs/x", "scheduledjob.tally.dev/x", "ScheduledJob/x"]
)
def test_a_name_as_kubectl_prints_and_takes_it(reference: str) -> None:
    assert name_of(reference) == "x"


def test_another_kind_s_name_is_no_scheduled_job() -> None:
    assert name_of("job/x") == "job/x"
