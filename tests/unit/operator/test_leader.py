"""Who leads, case by case; all times are seconds of the candidate's own stopwatch."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tally_operator import leader
from tally_operator.leader import Candidate, Lease, Lost, Terms, Wait, Write

TIME = datetime(2026, 11, 25, 12, 0, 0, 250_000, tzinfo=UTC)
ME, OTHER = "tally-1_a", "tally-2_b"


def lease(holder: str, version: int = 5, *, duration: float = 10, transitions: int = 3) -> Lease:
    return Lease(version=version, holder=holder, duration=duration, acquired="then", transitions=transitions)


def seeing(found: Lease | None, at: float = 100, version: int = 5) -> Candidate:
    return leader.saw(Candidate(me=ME), found, found.version if found else version, at)


def leading(sent_at: float = 100) -> Candidate:
    return leader.wrote(seeing(None, sent_at), lease(ME, 6), sent_at, sent_at + 0.1)


def test_nothing_is_done_before_the_lease_was_looked_for() -> None:
    assert leader.decide(Candidate(me=ME), 10**9) == Wait(float("inf"))


@pytest.mark.parametrize("found", [None, lease(""), lease(ME)], ids=["none", "free", "mine"])
def test_what_nobody_holds_is_taken_at_once(found: Lease | None) -> None:
    assert leader.decide(seeing(found), 100) == Write(3)


def test_anothers_lease_is_taken_when_it_has_not_changed_for_its_own_duration() -> None:
    candidate = seeing(lease(OTHER, duration=15))
    assert leader.decide(candidate, 114.9) == Wait(115)
    assert leader.decide(candidate, 115) == Write(3)


def test_a_renewal_starts_the_wait_anew_and_old_news_does_not() -> None:
    candidate = leader.saw(seeing(lease(OTHER, 5)), lease(OTHER, 6), 6, 108)
    assert leader.decide(candidate, 110) == Wait(118)
    for known in (5, 6):
        assert leader.saw(candidate, lease(OTHER, known), known, 112) == candidate


def test_a_lease_that_was_deleted_is_waited_for_like_one_that_is_not_renewed() -> None:
    candidate = leader.saw(seeing(lease(OTHER)), None, 6, 103)
    assert leader.decide(candidate, 105) == Wait(113)
    assert leader.decide(leader.saw(candidate, None, 7, 106), 106) == Wait(113), "it is still not there: no news"
    assert leader.decide(leader.saw(candidate, lease("", 8), 8, 106), 106) == Write(3)


def test_a_try_that_failed_is_repeated_a_little_later() -> None:
    candidate = leader.tried(seeing(None), 101)
    assert leader.decide(candidate, 101.5) == Wait(102)
    assert leader.decide(candidate, 102) == Write(3)


def test_the_leader_renews_and_counts_from_when_it_sent() -> None:
    candidate = leading(sent_at=100)
    assert leader.decide(candidate, 102.4) == Wait(102.5)
    assert leader.decide(candidate, 102.5) == Write(3)
    renewed = leader.wrote(candidate, lease(ME, 7), sent_at=102.5, now=104)
    assert leader.decide(renewed, 104.9) == Wait(105)
    assert leader.leads(renewed, 109.4)
    assert not leader.leads(renewed, 109.5)


def test_a_leader_that_cannot_renew_tries_until_its_deadline_and_not_beyond() -> None:
    candidate = leader.tried(leading(sent_at=100), 105.5)
    assert leader.decide(candidate, 105.6) == Wait(106.5)
    assert leader.decide(candidate, 106.5) == Write(0.5)
    assert leader.decide(leader.tried(candidate, 106.9), 106.9) == Wait(107)
    assert leader.decide(candidate, 107) == Lost("it could not be renewed for 7 s")


@pytest.mark.parametrize(
    ("found", "why"), [(lease(OTHER, 7), f"{OTHER} has taken it"), (lease("", 7), "somebody has released it")]
)
def test_a_leader_that_sees_another_holder_has_lost(found: Lease, why: str) -> None:
    candidate = leader.saw(leading(sent_at=100), found, found.version, 101)
    assert not leader.leads(candidate, 101)
    assert leader.decide(candidate, 101) == Lost(why)


def test_a_leader_whose_lease_was_deleted_writes_it_again() -> None:
    candidate = leader.saw(leading(sent_at=100), None, 7, 101)
    assert leader.leads(candidate, 101)
    assert leader.decide(candidate, 102.5) == Write(3)


def test_a_leader_whose_renewal_went_through_unanswered_goes_on_from_that() -> None:
    candidate = leader.saw(leading(sent_at=100), lease(ME, 7), 7, 103)
    assert not leader.leads(candidate, 107), "it was not confirmed"
    assert leader.leads(leader.wrote(candidate, lease(ME, 8), 103.5, 103.6), 110.4)


def test_a_first_answer_that_comes_too_late_is_no_leadership_but_the_next_one_is() -> None:
    candidate = leader.wrote(seeing(None), lease(ME, 6), sent_at=100, now=107)
    assert not leader.leads(candidate, 107)
    assert leader.decide(candidate, 107) == Write(3)


def test_an_answer_that_is_already_overtaken_is_no_leadership() -> None:
    candidate = leader.saw(seeing(None), lease(OTHER, 7), 7, 101)
    assert not leader.leads(leader.wrote(candidate, lease(ME, 6), sent_at=100, now=101), 101)


@pytest.mark.parametrize(
    ("found", "acquired", "transitions"),
    [
        (None, "2026-11-25T12:00:00.250000Z", 0),
        (lease(ME), "then", 3),
        (lease(OTHER), "2026-11-25T12:00:00.250000Z", 4),
        (lease(""), "2026-11-25T12:00:00.250000Z", 4),
    ],
    ids=["new", "renewed", "taken over", "released"],
)
def test_what_is_written(found: Lease | None, acquired: str, transitions: int) -> None:
    assert leader.claim(seeing(found), TIME) == {
        "holderIdentity": ME,
        "leaseDurationSeconds": 10,
        "acquireTime": acquired,
        "renewTime": "2026-11-25T12:00:00.250000Z",
        "leaseTransitions": transitions,
    }


def test_a_released_lease_is_read_as_free() -> None:
    metadata = {"resourceVersion": "9"}
    assert leader.read({"metadata": metadata, "spec": leader.release(TIME)}) == Lease(
        version=9, holder="", duration=1, acquired=None, transitions=0
    )


@pytest.mark.parametrize("body", [{}, {"spec": None}, {"spec": {"holderIdentity": ""}}])
def test_a_lease_that_was_made_by_hand_is_read_too(body: dict[str, Any]) -> None:
    found = leader.read({"metadata": {"resourceVersion": "9"}, **body})
    assert leader.decide(seeing(found), 100) == Write(3)


def test_the_terms_leave_a_leader_time_to_stop_before_another_begins() -> None:
    terms = Terms()
    assert terms.period + terms.patience + terms.retry < terms.deadline, "two tries, at least"
    # Two stopwatches may differ by a tenth each; real ones differ by less than a thousandth.
    assert terms.deadline * 1.1 < terms.duration / 1.1
    assert replace(terms, deadline=9.0).deadline * 1.1 > terms.duration / 1.1
