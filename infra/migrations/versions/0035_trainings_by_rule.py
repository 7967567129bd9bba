"""trainings by rule: which rule asked for one"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("trainings", sa.Column("asked_by_rule", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("trainings", "asked_by_rule")
