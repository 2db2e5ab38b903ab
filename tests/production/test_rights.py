"""What the operator may do is what it does: the audit log of all that happened, against the chart's rules."""

import json
from itertools import product

import pytest
from tally_cluster.settings import Cluster

from tests.e2e.kube import Json, Kubectl
from tests.production.story import SHOP, STOCK, SYSTEM

pytestmark = pytest.mark.usefixtures("told")
OPERATORS = {f"system:serviceaccount:{namespace}:tally": namespace for namespace in (SYSTEM, STOCK)}
Right = tuple[str, str, str]  # API group, resource with its subresource, verb


def requests(cluster: Cluster) -> list[Json]:
    """Read what the operators have asked of the API server."""
    lines = [json.loads(line) for line in cluster.audit_log.read_text().splitlines()]
    return [line for line in lines if _by(line) in OPERATORS]


def used(line: Json) -> set[Right]:
    """Give the rights that a request took: an apply that makes an object takes two."""
    asked = line["objectRef"]
    resource = "/".join(part for part in (asked["resource"], asked.get("subresource", "")) if part)
    made = (line["verb"], line["responseStatus"]["code"]) == ("patch", 201)
    return {(asked.get("apiGroup", ""), resource, verb) for verb in (line["verb"], "create" if made else line["verb"])}


def granted(role: Json) -> set[Right]:
    return {right for rule in role["rules"] for right in product(rule["apiGroups"], rule["resources"], rule["verbs"])}


def test_the_rights_are_what_is_asked_for_no_more_and_no_less(production: Cluster) -> None:
    roles = [Kubectl(production, SHOP).get("role", "tally"), Kubectl(production, SYSTEM).get("role", "tally-election")]
    rights = {right for role in roles if role for right in granted(role)}
    # What is about no object is discovery, which everybody may.
    asked = {right for line in requests(production) if "objectRef" in line for right in used(line)}
    assert sorted(rights - asked) == [], "these rights are spare"
    assert sorted(asked - rights) == [], "these rights are missing"


def test_a_release_for_a_namespace_asks_for_nothing_elsewhere(production: Cluster) -> None:
    (user,) = (name for name, namespace in OPERATORS.items() if namespace == STOCK)
    asked = [line for line in requests(production) if _by(line) == user and "objectRef" in line]
    assert {line["objectRef"].get("namespace") for line in asked} == {STOCK}


def _by(line: Json) -> str:
    return str(line["user"]["username"])
