"""Reads the dashboard's queries as Grafana would send them."""

import json

from tally_cluster import demo

PATH = demo.CHART / "files" / "dashboard.json"


def queries(interval: str = "1m", shown: str = "1h") -> list[str]:
    """Give all queries.

    Args:
        interval: What `$__rate_interval` is, as Prometheus writes durations.
        shown: What `$__range` is.
    """
    values = {"$__rate_interval": interval, "$__range": shown, "$namespace": ".*"}
    found: list[str] = [
        target["expr"] for panel in json.loads(PATH.read_text())["panels"] for target in panel["targets"]
    ]
    for name, value in values.items():
        found = [query.replace(name, value) for query in found]
    return found
