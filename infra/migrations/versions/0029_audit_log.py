"""audit log, which is only added to

Rights keep the services' roles from anything else. The triggers hold for the owner, too, as whom all services may log in: no
line is changed, and none is deleted before it is 30 days old.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "audit_log"
_TRIGGERS = (
    """
    CREATE FUNCTION refuse_to_change_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'lines of audit_log stay as they are, and for 30 days at least' USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    f"""
    CREATE TRIGGER stays_as_it_is BEFORE UPDATE OR TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log()
    """,
    f"""
    CREATE TRIGGER is_kept BEFORE DELETE ON {TABLE}
    FOR EACH ROW WHEN (OLD.recorded_at > now() - interval '30 days') EXECUTE FUNCTION refuse_to_change_the_audit_log()
    """,
)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(op.f(f"ix_{TABLE}_recorded_at"), TABLE, ["recorded_at"])
    op.create_index(op.f(f"ix_{TABLE}_account_id_id"), TABLE, ["account_id", "id"])
    op.create_index(op.f(f"ix_{TABLE}_subject_id"), TABLE, ["subject", "id"])
    for statement in _TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table(TABLE)
    op.execute("DROP FUNCTION refuse_to_change_the_audit_log()")
