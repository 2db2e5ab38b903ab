"""The names of relations, from foreign keys alone."""

import pytest
from tally.errors import QueryError
from tally.query.relations import ForeignKey, Relation, find, listed

PAYER, BUYER = "order.payer_id > customer", "order.buyer_id > customer"


def key(text: str) -> ForeignKey:
    """Read "cart_item.cart_id > cart", or with two columns "note.a,b > line.x,y"."""
    near, far = text.split(" > ")
    source, columns = near.split(".")
    target, _, target_columns = far.partition(".")
    return ForeignKey(source, tuple(columns.split(",")), target, tuple((target_columns or "id").split(",")))


def found(table: str, name: str, *keys: str) -> Relation | None:
    known = [key(each) for each in keys]
    outgoing = [each for each in known if each.source == table]
    return find(table, name, outgoing, lambda: [each for each in known if each.target == table])


def one(column: str, target: str) -> Relation:
    return Relation(target=target, many=False, near=(column,), far=("id",))


def many(source: str, column: str) -> Relation:
    return Relation(target=source, many=True, near=("id",), far=(column,))


@pytest.mark.parametrize(
    ("table", "name", "keys", "relation"),
    [
        # To one: the column without its suffix, or with it.
        ("cart", "customer", ["cart.customer_id > customer"], one("customer_id", "customer")),
        ("cart", "customer_id", ["cart.customer_id > customer"], one("customer_id", "customer")),
        ("cart", "buyer", ["cart.buyer_id > customer"], one("buyer_id", "customer")),
        ("cart", "customer", ["cart.buyer_id > customer"], None),
        ("cart", "customer", ["cart.customerId > Customer"], one("customerId", "Customer")),
        ("cart", "customer", ["cart.customerID > Customer"], one("customerID", "Customer")),
        ("cart", "CUSTOMER", ["cart.CUSTOMER_ID > CUSTOMER"], one("CUSTOMER_ID", "CUSTOMER")),
        ("cart", "owner", ["cart.owner > customer"], one("owner", "customer")),
        ("cart", "id", ["cart.id > thing"], one("id", "thing")),
        ("cart", "pa", ["cart.paid > customer"], None),
        ("cart", "customer", ["cart.customer > a", "cart.customer_id > b"], one("customer", "a")),
        # To many: the table, its plural, what its name adds to this one's.
        ("cart", "cart_item", ["cart_item.cart_id > cart"], many("cart_item", "cart_id")),
        ("cart", "cart_items", ["cart_item.cart_id > cart"], many("cart_item", "cart_id")),
        ("cart", "items", ["cart_item.cart_id > cart"], many("cart_item", "cart_id")),
        ("cart", "item", ["cart_item.cart_id > cart"], None),
        ("cart", "items", ["cart_items.cart_id > cart"], many("cart_items", "cart_id")),
        ("carts", "items", ["cart_item.cart_id > carts"], many("cart_item", "cart_id")),
        ("carts", "items", ["carts_items.cart_id > carts"], many("carts_items", "cart_id")),
        ("Cart", "Items", ["CartItem.cartId > Cart"], many("CartItem", "cartId")),
        ("cart", "onages", ["cartonage.cart_id > cart"], None),
        ("category", "categories", ["category.parent_id > category"], many("category", "parent_id")),
        ("category", "parent", ["category.parent_id > category"], one("parent_id", "category")),
        ("category", "products", ["category_product.category_id > category"], many("category_product", "category_id")),
        ("categories", "products", ["category_product.c_id > categories"], many("category_product", "c_id")),
        ("shop", "addresses", ["address.shop_id > shop"], many("address", "shop_id")),
        ("shop", "boxes", ["box.shop_id > shop"], many("box", "shop_id")),
        ("shop", "days", ["day.shop_id > shop"], many("day", "shop_id")),
        ("shop", "branches", ["shop_branch.shop_id > shop"], many("shop_branch", "shop_id")),
        # Several keys, told apart by their own names.
        ("customer", "orders_by_payer", [PAYER, BUYER], many("order", "payer_id")),
        ("customer", "orders_by_payer", [PAYER], many("order", "payer_id")),
        # To one goes before to many; the exact name of a table before what is made of another's.
        ("cart", "item", ["cart.item_id > item", "item.cart_id > cart"], one("item_id", "item")),
        ("cart", "items", ["cart.item_id > item", "item.cart_id > cart"], many("item", "cart_id")),
        ("cart", "items", ["items.cart_id > cart", "cart_item.cart_id > cart"], many("items", "cart_id")),
        ("cart", "item", ["item.cart_id > cart", "cart_item.cart_id > cart"], many("item", "cart_id")),
        ("cart", "nothing", [], None),
    ],
)  # fmt: skip
def test_a_name_means_one_foreign_key(table: str, name: str, keys: list[str], relation: Relation | None) -> None:
    assert found(table, name, *keys) == relation


def test_a_key_of_several_columns_is_called_as_its_table() -> None:
    text = "note.order,number > line.order_id,position"
    assert found("note", "line", text) == Relation(
        "line", many=False, near=("order", "number"), far=("order_id", "position")
    )
    assert found("line", "notes", text) == Relation(
        "note", many=True, near=("order_id", "position"), far=("order", "number")
    )


@pytest.mark.parametrize(
    ("table", "name", "keys", "choices"),
    [
        ("a", "b", ["a.b_id > x", "a.bId > y"], "bId, b_id"),
        ("cart", "items", ["item.cart_id > cart", "cart_item.cart_id > cart"], "cart_items_by_cart, items_by_cart"),
        ("customer", "orders", [PAYER, BUYER], "orders_by_buyer, orders_by_payer"),
        ("customer", "order", [PAYER, BUYER], "orders_by_buyer, orders_by_payer"),
    ],
)  # fmt: skip
def test_a_name_that_means_several_lists_them_and_each_of_those_means_one(
    table: str, name: str, keys: list[str], choices: str
) -> None:
    with pytest.raises(
        QueryError, match=f"In '{table}', '{name}' could mean several relations. Write one of: {choices}"
    ):
        found(table, name, *keys)
    assert len({found(table, choice, *keys) for choice in choices.split(", ")} - {None}) == 2


@pytest.mark.parametrize(
    ("table", "keys", "names"),
    [
        ("cart", ["cart.customer_id > customer", "cart_item.cart_id > cart"], ["customer", "items"]),
        ("cart", ["item.cart_id > cart", "cart_item.cart_id > cart"], ["item", "cart_item"]),
        ("customer", [PAYER, BUYER], ["orders_by_payer", "orders_by_buyer"]),
        ("cart", ["cart.items_id > x", "cart_item.cart_id > cart"], ["items", "cart_item"]),
    ],
)  # fmt: skip
def test_each_relation_is_listed_by_a_name_that_means_it(table: str, keys: list[str], names: list[str]) -> None:
    known = [key(each) for each in keys]
    outgoing = [each for each in known if each.source == table]
    incoming = [each for each in known if each.target == table]
    assert listed(table, outgoing, incoming) == names
    assert len({found(table, name, *keys) for name in names} - {None}) == len(names)


def test_other_tables_are_not_looked_at_for_a_relation_to_one() -> None:
    def never() -> list[ForeignKey]:
        raise AssertionError

    assert find("cart", "customer", [key("cart.customer_id > customer")], never) == one("customer_id", "customer")
