"""numbers that were seen above a stream's last sequence

Workers of the release before know nothing of them: they stop where a number is missing, as they always did.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "feature_sequences_ahead"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("first_sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "producer", "first_sequence", name=op.f(f"pk_{TABLE}")),
    )


def downgrade() -> None:
    """Missing numbers that have not come by then are gaps again, at which the worker stops."""
    op.drop_table(TABLE)
