"""The picture of the cluster: the newer wins, what is gone is gone, and who must look again."""

# ruff: noqa: ANN401 (the fields of any object)

from typing import Any

import pytest
from tally_operator.observed import Key, Observed
from tally_operator.store import Store

from tests.unit.operator.world import at

NEWEST = 1_000  # a listing that is ahead of everything
FIRST, SECOND = Key("shop", "first"), Key("shop", "second")


def body(
    name: str, version: int, *, spec_name: str = "sync", created: str = "12:00:00", uid: str = "", **metadata: Any
) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "shop",
            "name": name,
            "uid": uid or f"uid-of-{name}",
            "resourceVersion": str(version),
            "creationTimestamp": f"2026-01-05T{created}Z",
            **metadata,
        },
        "spec": {"name": spec_name, "schedule": "* * * * *"},
    }


def cronjob(version: int, *, owner: str = "uid-of-first", uid: str = "cronjob-1") -> dict[str, Any]:
    labels = {"tally.dev/owner": owner}
    found = body("sync", version, uid=uid, labels=labels)
    return {**found, "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {}}}}


def job(number: int, version: int, *, owner: str = "uid-of-first", **more: Any) -> dict[str, Any]:
    labels = {"tally.dev/owner": owner, "tally.dev/name": "sync"}
    return {**body(f"sync-{number}", version, labels=labels), "status": {}, **more}


def observe(store: Store, key: Key = FIRST) -> Observed:
    found = store.observe(key, at("12:00"))
    assert found is not None
    return found


@pytest.fixture
def store() -> Store:
    """A store that knows one ScheduledJob."""
    store = Store()
    assert store.put_scheduled_job(body("first", 10)) == {FIRST}
    return store


@pytest.mark.parametrize(("version", "changed"), [(9, False), (10, False), (11, True), (100, True)])
def test_only_a_newer_version_is_news(store: Store, version: int, changed: bool) -> None:
    assert store.put_scheduled_job(body("first", version)) == ({FIRST} if changed else set())
    assert observe(store).scheduled_job.resource_version == str(max(10, version))
    assert store.version(FIRST) == max(10, version)


def test_what_has_gone_has_no_version(store: Store) -> None:
    store.drop_scheduled_job(body("first", 11))
    assert store.version(FIRST) is None


def test_an_older_version_of_a_job_or_cronjob_is_no_news_either(store: Store) -> None:
    assert store.put_job(job(1, 20)) == {FIRST}
    assert store.put_job(job(1, 19, status={"startTime": "2026-01-05T12:00:00Z"})) == set()
    assert observe(store).jobs[0].started is None
    assert store.put_cronjob(cronjob(20)) == {FIRST}
    assert store.put_cronjob(cronjob(19, owner="other")) == set()


def test_a_job_that_changes_only_where_nobody_looks_wakes_nobody(store: Store) -> None:
    assert store.put_job(job(1, 20)) == {FIRST}
    assert store.put_job(job(1, 21, status={"active": 1})) == set()
    assert store.put_job(job(1, 22, status={"startTime": "2026-01-05T12:00:00Z"})) == {FIRST}


def test_what_belongs_to_nobody_wakes_nobody(store: Store) -> None:
    assert store.put_job(job(1, 20, owner="unknown")) == set()
    assert store.put_cronjob(cronjob(21, owner="unknown")) == set()
    assert observe(store).jobs == ()


def test_jobs_that_are_seen_before_their_owner_are_not_lost() -> None:
    store = Store()
    assert store.put_job(job(1, 5)) == set()
    store.put_scheduled_job(body("first", 10))
    assert [each.name for each in observe(store).jobs] == ["sync-1"]


def test_all_that_is_observed_is_there(store: Store) -> None:
    store.put_cronjob(cronjob(11))
    store.put_job(job(1, 12))
    store.put_job(job(2, 13))
    found = observe(store)
    assert found.cronjob is not None
    assert (found.cronjob.name, found.rival, found.watching_since) == ("sync", None, at("12:00"))
    assert {each.name for each in found.jobs} == {"sync-1", "sync-2"}


def test_what_is_gone_is_gone(store: Store) -> None:
    store.put_cronjob(cronjob(11))
    store.put_job(job(1, 12))
    assert store.drop_job(job(1, 14)) == {FIRST}
    assert store.drop_cronjob(cronjob(15)) == {FIRST}
    assert (observe(store).cronjob, observe(store).jobs) == (None, ())
    assert store.drop_scheduled_job(body("first", 10)) == {FIRST}, "a last look, which ends its wait for the next time"
    assert store.observe(FIRST, at("12:00")) is None
    assert store.keys() == set()


def test_the_answer_to_a_write_that_comes_after_the_end_brings_nothing_back(store: Store) -> None:
    store.put_cronjob(cronjob(11))
    store.put_job(job(1, 12))
    store.drop_job(job(1, 16))
    store.drop_cronjob(cronjob(17))
    assert store.put_job(job(1, 14)) == set()
    assert store.put_cronjob(cronjob(15)) == set()
    assert (observe(store).cronjob, observe(store).jobs) == (None, ())
    store.drop_scheduled_job(body("first", 10))
    assert store.put_scheduled_job(body("first", 18)) == set()
    assert store.keys() == set()


def test_the_end_of_an_older_one_of_the_same_name_takes_nothing_away(store: Store) -> None:
    store.put_cronjob(cronjob(20, uid="cronjob-2"))
    store.drop_cronjob(cronjob(19, uid="cronjob-1"))
    assert observe(store).cronjob is not None
    store.put_job(job(1, 21))
    store.drop_job({**job(1, 20), "metadata": {**job(1, 20)["metadata"], "uid": "older"}})
    assert len(observe(store).jobs) == 1


def test_what_is_newer_than_a_listing_stays_though_it_is_not_in_it(store: Store) -> None:
    store.put_scheduled_job(body("second", 14, created="12:00:05"))
    store.put_cronjob(cronjob(15))
    store.put_job(job(1, 16))
    store.sync_scheduled_jobs([body("first", 10)], 13)
    store.sync_cronjobs([], 14)
    store.sync_jobs([], 15)
    assert store.keys() == {FIRST, SECOND}
    assert observe(store).cronjob is not None
    assert len(observe(store).jobs) == 1
    store.sync_jobs([], 16)
    assert observe(store).jobs == ()


def test_what_the_api_server_has_agreed_to_delete_goes_before_a_watch_tells(store: Store) -> None:
    store.put_cronjob(cronjob(11))
    store.put_job(job(1, 12))
    store.end_cronjob(Key("shop", "sync"), "another")
    store.end_job("uid-of-first", "sync-1", "another")
    assert [each.deleting for each in (observe(store).cronjob, *observe(store).jobs) if each] == [False, False]
    store.end_cronjob(Key("shop", "sync"), "cronjob-1")
    store.end_job("uid-of-first", "sync-1", "uid-of-sync-1")
    assert [each.deleting for each in (observe(store).cronjob, *observe(store).jobs) if each] == [True, True]
    assert store.drop_job(job(1, 14)) == {FIRST}
    assert observe(store).jobs == ()


class TestRivals:
    def test_the_older_one_wins(self, store: Store) -> None:
        assert store.put_scheduled_job(body("second", 11, created="12:00:05")) == {FIRST, SECOND}
        assert (observe(store).rival, observe(store, SECOND).rival) == (None, "first")

    def test_of_two_of_one_second_the_uid_decides_the_same_for_both(self, store: Store) -> None:
        store.put_scheduled_job(body("second", 11))
        assert (observe(store).rival, observe(store, SECOND).rival) == (None, "first")

    def test_the_order_in_which_they_are_seen_is_of_no_account(self, store: Store) -> None:
        store.put_scheduled_job(body("second", 11, created="11:59:00"))
        assert (observe(store).rival, observe(store, SECOND).rival) == ("second", None)

    def test_how_one_does_is_no_news_to_the_other(self, store: Store) -> None:
        store.put_scheduled_job(body("second", 11))
        assert store.put_scheduled_job(body("first", 12)) == {FIRST}

    def test_when_the_first_goes_the_second_looks_again(self, store: Store) -> None:
        store.put_scheduled_job(body("second", 11, created="12:00:05"))
        assert store.drop_scheduled_job(body("first", 10)) == {FIRST, SECOND}
        assert observe(store, SECOND).rival is None

    def test_one_that_is_being_deleted_holds_no_name(self, store: Store) -> None:
        store.put_scheduled_job(body("second", 11, created="12:00:05"))
        going = body("first", 12, deletionTimestamp="2026-01-05T12:01:00Z")
        assert store.put_scheduled_job(going) == {FIRST, SECOND}
        assert observe(store, SECOND).rival is None

    def test_another_name_or_namespace_is_no_rival(self, store: Store) -> None:
        assert store.put_scheduled_job(body("second", 11, spec_name="other")) == {SECOND}
        elsewhere = body("third", 12)
        elsewhere["metadata"]["namespace"] = "stock"
        assert store.put_scheduled_job(elsewhere) == {Key("stock", "third")}
        assert observe(store).rival is None

    def test_ones_that_cannot_be_read_share_no_name(self) -> None:
        store = Store()
        for number, name in enumerate(("first", "second")):
            store.put_scheduled_job({**body(name, number + 1), "spec": {}})
        assert (observe(store).rival, observe(store, SECOND).rival) == (None, None)

    def test_when_a_cronjob_of_the_name_goes_whoever_wants_it_looks_again(self, store: Store) -> None:
        store.put_cronjob(cronjob(11, owner="gone"))
        assert store.drop_cronjob(cronjob(12, owner="gone")) == {FIRST}


class TestListings:
    def test_scheduled_jobs_that_are_not_listed_are_gone(self, store: Store) -> None:
        store.put_scheduled_job(body("second", 11, created="12:00:05"))
        assert store.sync_scheduled_jobs([body("second", 11, created="12:00:05")], NEWEST) == {FIRST, SECOND}
        assert store.keys() == {SECOND}

    def test_one_that_was_deleted_and_made_again_is_another(self, store: Store) -> None:
        store.put_job(job(1, 11))
        assert store.sync_scheduled_jobs([body("first", 20, uid="again")], NEWEST) == {FIRST}
        assert observe(store).jobs == ()
        assert observe(store).scheduled_job.uid == "again"

    def test_cronjobs_that_are_not_listed_are_gone(self, store: Store) -> None:
        store.put_cronjob(cronjob(11))
        assert store.sync_cronjobs([], NEWEST) == {FIRST}
        assert observe(store).cronjob is None

    def test_jobs_that_are_not_listed_are_gone(self, store: Store) -> None:
        for number in (1, 2):
            store.put_job(job(number, 10 + number))
        assert store.sync_jobs([job(2, 12)], NEWEST) == {FIRST}
        assert [each.name for each in observe(store).jobs] == ["sync-2"]

    def test_a_listing_that_says_nothing_new_wakes_nobody(self, store: Store) -> None:
        store.put_cronjob(cronjob(11))
        store.put_job(job(1, 12))
        assert store.sync_jobs([job(1, 12)], NEWEST) == set()
        assert store.sync_cronjobs([cronjob(11)], NEWEST) == set()
        assert store.sync_scheduled_jobs([body("first", 10)], NEWEST) == set()

    def test_a_listing_for_one_says_nothing_of_the_others(self, store: Store) -> None:
        store.put_scheduled_job(body("second", 11, spec_name="other"))
        store.put_job(job(1, 12))
        store.put_job(job(2, 13, owner="uid-of-second"))
        store.sync_jobs([], NEWEST, owner="uid-of-first")
        assert observe(store).jobs == ()
        assert len(observe(store, SECOND).jobs) == 1
