"""With a ScheduledJob goes all that is its own, whether the operator lives or not."""

from tests.e2e.waiting import eventually
from tests.integration.operator_process import Operator
from tests.integration.pods import ends
from tests.integration.scenes import scene_with_operator
from tests.integration.shop import FAR, Shop

KINDS = ("cronjobs", "jobs", "pods")


@scene_with_operator
def test_deletion_takes_everything_also_while_the_operator_is_down(shop: Shop, operator: Operator) -> None:
    for name in ("early", "late"):
        shop.apply(name, template=ends("well"))
    shop.apply("complete", numberOfExecutions=1)
    shop.apply("manual", schedule=FAR)
    for name in ("early", "late", "complete"):
        shop.wait_for_executions(name, 1, 100)
    shop.kubectl.run("create", "job", "by-hand", "--from=cronjob/manual")
    shop.kubectl.run("delete", "sj", "early", "--wait=false")
    _wait_until_gone(shop, "early")
    assert shop.jobs("late") != []
    operator.kill()
    for name in ("late", "complete", "manual"):
        shop.kubectl.run("delete", "sj", name, "--wait=true", "--timeout=10s")  # no finalizer holds it up
        _wait_until_gone(shop, name)
    assert [shop.server.items(shop.path(kind)) for kind in KINDS] == [[], [], []]


def _wait_until_gone(shop: Shop, name: str) -> None:
    def left() -> list[str]:
        selector = f"tally.dev/name={name}"
        return [kind for kind in KINDS if shop.server.items(shop.path(kind), labelSelector=selector)]

    eventually(lambda: not left(), 60, f"all of {name} is gone")
