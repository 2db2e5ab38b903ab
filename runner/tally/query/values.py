"""What a column's values are: the type that it gets here, so that both databases take and give the same Python values.

| column                        | takes and gives                                                        |
| ----------------------------- | ---------------------------------------------------------------------- |
| boolean                       | bool                                                                   |
| integer                       | int                                                                    |
| numeric, decimal              | Decimal; takes int and float too                                       |
| real, double precision        | float; takes int and Decimal too                                       |
| text, enum                    | str                                                                    |
| date with time, any zone      | aware datetime; gives UTC                                              |
| date, time, interval          | date, time, timedelta                                                  |
| uuid                          | UUID; takes its text too                                               |
| bytea, blob                   | bytes                                                                  |
| json, array and what is left  | whatever the driver gives; a filter can only ask whether it is there   |

A date with time without a zone is taken for UTC. SQLite has no such types but text: `YYYY-MM-DD HH:MM:SS[.ffffff]` in
UTC is what SQLAlchemy and CURRENT_TIMESTAMP write, and what is compared here; CHAR(32) is SQLAlchemy's UUID.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from tally.errors import QueryError
from tally.query.problems import shown

_LARGEST = 2**63


class Instant(sa.types.TypeDecorator[datetime]):
    """A date with time, as aware UTC whatever the column stores.

    Args:
        timezone: Whether PostgreSQL's column has a zone.
    """

    impl = sa.DateTime
    cache_ok = True

    def __init__(self, timezone: bool = False) -> None:
        super().__init__(timezone=timezone)
        self.timezone = timezone

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Leave SQLite's text to us."""
        return sa.String() if _is_sqlite(dialect) else super().load_dialect_impl(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """Write it as the column does."""
        if value is None:
            return None
        instant = value.astimezone(UTC)
        if _is_sqlite(dialect):
            return spellings(instant)[-1]
        return instant if self.timezone else instant.replace(tzinfo=None)

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read it, in UTC."""
        if value is None:
            return None
        try:
            instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError as error:
            raise QueryError(f"A column of dates with time holds {shown(value)}, which is none.") from error
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


class FloatingDecimal(sa.types.TypeDecorator[Decimal | str]):
    """A decimal in SQLite, which stores it as a float or an integer.

    It is also what SQLite makes of a type that it does not know, such as UUID; text comes back as it is.

    Args:
        scale: The digits behind the point; None as many as there are.
    """

    impl = sa.types.NullType
    cache_ok = True

    def __init__(self, scale: int | None = None) -> None:
        super().__init__()
        self.scale = scale

    def process_bind_param(self, value: Decimal | str | None, dialect: Dialect) -> float | str | None:  # noqa: ARG002
        """Write it as the column does."""
        return float(value) if isinstance(value, Decimal) else value

    def process_result_value(self, value: object, dialect: Dialect) -> Decimal | str | None:  # noqa: ARG002
        """Read it with the column's digits."""
        if value is None or isinstance(value, str):
            return value
        exact = Decimal(str(value))
        return exact if self.scale is None else round(exact, self.scale)


class HexUuid(sa.types.TypeDecorator[UUID | str]):
    """A UUID in SQLite, which stores its 32 digits; what is none comes back as it is."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: UUID | str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write its digits."""
        return value.hex if isinstance(value, UUID) else value

    def process_result_value(self, value: object, dialect: Dialect) -> UUID | str | None:  # noqa: ARG002
        """Read its digits."""
        try:
            return None if value is None else UUID(str(value))
        except ValueError:
            return str(value)


class Untyped(sa.types.NullType):
    """A column for which SQLite was told no type."""


@dataclass(frozen=True)
class Kind:
    """What one sort of column takes.

    Args:
        takes: It in words, with an example.
        convert: Gives what is bound for a value; None where the value does not fit.
    """

    takes: str
    convert: Callable[[Any], object | None]


def adapted(reflected: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    """Give the type that a column gets here.

    Args:
        reflected: The type that the database names.
        dialect: The database's.
    """
    if isinstance(reflected, postgresql.DOMAIN):
        return adapted(reflected.data_type, dialect)
    if isinstance(reflected, sa.DateTime):
        return Instant(timezone=reflected.timezone)
    if isinstance(reflected, sa.Integer):
        return sa.BigInteger()  # or a value that is too large for the column would be an error, not just larger
    if _is_sqlite(dialect):
        if isinstance(reflected, sa.Numeric) and not isinstance(reflected, sa.Float):
            return FloatingDecimal(reflected.scale)
        if isinstance(reflected, sa.CHAR) and reflected.length == len(UUID(int=0).hex):
            return HexUuid()
        if isinstance(reflected, sa.types.NullType):
            return Untyped()
    return reflected


def kind_of(column: sa.ColumnElement[Any]) -> Kind | None:
    """Tell what a column takes; None for one whose values are not compared."""
    return next((kind for types, kind in _KINDS if isinstance(column.type, types)), None)


def fitting(column: sa.ColumnElement[Any], value: object, field: str) -> object:
    """Check a value against its column.

    Args:
        column: The column.
        value: What the filter gives; not None.
        field: The column's name, as the message shall call it.

    Returns:
        What is bound.

    Raises:
        QueryError: It is of another type.
    """
    kind = kind_of(column)
    if kind is None:
        raise QueryError(
            f"{field} holds {column.type}, which a filter cannot compare. Write None or {{'$exists': True}}."
        )
    bound = kind.convert(value)
    if bound is None:
        raise QueryError(f"{field} takes {kind.takes}, not {shown(value)} ({type(value).__name__}).")
    return bound


def spellings(instant: datetime) -> list[str]:
    """List how SQLite's text may write an instant: with no more digits than it needs, with three, with six.

    All lie between the first and the last, and those of any other instant do not.

    Args:
        instant: In UTC.
    """
    full = instant.replace(tzinfo=None).isoformat(" ", "microseconds")
    shortest = full.rstrip("0").rstrip(".") if instant.microsecond else full[: -len(".000000")]
    thousandths = [] if instant.microsecond % 1000 else [full[:-3]]
    return list(dict.fromkeys([shortest, *thousandths, full]))


def _is_sqlite(dialect: Dialect) -> bool:
    return dialect.name == "sqlite"


def _boolean(value: object) -> object | None:
    return value if isinstance(value, bool) else None


def _integer(value: object) -> object | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and -_LARGEST <= value < _LARGEST else None  # type: ignore[operator]


def _decimal(value: object) -> object | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    exact = Decimal(str(value)) if isinstance(value, float) else Decimal(value)  # 0.1 is meant as it is written
    return exact if exact.is_finite() else None


def _float(value: object) -> object | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return None if math.isnan(number) else number  # the databases do not agree on what it equals


def _text(value: object) -> object | None:
    if not isinstance(value, str) or "\0" in value:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return value


def _one_of_type(kind: type) -> Callable[[object], object | None]:
    # A datetime is a date for Python, and has a time that a date would lose.
    return lambda value: value if isinstance(value, kind) and not isinstance(value, datetime) else None


def _instant(value: object) -> object | None:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        return None
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None


def _uuid(value: object) -> object | None:
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _untyped(value: object) -> object | None:
    for convert in (_integer, _float, _text):
        if convert(value) is not None:
            return value
    return None


_KINDS: tuple[tuple[type | tuple[type, ...], Kind], ...] = (
    (sa.Boolean, Kind("True or False", _boolean)),
    (sa.Integer, Kind("a whole number of at most 64 bits", _integer)),
    ((sa.Float, postgresql.DOUBLE_PRECISION), Kind("a number", _float)),
    ((sa.Numeric, FloatingDecimal), Kind("a number, such as Decimal('19.90')", _decimal)),
    (Instant, Kind("an instant with its time zone, such as datetime.now(UTC)", _instant)),
    (sa.Date, Kind("a day, such as date(2026, 1, 31)", _one_of_type(date))),
    (sa.Time, Kind("a time of day, such as time(9, 30)", _one_of_type(time))),
    ((sa.Interval, postgresql.INTERVAL), Kind("a timedelta", _one_of_type(timedelta))),
    ((sa.Uuid, HexUuid), Kind("a UUID", _uuid)),
    (sa.String, Kind("text without the character NUL", _text)),
    (sa.LargeBinary, Kind("bytes", _one_of_type(bytes))),
    (Untyped, Kind("a number or text", _untyped)),
)
