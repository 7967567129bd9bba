"""trends by the quarter of an hour

They come out of what the worker has counted so far. Orders and cancellations at their own time, from the orders in this database;
which of them are counted, the feature rows say: for each account and product the first `order_count` orders by id, and the first
`cancelled_quantity` that was cancelled. Of views only the UTC day is known: they stand at its noon, which is the same date in all
zones from 12 hours behind to almost 12 hours ahead. `ordercast features rebuild` gives them their own time.

`daily_trends` stays for the release before, whose workers go on writing it until the last one is replaced: what they count after
this migration comes into the new tables with that rebuild. Until then `ordercast verify` names these rows. The next release drops it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BY_PRODUCT, OF_THE_SHOP = ("product_id", "starts_at"), ("starts_at", "partition")
# One statement, so all is of one moment.
COUNTED = """
    CREATE TEMPORARY TABLE counted ON COMMIT DROP AS
    WITH lines AS (
        SELECT o.account_id, i.product_id, o.id AS order_id, o.created_at, i.quantity,
            dense_rank() OVER (PARTITION BY o.account_id, i.product_id ORDER BY o.id) AS place
        FROM orders AS o JOIN order_items AS i ON i.order_id = o.id
        WHERE NOT o.is_cancellation
    ), taken_back AS (
        SELECT o.account_id, i.product_id, o.cancelled_at, i.quantity,
            sum(i.quantity) OVER (PARTITION BY o.account_id, i.product_id ORDER BY o.cancelled_at, o.id) AS up_to
        FROM orders AS o JOIN order_items AS i ON i.order_id = o.id
        WHERE o.status = 'CANCELLED'
    ), facts AS (
        SELECT l.product_id, f.partition, l.created_at AS at, l.order_id, 1 AS order_lines, l.quantity, 0 AS cancelled_quantity,
            0 AS views
        FROM lines AS l JOIN feature_rows AS f USING (account_id, product_id) WHERE l.place <= f.order_count
        UNION ALL
        SELECT t.product_id, f.partition, t.cancelled_at, NULL, 0, 0, t.quantity, 0
        FROM taken_back AS t JOIN feature_rows AS f USING (account_id, product_id) WHERE t.up_to <= f.cancelled_quantity
        UNION ALL
        SELECT product_id, 0, (day + TIME '12:00') AT TIME ZONE 'UTC', NULL, 0, 0, 0, views FROM daily_trends WHERE views > 0
    )
    SELECT *, date_bin('15 minutes', at, TIMESTAMPTZ '1970-01-01 00:00:00Z') AS starts_at FROM facts
"""


def upgrade() -> None:
    _create("product_trends", BY_PRODUCT)
    _create("shop_trends", OF_THE_SHOP)
    op.execute(COUNTED)
    _fill("product_trends", BY_PRODUCT)
    _fill("shop_trends", OF_THE_SHOP)


def downgrade() -> None:
    op.drop_table("shop_trends")
    op.drop_table("product_trends")


def _create(name: str, key: tuple[str, str]) -> None:
    types = {"starts_at": sa.DateTime(timezone=True)}
    op.create_table(
        name,
        *(sa.Column(part, types.get(part, sa.BigInteger()), autoincrement=False, nullable=False) for part in key),
        *(
            sa.Column(figure, sa.BigInteger(), server_default=sa.text("0"), nullable=False)
            for figure in ("orders", "order_lines", "quantity", "cancelled_quantity", "views")
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")),
    )


def _fill(name: str, key: tuple[str, str]) -> None:
    op.execute(f"""
        INSERT INTO {name} ({", ".join(key)}, orders, order_lines, quantity, cancelled_quantity, views)
        SELECT {", ".join(key)}, count(DISTINCT order_id), sum(order_lines), sum(quantity), sum(cancelled_quantity), sum(views)
        FROM counted GROUP BY {", ".join(key)}
    """)  # noqa: S608 - names of our own tables and columns
