"""The shop's tables: what it sells, to whom, and what the jobs must remember from one run to the next."""

from datetime import UTC, datetime

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Integer, MetaData, String, Table, TypeDecorator
from sqlalchemy.engine import Dialect

metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """An aware time, in UTC: SQLite has no time zones, so there it is kept without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Write the time in UTC."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read the time in UTC, whatever the server's session zone is."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


product = Table(
    "product",
    metadata,
    Column("id", String, primary_key=True),
    Column("title", String, nullable=False),
    Column("price_cents", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("updated_at", Instant, nullable=False, index=True),
)

customer = Table(
    "customer",
    metadata,
    Column("id", String, primary_key=True),
    Column("email", String, nullable=False, unique=True),
    Column("newsletter_subscribed", Boolean, nullable=False),
)

# A completed cart is an order.
cart = Table(
    "cart",
    metadata,
    Column("id", String, primary_key=True),
    Column("customer_id", ForeignKey("customer.id")),  # NULL: a guest's
    Column("email", String),  # NULL: the customer has not said one yet
    Column("updated_at", Instant, nullable=False, index=True),
    Column("completed_at", Instant),
)

cart_item = Table(
    "cart_item",
    metadata,
    Column("id", String, primary_key=True),
    Column("cart_id", ForeignKey("cart.id"), nullable=False, index=True),
    Column("product_id", ForeignKey("product.id"), nullable=False),
    Column("quantity", Integer, nullable=False),
)

# What each product has sold lately; made anew by recalculate-bestsellers.
bestseller = Table(
    "bestseller",
    metadata,
    Column("product_id", ForeignKey("product.id"), primary_key=True),
    Column("sold", Integer, nullable=False),
)

# A row is a claim: whoever writes it may send this mail, and nobody else. It has no foreign key, as it outlives carts.
mail = Table(
    "mail",
    metadata,
    Column("id", String, primary_key=True),  # what the mail is about, such as newsletter.2026-11-29.customer-1
    Column("recipient", String, nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("sent_at", Instant),  # NULL: being sent, or nobody knows
)

sync = Table(
    "sync",
    metadata,
    Column("job", String, primary_key=True),
    Column("last_sync_time", Instant, nullable=False),
)
