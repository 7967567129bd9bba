"""up to which moment erasures were followed by another event"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("state_streams", sa.Column("erasures_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("state_streams", "erasures_until")
