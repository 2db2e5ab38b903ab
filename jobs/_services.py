"""The services that the jobs resolve by name; each is built when a run first asks for it, and closed at its end."""

import os

from tally import Container

from jobs._shop.catalog import Catalog
from jobs._shop.mailer import Mailer
from jobs._shop.products import Products


def register(container: Container) -> None:
    """Make the services known."""
    container.register("product", lambda container: Products(container.resolve("query")))
    container.register("catalog", lambda: Catalog(_address("CATALOG_URL", "http://catalog:8080")))
    container.register("mailer", lambda: Mailer(_address("SMTP_URL", "smtp://mail:25")))


def _address(variable: str, example: str) -> str:
    address = os.environ.get(variable)
    if not address:
        raise LookupError(f"{variable} is not set. Write for example {variable}={example}.")
    return address
