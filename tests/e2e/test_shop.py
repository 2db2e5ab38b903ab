"""Two of the shop's own jobs, from the runner's image, with a real database and a real mail server around them."""

import json

from tests.e2e.kube import Kubectl
from tests.e2e.shop import Shop
from tests.e2e.waiting import completed

ABANDONED = ["cleo@example.com", "dan@example.com", "eve@example.com", "guest@example.com"]


def test_every_abandoned_cart_is_told_of_once_over_all_executions(window: Kubectl, shop: Shop) -> None:
    last = completed(window, "send-abandoned-cart-emails")["status"]["lastExecution"]
    assert (last["outcome"], last["result"]) == ("succeeded", {"processed": 0, "failed": 0})
    assert sorted(mail["To"] for mail in shop.mailbox.mails) == ABANDONED


def test_expired_carts_are_deleted_with_what_was_in_them(window: Kubectl, shop: Shop) -> None:
    name = "cleanup-expired-carts"
    last = completed(window, name)["status"]["lastExecution"]
    assert (last["outcome"], last["result"]) == ("succeeded", {"processed": 0})
    expired = "updated_at < now() - interval '30 days' and completed_at is null"
    assert shop.rows(name, f"select id from cart where {expired}") == []
    assert shop.rows(name, "select count(*) from cart") == [(9,)]
    assert shop.rows(name, "select id from cart_item where cart_id not in (select id from cart)") == []


def test_the_logs_tell_what_each_execution_has_done(window: Kubectl) -> None:
    assert _results(window, "send-abandoned-cart-emails") == [
        {"processed": 4, "failed": 0},
        {"processed": 0, "failed": 0},
    ]
    assert _results(window, "cleanup-expired-carts") == [{"processed": 3}, {"processed": 0}]


def _results(window: Kubectl, name: str) -> list[object]:
    """Read from its log what each execution has returned."""
    completed(window, name)
    logs = [window.run("logs", f"job/{job['metadata']['name']}") for job in window.jobs(name)]
    return [json.loads(log.splitlines()[-1])["result"] for log in logs]
