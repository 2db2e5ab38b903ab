"""The product service: products by what jobs ask for."""

from typing import Any

from tally.query import Query


class Products:
    """Reads products.

    Args:
        query: The service `query`.
    """

    def __init__(self, query: Query) -> None:
        self._query = query

    async def list_products(self, **filters: object) -> list[dict[str, Any]]:
        """List the products for which all of the filters hold, as in `list_products(active=True)`."""
        return (await self._query.graph(entity="product", filters=filters)).data
