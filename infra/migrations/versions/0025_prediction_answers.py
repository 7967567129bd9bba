"""predictions that were given, to be judged by what was ordered"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "prediction_answers"
KEY = ("account_id", "product_id", "starts_on", "model_version")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_probability", sa.Float(), nullable=False),
        sa.Column("expected_quantity", sa.Float(), nullable=False),
        sa.Column("low", sa.BigInteger(), nullable=False),
        sa.Column("high", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("naive_quantity", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint(*KEY, name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(op.f(f"ix_{TABLE}_model_version_starts_on"), TABLE, ["model_version", "starts_on"])
    op.create_index(op.f(f"ix_{TABLE}_starts_on"), TABLE, ["starts_on"])


def downgrade() -> None:
    """The topic keeps them. Positions in it would be read past by a worker that finds no table when it comes back."""
    op.drop_table(TABLE)
    op.execute("DELETE FROM feature_positions WHERE topic = 'predictions'")
    op.execute("DELETE FROM feature_last_sequences WHERE topic = 'predictions'")
