"""The third-party service that shows the shop's products: an HTTP API, to which a product is PUT."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

from jobs._items import ItemError

_TIMEOUT_SECONDS = 10


class CatalogError(ItemError):
    """The catalogue did not take one product."""


class Catalog:
    """The catalogue, over one connection that is kept open; not for two tasks at once.

    Args:
        url: Its address, such as `http://catalog:8080/api`.
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"CATALOG_URL is {url!r}. Write for example http://catalog:8080.")
        connection = HTTPSConnection if address.scheme == "https" else HTTPConnection
        self._connection = connection(address.hostname, address.port, timeout=_TIMEOUT_SECONDS)
        self._path = address.path.rstrip("/")

    async def upsert(self, product: Mapping[str, Any]) -> None:
        """Create the product there, or replace it: doing so twice does no harm.

        Args:
            product: It, with its `id`.

        Raises:
            CatalogError: The catalogue answered, and did not take it.
            ConnectionError: There is no answer.
        """
        body = json.dumps(product, default=datetime.isoformat).encode()
        await asyncio.to_thread(self._put, f"{self._path}/products/{quote(product['id'], safe='')}", body)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _put(self, path: str, body: bytes) -> None:
        try:
            self._connection.request("PUT", path, body, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            text = response.read().decode(errors="replace")
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise ConnectionError(f"The catalogue at {self._connection.host} does not answer: {error!r}") from error
        if response.status >= 300:
            raise CatalogError(f"The catalogue answered {response.status} to PUT {path}: {text[:200]}")
