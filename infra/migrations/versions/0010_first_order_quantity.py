"""the quantity of the first order, summed over its lines

Filled from the orders: `first_event_id` is the id of the order whose event made the row, and the lines of an order never change,
so the value is right whatever the worker has read so far. It may stay NULL: a worker of the release before, which runs until the
last one is replaced, leaves it out of the rows that it makes, and keeps it where it finds an earlier first order. `ordercast
verify` names those rows, and `ordercast features rebuild` (of this release) writes them anew.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("feature_rows", sa.Column("first_order_quantity", sa.BigInteger(), nullable=True))
    op.execute("""
        UPDATE feature_rows AS f SET first_order_quantity = (
            SELECT CAST(sum(i.quantity) AS bigint) FROM order_items AS i
            WHERE i.order_id = f.first_event_id AND i.product_id = f.product_id
        )
        WHERE f.first_event_id IS NOT NULL
    """)


def downgrade() -> None:
    op.drop_column("feature_rows", "first_order_quantity")
