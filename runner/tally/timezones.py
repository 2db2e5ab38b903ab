"""Finds a time zone by its name, and says what to write where this machine's calendar has none of that name."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tally.errors import ConfigError


def zone_of(name: str) -> ZoneInfo:
    """Load a zone.

    Args:
        name: Its IANA name, such as "Europe/Berlin".

    Raises:
        ConfigError: This machine knows none of that name; the message names one that is meant, if there is any.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"The time zone {name!r} is none that this machine knows. {_instead(name)}") from None


def _instead(name: str) -> str:
    import difflib  # only after a mistake

    known = {each.lower(): each for each in available_timezones()}
    if not known:
        return "It knows no zones at all: pip install tzdata, or install the system's package tzdata."
    close = difflib.get_close_matches(name.lower(), known, n=1)
    return f'Write an IANA name: time_zone="{known[close[0]] if close else "Europe/Berlin"}".'
