"""The built-in service `query`: `graph` reads a database by its tables' names, and is all that a job calls."""

from tally.query.graph import Metadata, Query, Result

__all__ = ["Metadata", "Query", "Result"]
