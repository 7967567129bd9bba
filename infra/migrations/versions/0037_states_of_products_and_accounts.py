"""events of products and accounts

Triggers write them, whoever makes or changes a product or an account: the pods of the release before, too. Each one that is there
gets its first event; products and accounts stay locked until all are written, some fifteen seconds for a million.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PRODUCT_STATE = """
    jsonb_build_object('sku', {0}.sku, 'name', {0}.name, 'price', CAST({0}.price AS text), 'currency', {0}.currency,
        'active', {0}.active)
"""
# Only who signs up chooses a nickname: the column asks for one, so an import's account has the shop's reference, which may be an
# email address, and an erased one has something else.
ACCOUNT_STATE = """
    jsonb_build_object('nickname', CASE WHEN {0}.login_type = 'PASSWORD' AND {0}.erased_at IS NULL THEN {0}.nickname END)
"""
# With the rights of the schema's owner: services that serve during the upgrade have none to the new table, and need none.
KEEP = """
    CREATE FUNCTION keep_{kind}_state() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
        {forget}
        INSERT INTO state_outbox (topic, key, event_type, state, occurred_at)
        VALUES ('{kind}s', NEW.id,
            CASE TG_OP WHEN 'INSERT' THEN 'ordercast.{kind}.created.v1' ELSE 'ordercast.{kind}.changed.v1' END,
            {state}, clock_timestamp());
        RETURN NULL;
    END $$
"""
# A name that is still on its way to Kafka need not get there.
FORGET_NAME = """
        IF NEW.erased_at IS NOT NULL THEN
            UPDATE state_outbox SET state = '{"nickname": null}' WHERE topic = 'accounts' AND key = NEW.id;
        END IF;
"""
ON_INSERT = "CREATE TRIGGER keep_first_state AFTER INSERT ON {0}s FOR EACH ROW EXECUTE FUNCTION keep_{0}_state()"
ON_UPDATE = """
    CREATE TRIGGER keep_changed_state AFTER UPDATE ON {0}s
    FOR EACH ROW WHEN ({1} IS DISTINCT FROM {2}) EXECUTE FUNCTION keep_{0}_state()
"""
# The triggers' locks keep writers out until the commit, so nothing is missed in between.
EARLIER = """
    INSERT INTO state_outbox (topic, key, event_type, state, occurred_at)
    SELECT '{kind}s', id, 'ordercast.{kind}.created.v1', {state}, created_at FROM {kind}s AS r ORDER BY id
"""


def upgrade() -> None:
    op.create_table(
        "state_outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "committed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_outbox")),
    )
    op.create_table(
        "state_streams",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_number", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("topic", "partition", name=op.f("pk_state_streams")),
    )
    for kind, state, forget in (("product", PRODUCT_STATE, ""), ("account", ACCOUNT_STATE, FORGET_NAME)):
        op.execute(KEEP.format(kind=kind, state=state.format("NEW"), forget=forget))
        op.execute(ON_INSERT.format(kind))
        op.execute(ON_UPDATE.format(kind, state.format("OLD"), state.format("NEW")))
        op.execute(EARLIER.format(kind=kind, state=state.format("r")))
    op.create_index("ix_state_outbox_not_numbered", "state_outbox", ["id"], postgresql_where=sa.text("number IS NULL"))
    op.create_index("ix_state_outbox_numbered", "state_outbox", ["id"], postgresql_where=sa.text("number IS NOT NULL"))


def downgrade() -> None:
    for kind in ("product", "account"):
        op.execute(f"DROP TRIGGER keep_first_state ON {kind}s")
        op.execute(f"DROP TRIGGER keep_changed_state ON {kind}s")
        op.execute(f"DROP FUNCTION keep_{kind}_state()")
    op.drop_table("state_streams")
    op.drop_table("state_outbox")
