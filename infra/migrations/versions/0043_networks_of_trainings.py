"""trainings: which networks answer one constant, also while they run; and why it was decided so, or failed, as data"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0043"
down_revision: str | None = "0042"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("trainings", sa.Column("networks", postgresql.JSONB(), nullable=True))
    op.add_column("trainings", sa.Column("because", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("trainings", "because")
    op.drop_column("trainings", "networks")
