"""what came out of a training, to be compared with another one's"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("trainings", sa.Column("made", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("trainings", "made")
