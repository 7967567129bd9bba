"""cancellations by lines"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "order_items", sa.Column("cancelled_quantity", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_order_items_cancelled_quantity"), "order_items", "cancelled_quantity BETWEEN 0 AND quantity"
    )
    op.create_table(
        "order_cancellations",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_cancellations_order_id")),
        sa.PrimaryKeyConstraint("event_id", "line", name=op.f("pk_order_cancellations")),
    )


def downgrade() -> None:
    op.drop_table("order_cancellations")
    op.drop_constraint(op.f("ck_order_items_cancelled_quantity"), "order_items")
    op.drop_column("order_items", "cancelled_quantity")
