"""changes by order: its journey looks for them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0040"
down_revision: str | None = "0039"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEX = "ix_order_changes_order_id"


def upgrade() -> None:
    """Outside of a transaction, as orders are placed meanwhile: each writes to this table. Nobody waits behind the build, so that it
    may wait for whoever reads or writes at present; what a build that was broken off left is no index."""
    waits = op.get_bind().scalar(sa.text("SHOW lock_timeout"))
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(INDEX, "order_changes", if_exists=True, postgresql_concurrently=True)
        op.create_index(INDEX, "order_changes", ["order_id"], postgresql_concurrently=True)
        op.execute(f"SET lock_timeout = '{waits}'")


def downgrade() -> None:
    op.drop_index(INDEX, "order_changes")
