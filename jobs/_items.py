"""One rule for every job that goes through items: one that fails is logged and counted, and does not stop the rest.

A job fails, and is seen as failed, when something that all its items need is broken (the database, the mail server),
or when not a single item went through. Its schedule goes on in either case.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from logging import Logger


class ItemError(Exception):
    """One item failed, and the others may well succeed: services raise their own kinds of it."""


class Items:
    """Counts the items of one run.

    Args:
        logger: Where each failure is said.
    """

    def __init__(self, logger: Logger) -> None:
        self.processed = 0
        self.failed = 0
        self._logger = logger

    @contextmanager
    def each(self, name: str) -> Iterator[None]:
        """Work on one item; an `ItemError` ends this item only, any other error ends the job.

        Args:
            name: What to call the item in the log, such as `cart cart-07`.
        """
        try:
            yield
        except ItemError as error:
            self.failed += 1
            self._logger.error("%s failed: %s", name, error)

    def result(self) -> dict[str, int]:
        """Give the counts, as a job returns them.

        Raises:
            ItemError: There were items, and all of them failed.
        """
        if self.failed and not self.processed:
            raise ItemError(f"All {self.failed} items failed; the log says why for each.")
        return {"processed": self.processed, "failed": self.failed}
