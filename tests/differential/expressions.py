"""Makes cron expressions, zones and instants by chance: mostly what people write, and all that is known to be odd."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from tally.cron.zones import stretch_of

from tests.differential.robfig import zone, zone_names

if TYPE_CHECKING:
    from random import Random


def _words(*lines: str) -> list[str]:
    return " ".join(lines).split(" ")


# Changes at midnight, of half an hour, of two hours, of a whole day, backwards in winter, twice around Ramadan.
ODD_ZONES = _words(
    "Africa/Cairo Africa/Casablanca Africa/El_Aaiun Africa/Monrovia America/Asuncion America/Godthab America/Havana",
    "America/Nuuk America/Santiago America/Sao_Paulo America/Scoresbysund America/St_Johns Antarctica/Troll",
    "Asia/Amman Asia/Beirut Asia/Gaza Asia/Hebron Asia/Pyongyang Asia/Tehran Atlantic/Azores Australia/Lord_Howe",
    "Chile/EasterIsland Europe/Dublin Europe/London Pacific/Apia Pacific/Chatham Pacific/Easter Pacific/Fiji",
    "Pacific/Kwajalein",
)
_BOUNDS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 6)}
_NAMES = {
    "month": _words("jan feb mar apr may jun jul aug sep oct nov dec"),
    "weekday": _words("sun mon tue wed thu fri sat"),
}
_DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
# How often a field is a star.
_STARS = {"minute": 0.15, "hour": 0.4, "day": 0.55, "month": 0.7, "weekday": 0.55}


def expression(random: Random) -> str:
    """One that robfig accepts."""
    if random.random() < 0.02:
        return random.choice(_DESCRIPTORS)
    if random.random() < 0.01:
        return f"@every {random.randint(1, 3000)}{random.choice('mh')}"
    return " ".join(_field(random, name) for name in _BOUNDS)


def _field(random: Random, name: str) -> str:
    if random.random() < _STARS[name]:
        return random.choice(["*"] * 12 + ["?", "*/1", "*-7"])
    members = 1 if random.random() < 0.7 else random.randint(2, 4)
    return ",".join(_member(random, name) for _ in range(members))


def _member(random: Random, name: str) -> str:
    low, high = _BOUNDS[name]
    first, last = sorted((random.randint(low, high), random.randint(low, high)))
    if name == "hour" and random.random() < 0.5:  # the hours at which clocks change
        first = random.choice([0, 0, 1, 2, 3, 23])
        last = max(first, last)
    step = random.choice([1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 100])
    forms = [f"{first}", f"{first}", f"{first}-{last}", f"*/{step}", f"{first}/{step}", f"{first}-{last}/{step}"]
    if name in _NAMES:
        forms.append(_NAMES[name][first - low])
        forms.append(f"{_NAMES[name][first - low]}-{_NAMES[name][last - low]}")
    return random.choice(forms)


def zone_name(random: Random) -> str:
    """The odd ones in four of ten cases."""
    return random.choice(ODD_ZONES if random.random() < 0.4 else zone_names())


def instant(random: Random, name: str) -> int:
    """Unix seconds, mostly near a change of the zone's clocks, mostly of our time."""
    while (found := _instant(random, name)) < _last_day_left_out(name):
        pass  # robfig never returns from there
    return found


@cache
def _last_day_left_out(name: str) -> int:
    """When a zone last went over the date line to the west; long ago if it never did."""
    years = [datetime(year, 1, 1, tzinfo=UTC) for year in range(1840, 2030)]
    offsets = [year.astimezone(zone(name)).utcoffset() or timedelta() for year in years]
    west = [
        year for year, (old, new) in zip(years[1:], pairwise(offsets), strict=True) if new - old > timedelta(hours=20)
    ]
    return int(max(west, default=datetime(1, 1, 1, tzinfo=UTC)).timestamp())


def _instant(random: Random, name: str) -> int:
    first, last = random.choices([(2020, 2045), (1970, 2110), (1850, 1970), (2100, 8900)], [60, 25, 10, 5])[0]
    year = random.randint(first, last)
    start = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    any_second = start + random.randrange(366 * 86_400)
    stretch = stretch_of(zone(name), any_second)
    if random.random() < 0.3 or stretch.end - stretch.start > 364 * 86_400:
        return any_second
    change = random.choice([stretch.start, stretch.end])
    return change + random.choice(
        [
            0,
            -1,
            random.randint(-7200, 7200),
            random.randint(-200_000, 100_000),
            random.randint(-40, 5) * 86_400,
            random.randint(-100, 100) * 1800,
        ]
    )


_ODD_PIECES = _words(
    "* * * ? , - / 0 1 2 5 6 7 9 00 007 12 23 24 31 32 59 60 99 +5 -1 -0 +0 L W # 5L 1#2 15W R H ~ % a z 1.5 1e1 1_0",
    "*/1 */0 */2 1/1 5-5 *-5 ?-x *-5/2 5/5/5 1-2-3 22-3 1,,2 ,1 1, ,, jan JAN Feb sun SUN Mon monday january FRI",
    "sun-sat fri-mon jan-dec jan-13 fR\u0130 \u0130 \u0661 \uff11 9223372036854775807 9223372036854775808",
    "18446744073709551616 00000000000000000000000000000000005 1/9223372036854775807 1/18446744073709551617 TZ *-TZ",
    "@ @daily @every",
)
_SPACES = "\t\n\v\f\r \x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e\u2000\u2007\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
_ODD_WHOLE = (
    *_DESCRIPTORS,
    "",
    " ",
    "@",
    "@reboot",
    "@Daily",
    " @daily",
    "@daily ",
    "@hourly 5",
    "@every",
    "@every 1m",
    "TZ=UTC 0 0 * * *",
    "TZ=UTC",
    "CRON_TZ=Europe/Berlin 0 0 * * *",
    "tz=UTC 0 0 * * *",
    "0 0 * * * TZ=UTC",
)


def odd_text(random: Random) -> str:
    """One that robfig may or may not accept."""
    kind = random.random()
    if kind < 0.05:
        return random.choice(_ODD_WHOLE)
    if kind < 0.2:
        return "@every " + odd_duration(random)
    if kind < 0.6:
        return _mutated(random, expression(random))
    count = random.choice([5] * 12 + [1, 4, 6, 7])
    fields = [_odd_field(random) if random.random() < 0.4 else "*" for _ in range(count)]
    space = " " if random.random() < 0.9 else random.choice(_SPACES)
    return space.join(fields)


def _odd_field(random: Random) -> str:
    pieces = [random.choice(_ODD_PIECES) for _ in range(random.choice([1, 1, 1, 2, 3]))]
    return random.choice(["", "", ",", "-", "/"]).join(pieces)


def _mutated(random: Random, text: str) -> str:
    alphabet = "0123456789*?,-/+LW#aejnsu \t@" + _SPACES
    for _ in range(random.choice([1, 1, 2, 3])):
        at = random.randrange(len(text) + 1)
        cut = random.choice([0, 1])
        text = text[:at] + random.choice(["", random.choice(alphabet), random.choice(_ODD_PIECES)]) + text[at + cut :]
    return text


def odd_duration(random: Random) -> str:
    """One that Go's ParseDuration may or may not accept."""
    units = ["h", "m", "s", "ms", "us", "\u00b5s", "\u03bcs", "ns", "d", "M", "", "\u0661m"]
    weights = [10, 10, 8, 2, 1, 1, 1, 2, 1, 1, 1, 1]
    whole = ["0", "1", "5", "30", "60", "90", "120", "3600", "007", "2562047", "2562048", "153722867", "153722868"]
    broken = [".5", "1.5", "1.", ".", "0.25", "0.016666666666666666", "0.99999999999999999999999", "1e3"]
    numbers = [*whole, *broken, "9223372036854775807"]
    parts = [random.choice(numbers) + random.choices(units, weights)[0] for _ in range(random.choice([1, 1, 2, 3]))]
    return random.choice(["", "", "", "+", "-", " ", "--"]) + "".join(parts) + random.choice(["", "", "", "", " "])
