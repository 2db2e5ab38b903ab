"""Upgrade, rollback, uninstall, installing anew: runs are not disturbed, nothing runs twice, no count is lost."""

import pytest
from tally_cluster import images

from tests.e2e.kube import Json, slot
from tests.production.helm import OLD_OPERATOR
from tests.production.story import LIMITS, Sight, Story

CHANGES = ("rolled_back", "upgraded_again", "uninstalled")  # while runs are under way


def image(pod: Json) -> str:
    return str(pod["spec"]["containers"][0]["image"])


@pytest.mark.parametrize(
    ("moment", "operators"),
    [
        ("installed", [OLD_OPERATOR]),
        ("upgraded", [images.OPERATOR] * 2),
        ("started", [images.OPERATOR] * 2),
        ("rolled_back", [OLD_OPERATOR]),
        ("upgraded_again", [images.OPERATOR] * 2),
        ("uninstalled", []),
        ("reinstalled", [images.OPERATOR] * 2),
    ],
)
def test_the_operators_are_of_the_release(told: Story, moment: str, operators: list[str]) -> None:
    seen: Sight = getattr(told, moment)
    assert [image(pod) for pod in seen.operators] == operators
    for pod in seen.operators:
        (status,) = pod["status"]["containerStatuses"]
        assert (status["ready"], status["restartCount"]) == (True, 0)


@pytest.mark.parametrize("moment", CHANGES)
def test_a_run_that_is_under_way_goes_on(told: Story, moment: str) -> None:
    (before,) = (pod for pod in told.started.pods.values() if pod["metadata"]["labels"]["tally.dev/name"] == "steady")
    assert before["status"]["phase"] == "Running"
    after = getattr(told, moment).pods[before["metadata"]["name"]]
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert "deletionTimestamp" not in after["metadata"]
    assert after["status"]["phase"] in ("Running", "Succeeded")


@pytest.mark.parametrize("moment", [*CHANGES, "alone", "reinstalled"])
def test_nothing_is_started_by_it(told: Story, moment: str) -> None:
    jobs = getattr(told, moment).jobs.values()
    slots = [(_name(job), slot(job)) for job in jobs]
    assert len(set(slots)) == len(slots)
    # Its schedule was changed meanwhile, and both schedules have times that have passed.
    assert "edited" not in {_name(job) for job in jobs}


@pytest.mark.parametrize("moment", [*CHANGES, "alone"])
def test_the_cronjobs_stay_the_same_objects(told: Story, moment: str) -> None:
    before, after = told.started.cronjobs, getattr(told, moment).cronjobs
    assert {name: each["metadata"]["uid"] for name, each in after.items()} == {
        name: each["metadata"]["uid"] for name, each in before.items()
    }
    assert not any(each["spec"]["suspend"] for each in after.values())


@pytest.mark.parametrize("moment", [*CHANGES, "alone", "reinstalled"])
@pytest.mark.parametrize("name", ["steady", "limited", "tidy", "edited"])
def test_no_count_ever_goes_back(told: Story, moment: str, name: str) -> None:
    order = ["started", *CHANGES, "alone", "reinstalled"]
    before: Sight = getattr(told, order[order.index(moment) - 1])
    after: Sight = getattr(told, moment)
    assert after.statuses[name]["executions"] >= before.statuses[name]["executions"]


def test_the_resource_the_fence_and_all_objects_stay_without_a_release(told: Story) -> None:
    assert sorted(told.uninstalled.statuses) == ["edited", "limited", "steady", "tidy"]
    assert told.kept == [
        "validatingadmissionpolicy.admissionregistration.k8s.io/fence.tally.dev",
        "validatingadmissionpolicybinding.admissionregistration.k8s.io/fence.tally.dev",
    ]


def test_without_a_release_the_api_server_still_refuses_a_job_too_many(told: Story) -> None:
    assert told.over_limit.code != 0
    assert "ValidatingAdmissionPolicy 'fence.tally.dev'" in told.over_limit.err
    assert "is after the last execution that is left" in told.over_limit.err


def test_without_a_release_the_cronjobs_go_on_and_nobody_counts(told: Story) -> None:
    assert told.alone.operators == []
    assert told.alone.statuses == told.uninstalled.statuses
    new = [job for name, job in told.alone.jobs.items() if name not in told.uninstalled.jobs]
    assert sorted(_name(job) for job in new) == ["limited", "steady", "tidy"]


def test_installed_anew_it_finds_every_run_once(told: Story) -> None:
    slots = sorted(slot(job) for job in told.reinstalled.jobs.values() if _name(job) == "steady")
    status = told.reinstalled.statuses["steady"]
    assert len(set(slots)) == len(slots) == status["executions"] == status["succeeded"] >= 2
    assert status["missed"] == 0
    assert [each["scheduledTime"] for each in status["recentExecutions"]] in (slots, slots[::-1])


def test_the_upgrade_takes_over_what_the_previous_release_has_made(told: Story) -> None:
    before, after = told.installed.cronjobs["edited"], told.upgraded.cronjobs["edited"]
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert (before["spec"]["schedule"], after["spec"]["schedule"]) == ("0 0 29 2 *", "0 1 29 2 *")


def test_the_limit_that_was_reached_without_an_operator_is_found(told: Story) -> None:
    status = told.reinstalled.statuses["limited"]
    assert (status["tally"], status["succeeded"], status["missed"]) == ("2/2", 2, 0)
    assert "limited" not in told.reinstalled.cronjobs
    assert len([job for job in told.reinstalled.jobs.values() if _name(job) == "limited"]) == 2


def test_counted_runs_whose_jobs_are_not_kept_stay_counted(told: Story) -> None:
    assert told.reinstalled.statuses["tidy"]["executions"] == told.reinstalled.statuses["steady"]["executions"]
    assert [job for job in told.reinstalled.jobs.values() if _name(job) == "tidy"] == []


def test_new_defaults_for_all_jobs_reach_the_cronjobs_and_start_nothing(told: Story) -> None:
    spec = told.reinstalled.cronjobs["steady"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert spec["containers"][0]["resources"] == LIMITS
    assert spec["containers"][0]["args"] == ["15"]
    assert sorted(name for name, job in told.reinstalled.jobs.items() if _name(job) == "steady") == sorted(
        name for name, job in told.alone.jobs.items() if _name(job) == "steady"
    )


def test_when_the_operator_that_leads_is_killed_another_goes_on(told: Story) -> None:
    before, after = (leader.rpartition("_")[0] for leader in told.leaders)
    assert before != after
    # The first one's container is started anew, in the same pod, and stands by.


def test_helm_test_lets_a_scheduled_job_run_once(told: Story) -> None:
    # In the second release, whose leader was killed after the test had begun.
    assert told.tested.code == 0, told.tested.out + told.tested.err
    assert "It ran once, succeeded, and will not run again." in told.tested.out


def _name(job: Json) -> str:
    return str(job["metadata"]["labels"]["tally.dev/name"])
