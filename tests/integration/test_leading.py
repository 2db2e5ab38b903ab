"""Two operators, of which one leads; and what happens when it dies, stops, freezes, or when both lead at once."""

import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.kube import SLOT, scheduled_job
from tests.integration.apiserver import AnswerError
from tests.integration.candidates import candidates, lease
from tests.integration.scenes import scene_with_candidates
from tests.integration.shop import FAR, Shop

GENEROUS = 60.0  # seconds: what is promised is printed, not asserted, as the machine may be busy
CHOICES = random.Random(20261125)


@scene_with_candidates
def test_another_operator_leads_when_one_is_killed_or_stops(shop: Shop) -> None:
    with candidates(shop, "killed", "stopped", "last") as (killed, stopped, last):
        killed.start()
        _within(lambda: killed.leads, "the first one leads")
        stopped.start()
        _within(lambda: stopped.probe("/readyz") == (200, "ok\n"), "a standby is ready")
        assert stopped.probe("/healthz") == (200, "ok\n")
        _works(shop, "before")
        # Its watch goes on, and is no request that has ended.
        assert [verb for _, verb, _ in stopped.requests()] == ["list"], "a standby asks nothing"
        killed.kill()
        print(f"after a kill another leads within {_within(lambda: stopped.leads, 'the standby leads'):.1f} s")
        last.start()
        _works(shop, "between")
        _within(lambda: last.probe("/readyz")[0] == 200, "the last one stands by")
        assert stopped.end() == 0
        print(f"after a stop another leads within {_within(lambda: last.leads, 'the last one leads'):.1f} s")
        _works(shop, "after")
        assert lease(shop)["leaseTransitions"] == 2
        assert last.end() == 0
        assert "holderIdentity" not in lease(shop)


@scene_with_candidates
def test_an_operator_that_was_frozen_writes_nothing_after_another_leads(shop: Shop) -> None:
    with candidates(shop, "frozen", "awake") as (frozen, awake):
        frozen.start()
        _within(lambda: frozen.leads, "the first one leads")
        _works(shop, "before")
        awake.start()
        _within(lambda: awake.probe("/readyz")[0] == 200, "the other one stands by")
        frozen.send(signal.SIGSTOP)
        _within(lambda: awake.leads, "the other one leads")
        # Much to do for the one that has slept, and it hears of it before it hears of the Lease.
        awake.send(signal.SIGSTOP)
        for number in range(25):
            _create(shop, f"each-{number}")
        frozen.send(signal.SIGCONT)
        assert frozen.wait() == 3
        awake.send(signal.SIGCONT)
        took_over = next(at for at, uri in awake.writes() if "/leases/" in uri)
        wrote = [at for at, _ in frozen.writes()]
        assert len(wrote) > 3, "it was at work"
        assert max(wrote) < took_over
        assert "does not lead any more" in frozen.log.read_text()


@scene_with_candidates
def test_two_operators_that_both_lead_count_each_execution_once(shop: Shop) -> None:
    names = [f"both-{number}" for number in range(6)]
    with candidates(shop, "one", "other") as pair:
        for each in pair:
            each.settings["TALLY_ELECTION"] = "false"
            each.start()
        with ThreadPoolExecutor(len(names)) as pool:
            for _ in pool.map(lambda name: _create(shop, name, schedule="* * * * *", numberOfExecutions=2), names):
                pass
            _within(lambda: all(shop.cronjob(name) for name in names), "each has a CronJob")
            for nth in (1, 2):
                list(pool.map(lambda name: _start(shop, name), names))
                for name in names:
                    shop.wait_for_executions(name, nth, GENEROUS)
        _within(lambda: not any(shop.cronjob(name) for name in names), "none has a CronJob any more")
        for name in names:
            assert (shop.status(name)["tally"], shop.condition(name, "Complete")["status"]) == ("2/2", "True")
            assert len(shop.jobs(name)) == 2
        conflicts = sum(each.log.read_text().count("has changed meanwhile") for each in pair)
        print(f"{conflicts} writes met the other operator's")
        assert conflicts, "they never met: this shows nothing"
        assert [each.end() for each in pair] == [0, 0]


@scene_with_candidates
def test_an_operator_stops_in_time_and_leaves_nothing_half(shop: Shop) -> None:
    names = [f"many-{number}" for number in range(40)]
    with ThreadPoolExecutor(4) as pool, candidates(shop, "brief") as (brief,):
        list(pool.map(lambda name: _create(shop, name), names))
        for turn, head_start in enumerate([0, *(CHOICES.uniform(0, 0.6) for _ in range(3))]):
            hour = turn + 1
            list(pool.map(lambda name: shop.edit(name, schedule=f"0 {hour} 1 1 *"), names))  # noqa: B023
            brief.start()
            _within(lambda: brief.leads, "it leads")
            time.sleep(head_start)
            begin = time.monotonic()
            assert brief.end() == 0
            print(f"stopped within {time.monotonic() - begin:.2f} s")
            assert "holderIdentity" not in lease(shop), "the Lease was given back"
        assert "this should not happen" not in brief.log.read_text()
        brief.start()
        for name in names:
            shop.wait_for_reason(name, "Scheduled", GENEROUS)
            cronjob = shop.cronjob(name)
            assert cronjob is not None
            assert cronjob["spec"]["schedule"] == "0 4 1 1 *"


def _within(found: Callable[[], object], what: str) -> float:
    """Wait until it is so; give the seconds."""
    begin = time.monotonic()
    while not found():
        assert time.monotonic() - begin < GENEROUS, f"after {GENEROUS:.0f} s still not: {what}"
        time.sleep(0.02)
    return time.monotonic() - begin


def _works(shop: Shop, name: str) -> None:
    _create(shop, name)
    shop.wait_for_reason(name, "Scheduled", GENEROUS)


def _create(shop: Shop, name: str, **spec: object) -> None:
    shop.server.create(shop.path("scheduledjobs"), scheduled_job(name, **{"schedule": FAR, **spec}))


def _start(shop: Shop, name: str) -> None:
    """Start the next execution as the CronJob controller does, without waiting for its minute; if that has not come."""
    cronjob = shop.cronjob(name)
    if cronjob is None:
        return
    template = cronjob["spec"]["jobTemplate"]
    slots = [*shop.slots(name), datetime.now(UTC).replace(second=0, microsecond=0)]
    slot = max(slots) + timedelta(minutes=1)
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": cronjob["metadata"]["uid"]}
    annotations = {**template["metadata"]["annotations"], SLOT: slot.strftime("%Y-%m-%dT%H:%M:%SZ")}
    metadata: dict[str, Any] = {
        "name": f"{name}-{int(slot.timestamp()) // 60}",
        "labels": template["metadata"]["labels"],
        "annotations": annotations,
        "ownerReferences": [{**owner, "controller": True}],
    }
    try:
        shop.server.create(shop.path("jobs"), {"metadata": metadata, "spec": template["spec"]})
    except AnswerError as error:
        if error.status not in (403, 409):
            raise
