"""last sequences, called marks before

The pods of the release before use the old names until the last one is replaced: a view keeps them. PostgreSQL passes on what is
read from it and written to it, ON CONFLICT included. The next release drops it.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OLD, NEW = "feature_producer_marks", "feature_last_sequences"


def upgrade() -> None:
    _rename(OLD, NEW)
    op.alter_column(NEW, "last_number", new_column_name="last_sequence")
    op.execute(
        f"CREATE VIEW {OLD} AS SELECT topic, partition, producer, last_sequence AS last_number, seen_at FROM {NEW}"  # noqa: S608
    )


def downgrade() -> None:
    op.execute(f"DROP VIEW {OLD}")
    _rename(NEW, OLD)
    op.alter_column(OLD, "last_sequence", new_column_name="last_number")


def _rename(old: str, new: str) -> None:
    op.rename_table(old, new)
    op.execute(f"ALTER INDEX pk_{old} RENAME TO pk_{new}")
    op.execute(f"ALTER INDEX ix_{old}_seen_at RENAME TO ix_{new}_seen_at")
