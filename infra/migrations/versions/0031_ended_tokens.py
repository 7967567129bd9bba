"""which access tokens of an account ended before their time"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("token_version", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("accounts", sa.Column("tokens_ended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        op.f("ix_accounts_tokens_ended_at"),
        "accounts",
        ["tokens_ended_at"],
        postgresql_where=sa.text("tokens_ended_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_accounts_tokens_ended_at"), "accounts")
    op.drop_column("accounts", "tokens_ended_at")
    op.drop_column("accounts", "token_version")
