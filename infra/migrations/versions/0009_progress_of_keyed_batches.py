"""progress of keyed batches"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_column("idempotency_keys", "planned_answer")
    op.add_column("idempotency_keys", sa.Column("progress", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("idempotency_keys", "progress")
    op.add_column("idempotency_keys", sa.Column("planned_answer", sa.LargeBinary(), nullable=True))
