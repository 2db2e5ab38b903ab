"""What a run says while it goes: one JSON object a line for a cluster, readable lines for a terminal."""

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from tally.errors import InputError
from tally.jsontext import encode
from tally.outcome import rfc3339

# What a record carries by itself; all else came in through `extra=`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(environ: Mapping[str, str], context: Mapping[str, object], stream: TextIO | None = None) -> None:
    """Send all logs and Python's warnings to one stream, from INFO upwards.

    Args:
        environ: TALLY_LOG_FORMAT is `json` or `text`; absent, a terminal gets text and all else JSON.
        context: What every JSON line says besides its message: job, slot, attempt.
        stream: Where to; the standard output if None, so that a job's own prints stay in their place.

    Raises:
        InputError: TALLY_LOG_FORMAT is something else; the logs are configured nevertheless.
    """
    target = sys.stdout if stream is None else stream
    chosen = environ.get("TALLY_LOG_FORMAT") or ("text" if target.isatty() else "json")
    handler = logging.StreamHandler(target)
    handler.setFormatter(TextFormatter() if chosen == "text" else JsonFormatter(context))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    if chosen not in ("json", "text"):
        raise InputError(f"TALLY_LOG_FORMAT is {chosen!r}. Write json or text.")


class JsonFormatter(logging.Formatter):
    """One JSON object a line; a traceback is the field `error`, and `extra=` adds fields.

    Args:
        context: Fields that every line has.
    """

    def __init__(self, context: Mapping[str, object]) -> None:
        super().__init__()
        self._context = dict(context)

    def format(self, record: logging.LogRecord) -> str:
        """Write the record; nothing that `extra=` adds replaces a field of ours."""
        fields = {
            "time": rfc3339(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._context,
        }
        trace = _trace(self, record)
        if trace:
            fields["error"] = trace
        return encode({**fields, **extras(record), **fields})


class TextFormatter(logging.Formatter):
    """A line for a person: UTC time, level, message, then `extra=` as key=value and the traceback below."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record."""
        time = datetime.fromtimestamp(record.created, UTC)
        return as_text(time, record.levelname, record.getMessage(), extras(record), _trace(self, record))


def as_text(time: datetime, level: str, message: str, details: Mapping[str, object], trace: str) -> str:
    """Write what was said for a person.

    Args:
        time: When, in UTC.
        level: How loudly, such as INFO.
        message: What.
        details: What `extra=` added.
        trace: A traceback, or "".
    """
    told = "".join(f"  {name}={encode(value)}" for name, value in details.items())
    return f"{time:%H:%M:%SZ} {level:<7} {message}{told}" + (f"\n{trace}" if trace else "")


def extras(record: logging.LogRecord) -> dict[str, object]:
    """Give what the caller added to a record by `extra=`."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    error = formatter.formatException(record.exc_info) if record.exc_info and record.exc_info[0] else ""
    stack = formatter.formatStack(record.stack_info) if record.stack_info else ""
    return "\n".join(filter(None, [error, stack]))
