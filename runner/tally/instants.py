"""How the command line writes instants: for a person and for a program."""

from datetime import UTC, datetime, timedelta

_UNITS = (("day", 86_400), ("h", 3600), ("min", 60))  # in seconds


def away(delta: timedelta) -> str:
    """Say how far away something is, such as "in 2 h 5 min"; two units at most."""
    seconds = int(delta.total_seconds())
    if seconds < 60:
        return f"in {seconds} s"
    parts = []
    for unit, size in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {unit}{'s' if unit == 'day' and number > 1 else ''}")
    return f"in {' '.join(parts[:2])}"


def local(instant: datetime) -> str:
    """Write an aware datetime by its own zone's clock, to the minute: "Wed 2026-11-25 09:00 +01:00"."""
    # Not by strftime("%a"), which speaks the machine's language.
    weekday = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[instant.weekday()]
    return f"{weekday} {instant.isoformat(' ', 'minutes')[:16]} {instant.isoformat()[-6:]}"


def utc(instant: datetime) -> str:
    """Write an aware datetime in UTC as RFC 3339 does: "2026-11-25T08:00:00Z"."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
