"""activity by day

Orders and what was taken back of them come from this database, at their own days. Which of them are counted, the feature rows say: for
each account and product the first `order_count` orders by id, and the first `cancelled_quantity` that was taken back. An event that Kafka
refused is not counted. Views have no day here: `ordercast features rebuild` reads them in the topic, and adds what workers of the release
before counted while they were being replaced; until then `ordercast verify` names these rows.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SUMS = ("orders", "first_lines", "order_lines", "quantity", "amount", "cancelled_quantity", "views", "carts")
OF_A_PAIR, OF_A_PRODUCT = ("account_id", "product_id", "day", "known_on"), ("product_id", "day", "known_on")
# One statement, so all is of one moment.
FILL_PAIRS = """
    INSERT INTO pair_activity (
        account_id, product_id, day, known_on, orders, first_lines, order_lines, quantity, amount, cancelled_quantity
    )
    WITH refused AS (
        SELECT event_id, event_type, CAST(convert_from(body, 'UTF8')::json ->> 'order_id' AS uuid) AS order_id
        FROM outbox_dead_letters
    ), lines AS (
        SELECT o.account_id, i.product_id, o.id AS order_id, i.line, i.quantity, i.unit_price, o.status, o.is_cancellation,
            CAST(o.created_at AT TIME ZONE 'UTC' AS date) AS day, o.cancelled_at,
            min(i.line) OVER (PARTITION BY o.id) AS first_line
        FROM orders AS o JOIN order_items AS i ON i.order_id = o.id
    ), placed AS (
        SELECT *, dense_rank() OVER (PARTITION BY account_id, product_id ORDER BY order_id) AS place
        FROM lines WHERE NOT is_cancellation AND order_id NOT IN (
            SELECT order_id FROM refused WHERE event_type = 'ordercast.order.placed.v1'
        )
    ), pieces_back AS (
        SELECT order_id, line, quantity, cancelled_at FROM order_cancellations
        WHERE event_id NOT IN (SELECT event_id FROM refused)
        UNION ALL
        SELECT order_id, line, l.quantity - coalesce(c.quantity, 0), cancelled_at
        FROM lines AS l LEFT JOIN (
            SELECT order_id, line, CAST(sum(quantity) AS bigint) AS quantity FROM order_cancellations GROUP BY order_id, line
        ) AS c USING (order_id, line)
        WHERE status = 'CANCELLED' AND l.quantity > coalesce(c.quantity, 0) AND order_id NOT IN (
            SELECT order_id FROM refused WHERE event_type = 'ordercast.order.cancelled.v1'
                AND event_id NOT IN (SELECT event_id FROM order_cancellations)
        )
    ), taken_back AS (
        SELECT l.account_id, l.product_id, l.day, b.quantity,
            greatest(l.day, CAST(b.cancelled_at AT TIME ZONE 'UTC' AS date)) AS known_on,
            sum(b.quantity) OVER (PARTITION BY l.account_id, l.product_id ORDER BY b.cancelled_at, order_id) AS up_to
        FROM pieces_back AS b JOIN lines AS l USING (order_id, line)
    ), facts AS (
        SELECT p.account_id, p.product_id, p.day, p.day AS known_on, p.order_id, p.line = p.first_line AS is_first,
            1 AS order_lines, p.quantity, p.quantity * p.unit_price AS amount, 0 AS cancelled_quantity
        FROM placed AS p JOIN feature_rows AS f USING (account_id, product_id) WHERE p.place <= f.order_count
        UNION ALL
        SELECT t.account_id, t.product_id, t.day, t.known_on, NULL, false, 0, 0, 0, t.quantity
        FROM taken_back AS t JOIN feature_rows AS f USING (account_id, product_id) WHERE t.up_to <= f.cancelled_quantity
    )
    SELECT account_id, product_id, day, known_on, count(DISTINCT order_id), count(*) FILTER (WHERE is_first),
        sum(order_lines), sum(quantity), sum(amount), sum(cancelled_quantity)
    FROM facts GROUP BY account_id, product_id, day, known_on
"""


def upgrade() -> None:
    _create("pair_activity", OF_A_PAIR)
    _create("product_activity", OF_A_PRODUCT)
    op.execute(FILL_PAIRS)
    op.execute(f"""
        INSERT INTO product_activity ({", ".join((*OF_A_PRODUCT, *SUMS))})
        SELECT {", ".join((*OF_A_PRODUCT, *(f"sum({name})" for name in SUMS)))}
        FROM pair_activity GROUP BY {", ".join(OF_A_PRODUCT)}
    """)  # noqa: S608 - names of our own tables and columns


def downgrade() -> None:
    op.drop_table("product_activity")
    op.drop_table("pair_activity")


def _create(name: str, key: tuple[str, ...]) -> None:
    types = {"day": sa.Date(), "known_on": sa.Date()}
    op.create_table(
        name,
        *(sa.Column(part, types.get(part, sa.BigInteger()), autoincrement=False, nullable=False) for part in key),
        *(
            sa.Column(
                figure,
                sa.Numeric() if figure == "amount" else sa.BigInteger(),
                server_default=sa.text("0"),
                nullable=False,
            )
            for figure in SUMS
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")),
    )
