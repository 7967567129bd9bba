"""changes of orders, and what lists of orders need

The trigger keeps what comes into the outbox, whoever writes it: the pods of the release before, too. `orders` stays locked until
all is made, so orders wait for some seconds where there are millions. Orders from before have the upgrade's time as `updated_at`.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEEP_CHANGES = """
    CREATE FUNCTION keep_order_changes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO order_changes (shard, number, order_id)
        SELECT shard, number, CASE event_type WHEN 'ordercast.order.placed.v1' THEN event_id
            ELSE CAST(convert_from(body, 'UTF8')::json ->> 'order_id' AS uuid) END
        FROM appended
        WHERE event_type IN (
            'ordercast.order.placed.v1', 'ordercast.order.confirmed.v1', 'ordercast.order.cancelled.v1'
        );
        RETURN NULL;
    END $$
"""
TRIGGER = """
    CREATE TRIGGER keep_order_changes AFTER INSERT ON outbox REFERENCING NEW TABLE AS appended
    FOR EACH STATEMENT EXECUTE FUNCTION keep_order_changes()
"""
# Shard -1: the orders that were there before, in the order of their time.
EARLIER_ORDERS = """
    INSERT INTO order_changes (shard, number, order_id)
    SELECT -1, row_number() OVER (ORDER BY created_at, id), id FROM orders
"""


def upgrade() -> None:
    op.add_column(
        "orders",
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.create_index(op.f("ix_orders_account_id_created_at_id"), "orders", ["account_id", "created_at", "id"])
    op.drop_index(op.f("ix_orders_account_id_id"), table_name="orders")
    op.create_index(op.f("ix_orders_created_at_id"), "orders", ["created_at", "id"])
    op.create_index(
        "ix_orders_not_confirmed",
        "orders",
        ["status", "created_at", "id"],
        postgresql_where=sa.text("status <> 'CONFIRMED'"),
    )
    op.create_index(
        op.f("ix_orders_updated_at"),
        "orders",
        ["updated_at"],
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 32, "autosummarize": True},
    )
    op.create_index(op.f("ix_order_items_product_id_order_id"), "order_items", ["product_id", "order_id"])
    op.create_table(
        "order_changes",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "number", name=op.f("pk_order_changes")),
    )
    op.execute(KEEP_CHANGES)
    op.execute(TRIGGER)
    op.execute(EARLIER_ORDERS)


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_order_changes ON outbox")
    op.execute("DROP FUNCTION keep_order_changes")
    op.drop_table("order_changes")
    op.drop_index(op.f("ix_order_items_product_id_order_id"), table_name="order_items")
    op.drop_index(op.f("ix_orders_updated_at"), table_name="orders")
    op.drop_index("ix_orders_not_confirmed", table_name="orders")
    op.drop_index(op.f("ix_orders_created_at_id"), table_name="orders")
    op.create_index(op.f("ix_orders_account_id_id"), "orders", ["account_id", "id"])
    op.drop_index(op.f("ix_orders_account_id_created_at_id"), table_name="orders")
    op.drop_column("orders", "updated_at")
