"""trainings: which rules asked for one, as data"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0045"
down_revision: str | None = "0044"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("trainings", sa.Column("rules", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("trainings", "rules")
