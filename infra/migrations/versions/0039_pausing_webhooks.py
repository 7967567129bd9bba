"""why webhooks pause, and since when they fail"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("webhooks", sa.Column("pause_reason", sa.Text(), nullable=True))
    op.execute("UPDATE webhooks SET pause_reason = 'ASKED' WHERE paused_at IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_webhooks_pause_reason"), "webhooks", "pause_reason IN ('ASKED', 'FAILING', 'MAKER')"
    )
    op.create_check_constraint(op.f("ck_webhooks_paused"), "webhooks", "(paused_at IS NULL) = (pause_reason IS NULL)")
    # The newest deliveries of one are listed, or of these the few that failed; and those of a span are replayed.
    op.create_index("ix_webhook_deliveries_webhook_id_id", "webhook_deliveries", ["webhook_id", "id"])
    op.create_index(
        "ix_webhook_deliveries_failed",
        "webhook_deliveries",
        ["webhook_id", "id"],
        postgresql_where=sa.text("state = 'FAILED'"),
    )
    op.create_index("ix_webhook_deliveries_noted", "webhook_deliveries", ["webhook_id", "created_at", "id"])


def downgrade() -> None:
    for name in ("noted", "failed", "webhook_id_id"):
        op.drop_index(f"ix_webhook_deliveries_{name}", "webhook_deliveries")
    op.drop_constraint(op.f("ck_webhooks_paused"), "webhooks")
    op.drop_constraint(op.f("ck_webhooks_pause_reason"), "webhooks")
    op.drop_column("webhooks", "pause_reason")
    op.drop_column("webhooks", "failing_since")
