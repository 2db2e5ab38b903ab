"""Prints how long the millionth firing takes to find, in a zone asked for the first time and again."""

from __future__ import annotations

from datetime import UTC, datetime
from time import perf_counter
from zoneinfo import ZoneInfo

from tally.cron import parse, zones

EXPRESSIONS = (
    "*/5 * * * *",
    "* * * * *",
    "0 * * * *",
    "*/15 8-18 * * mon-fri",
    "0 0 * * *",
    "0 12 * * mon-fri",
    "30 3 1 * *",
    "0 0 1 1 *",
    "0 0 29 2 *",
    "59 23 * * *",
)
ZONES = ("Etc/UTC", "Europe/Berlin", "Africa/Cairo", "Pacific/Chatham")
MILLION = 1_000_000


def main() -> None:
    """Print a line for each expression and zone."""
    print(f"{'expression':24}{'zone':18}{'first':>10}{'again':>10}  the millionth firing after 2026-03-01")
    for expression in EXPRESSIONS:
        for name in ZONES:
            after = datetime(2026, 3, 1, tzinfo=UTC).astimezone(ZoneInfo(name))
            zones._stretches.cache_clear()
            times = []
            for _ in range(2):
                start = perf_counter()
                found = parse(expression).nth(after, MILLION)
                times.append((perf_counter() - start) * 1000)
            print(f"{expression:24}{name:18}{times[0]:7.1f} ms{times[1]:7.1f} ms  {found or 'never'}")


if __name__ == "__main__":
    main()
