"""The services that the jobs resolve by name; each is built when a run first asks for it, and closed at its end.

Each is imported only then, too: every run reads this file, and most need one of them.
"""

import os
from typing import TYPE_CHECKING

from tally import Container

if TYPE_CHECKING:
    from jobs._shop.catalog import Catalog
    from jobs._shop.mailer import Mailer
    from jobs._shop.products import Products


def register(container: Container) -> None:
    """Make the services known."""
    container.register("product", products)
    container.register("catalog", catalog)
    container.register("mailer", mailer)


def products(container: Container) -> "Products":
    """Read the shop's products."""
    from jobs._shop.products import Products

    return Products(container.resolve("query"))


def catalog() -> "Catalog":
    """Reach the third-party catalogue at CATALOG_URL."""
    from jobs._shop.catalog import Catalog

    return Catalog(_address("CATALOG_URL", "http://catalog:8080"))


def mailer() -> "Mailer":
    """Reach the mail server at SMTP_URL."""
    from jobs._shop.mailer import Mailer

    return Mailer(_address("SMTP_URL", "smtp://mail:25"))


def _address(variable: str, example: str) -> str:
    address = os.environ.get(variable)
    if not address:
        raise LookupError(f"{variable} is not set. Write for example {variable}={example}.")
    return address
