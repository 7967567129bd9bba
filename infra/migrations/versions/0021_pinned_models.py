"""pinned models; the table model_versions is called models

The pods of the release before use the old name until the last one is replaced: a view keeps it, through which they read and write.
They know of no pin, so what was published under one is hidden from them: they serve the pinned version like the others. The next
release drops it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OLD, NEW = "model_versions", "models"


def upgrade() -> None:
    _rename(OLD, NEW)
    op.add_column(NEW, sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(f"""
        CREATE VIEW {OLD} AS
        SELECT version, training_id, recipe, manifest_sha256, published_at, activated_at FROM {NEW} AS m
        WHERE NOT EXISTS (
            SELECT FROM {NEW} AS pin
            WHERE pin.pinned_at >= (SELECT max(activated_at) FROM {NEW}) AND m.published_at > pin.pinned_at
        )
    """)  # noqa: S608


def downgrade() -> None:
    """What waits as a challenger is then served."""
    op.execute(f"DROP VIEW {OLD}")
    op.drop_column(NEW, "pinned_at")
    _rename(NEW, OLD)


def _rename(old: str, new: str) -> None:
    op.rename_table(old, new)
    op.execute(f"ALTER INDEX pk_{old} RENAME TO pk_{new}")
