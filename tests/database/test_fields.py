"""What comes back: columns, and related rows in both directions, by names that follow from the foreign keys."""

from tally.query import Query


async def test_graph_gives_what_was_asked_for(query: Query) -> None:
    found = await query.graph(entity="cart", fields=["id", "customer.email", "items.product.title"])
    assert found.data == [
        {
            "id": 1,
            "customer": {"email": "ann@example.com"},
            "items": [{"product": {"title": "Tea"}}, {"product": {"title": "Mug"}}],
        },
        {"id": 2, "customer": {"email": None}, "items": [{"product": {"title": "Tea"}}]},
        {"id": 3, "customer": None, "items": []},
        {"id": 4, "customer": {"email": "ann@example.com"}, "items": [{"product": None}]},
    ]
