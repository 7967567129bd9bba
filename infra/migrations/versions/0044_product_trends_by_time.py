"""trends of products by time: which products were ordered most is asked of days, of all products together"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0044"
down_revision: str | None = "0043"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEX = "ix_product_trends_starts_at"


def upgrade() -> None:
    """Outside of a transaction, as the worker writes to this table meanwhile. Nobody waits behind the build, so that it may wait for
    whoever reads or writes at present; what a build that was broken off left is no index."""
    waits = op.get_bind().scalar(sa.text("SHOW lock_timeout"))
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(INDEX, "product_trends", if_exists=True, postgresql_concurrently=True)
        op.create_index(INDEX, "product_trends", ["starts_at"], postgresql_concurrently=True)
        op.execute(f"SET lock_timeout = '{waits}'")


def downgrade() -> None:
    op.drop_index(INDEX, "product_trends")
