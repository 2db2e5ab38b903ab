"""Conditions with a list of values, however long.

Both databases limit how many values a statement has (SQLite 32,766, PostgreSQL 65,535): a long list is bound as one.
"""

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

LONG = 100


def is_one_of(column: sa.ColumnElement[Any], values: list[Any], dialect: Dialect) -> sa.ColumnElement[bool]:
    """Make the condition that a column has one of the values.

    Args:
        column: The column.
        values: What its type binds; at least one, and no None.
        dialect: The database's.
    """
    if len(values) == 1:
        single: sa.ColumnElement[bool] = column == bound(column, values[0])
        return single
    if len(values) <= LONG:
        return column.in_(values)
    if dialect.name == "sqlite":
        write = column.type.dialect_impl(dialect).bind_processor(dialect)
        try:
            text = json.dumps([write(value) for value in values] if write else values, allow_nan=False)
        except (TypeError, ValueError):  # bytes and infinity are nothing in JSON
            return column.in_(values)
        return column.in_(sa.select(sa.func.json_each(text).table_valued("value").c.value))
    # Not `= ANY`, which PostgreSQL only hashes where the types are the same: bigint against integer it would not.
    return column.in_(sa.select(sa.func.unnest(sa.bindparam(None, values, type_=postgresql.ARRAY(column.type)))))


def bound(column: sa.ColumnElement[Any], value: object) -> sa.BindParameter[Any]:
    """Bind a value of a column's type; SQLAlchemy would by itself write out True and False.

    Args:
        column: The column that it is compared with.
        value: What its type binds.
    """
    return sa.bindparam(None, value, type_=column.type)
