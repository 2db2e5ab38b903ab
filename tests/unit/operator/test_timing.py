"""What is wrong with a schedule or a zone, in a reason and in words."""

import pytest
from tally_operator import timing
from tally_operator.problems import Problem
from tally_operator.timing import Timing

from tests.unit.operator.world import at


@pytest.mark.parametrize(
    ("schedule", "zone", "reason", "says"),
    [
        ("* * * * *", "Etc/UTC", None, ""),
        ("0 0 29 2 *", "Europe/Berlin", None, ""),
        ("@every 90m", "Asia/Kathmandu", None, ""),
        ("* * * *", "Etc/UTC", "InvalidSchedule", "spec.schedule '* * * *' cannot be: It has 4 fields."),
        ("0 22-3 * * *", "Etc/UTC", "InvalidSchedule", "22-23,0-3"),
        ("@every 90s", "Etc/UTC", "InvalidSchedule", "minute"),
        ("0 0 31 2 *", "Etc/UTC", "NeverFires", "does not fire within five years"),
        (", * * * *", "Etc/UTC", "NeverFires", "does not fire within five years"),
        ("* * * * *", "Mars/Base", "UnknownTimeZone", "'Mars/Base'"),
        ("* * * * *", "", "UnknownTimeZone", "''"),
        ("* * * * *", "Local", "UnknownTimeZone", "'Local'"),
        ("* * * * *", "localtime", "UnknownTimeZone", "'localtime'"),
        ("* * * * *", "posixrules", "UnknownTimeZone", "'posixrules'"),
        ("* * * * *", "Factory", "UnknownTimeZone", "'Factory'"),
        ("* * * * *", "right/Europe/Berlin", "UnknownTimeZone", "Europe/Berlin"),
        ("* * * * *", "../../etc/passwd", "UnknownTimeZone", "Europe/Berlin"),
        ("* * * * *", "/usr/share/zoneinfo/UTC", "UnknownTimeZone", "Europe/Berlin"),
        ("* * * * *", "Europe", "UnknownTimeZone", "Europe/Berlin"),
        ("* * * * *", "Etc/UTC\x00", "UnknownTimeZone", "Europe/Berlin"),
    ],
)
def test_says_what_cannot_be(schedule: str, zone: str, reason: str | None, says: str) -> None:
    found = timing.check(schedule, zone, at("12:00"))
    if reason is None:
        assert isinstance(found, Timing)
        assert str(found.zone) == zone
    else:
        assert isinstance(found, Problem)
        assert found.reason == reason
        assert says in found.message
