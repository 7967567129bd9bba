"""up to which moment erasures were followed by another event, and which accounts were erased"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


INDEX = "ix_accounts_erased_at"


def upgrade() -> None:
    """The index as in 0040, outside of a transaction: people sign up meanwhile. Before the column, which is not there twice if the
    build is broken off."""
    waits = op.get_bind().scalar(sa.text("SHOW lock_timeout"))
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(INDEX, "accounts", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            INDEX,
            "accounts",
            ["erased_at"],
            postgresql_where=sa.text("erased_at IS NOT NULL"),
            postgresql_concurrently=True,
        )
        op.execute(f"SET lock_timeout = '{waits}'")
    op.add_column("state_streams", sa.Column("erasures_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("state_streams", "erasures_until")
    op.drop_index(INDEX, "accounts")
