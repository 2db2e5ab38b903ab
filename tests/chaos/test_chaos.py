"""A short chaos run on the real node; `make chaos` is the long one."""

import random

from tally_cluster.settings import Cluster

from tests.chaos import chaos

SEED = random.SystemRandom().randrange(10**6)


def test_exactly_n_while_things_break(node: Cluster) -> None:
    tale = chaos.run(node, jobs=12, most=3, minutes=1.5, seed=SEED)
    print(tale.table())
    assert tale.kills > 10
    assert tale.good, f"\n{tale.table()}"


def test_the_fence_alone_holds_the_limit(node: Cluster) -> None:
    tale = chaos.run(node, jobs=6, most=2, minutes=2.2, seed=SEED, without_operator=True)
    print(tale.table())
    assert tale.good, f"\n{tale.table()}"
