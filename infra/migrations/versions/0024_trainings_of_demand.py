"""trainings of demand: what was asked for, and the verdict

Pods of the release before see no version of `demand` in the view that they read: they could not load one.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "horizon_days": sa.BigInteger(),
    "until": sa.Date(),
    "publish": sa.Text(),
    "asked_by": sa.BigInteger(),
    "verdict": sa.Text(),
    "verdict_reason": sa.Text(),
    "questions": postgresql.JSONB(),
}
_VIEW = """
    CREATE OR REPLACE VIEW model_versions AS
    SELECT version, training_id, recipe, manifest_sha256, published_at, activated_at FROM models AS m
    WHERE {which} NOT EXISTS (
        SELECT FROM models AS pin
        WHERE {pins} pin.pinned_at >= (SELECT max(activated_at) FROM models {activated}) AND m.published_at > pin.pinned_at
    )
"""


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("trainings", sa.Column(name, kind, nullable=True))
    op.execute(
        _VIEW.format(
            which="m.recipe <> 'demand' AND", pins="pin.recipe = m.recipe AND", activated="WHERE recipe = m.recipe"
        )
    )


def downgrade() -> None:
    op.execute(_VIEW.format(which="", pins="", activated=""))
    for name in reversed(_COLUMNS):
        op.drop_column("trainings", name)
