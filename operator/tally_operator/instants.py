"""Times as the API server writes them: RFC 3339, in UTC, to the second."""

from datetime import UTC, datetime


def read(text: str) -> datetime:
    """Read an RFC 3339 time of any offset.

    Returns:
        The time in UTC.

    Raises:
        ValueError: It is none.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"The time {text!r} has no offset. Write it as 2026-01-31T12:00:00Z.")
    return moment.astimezone(UTC)


def write(moment: datetime) -> str:
    """Write an aware time in UTC, to the second; what is below a second is cut off."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
