"""dead letters of the outbox"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "outbox_dead_letters",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("shard", "number", name=op.f("pk_outbox_dead_letters")),
    )


def downgrade() -> None:
    """Refuses while the table holds an event: it is the only copy, and its number went out with a stand-in."""
    op.execute("LOCK TABLE outbox_dead_letters IN ACCESS EXCLUSIVE MODE")
    count = op.get_bind().scalar(sa.text("SELECT count(*) FROM outbox_dead_letters"))
    if count:
        raise CommandError(
            f"outbox_dead_letters holds the only copy of {count} accepted events: send them again with `ordercast outbox retry`, "
            "and take the migration back when the table is empty"
        )
    op.drop_table("outbox_dead_letters")
