"""price history

A trigger writes it, in the transaction that sets the price: whoever sets one, the pods of the release before and the statements
of an import among them. The time is read while the product's row is locked, so that it only rises.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "product_prices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_product_prices_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_prices")),
    )
    op.create_index(op.f("ix_product_prices_product_id_id"), "product_prices", ["product_id", "id"])
    op.execute("""
        CREATE FUNCTION keep_product_price() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO product_prices (product_id, price, currency, valid_from)
            VALUES (NEW.id, NEW.price, NEW.currency, clock_timestamp());
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER keep_first_price AFTER INSERT ON products
        FOR EACH ROW EXECUTE FUNCTION keep_product_price()
    """)
    op.execute("""
        CREATE TRIGGER keep_changed_price AFTER UPDATE ON products
        FOR EACH ROW WHEN ((OLD.price, OLD.currency) IS DISTINCT FROM (NEW.price, NEW.currency))
        EXECUTE FUNCTION keep_product_price()
    """)
    # The trigger's lock keeps writers out until the commit, so no price is missed between these two. Since when the present
    # price has been valid nobody has kept: at the latest since the product's last change.
    op.execute("""
        INSERT INTO product_prices (product_id, price, currency, valid_from)
        SELECT id, price, currency, updated_at FROM products ORDER BY id
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_first_price ON products")
    op.execute("DROP TRIGGER keep_changed_price ON products")
    op.execute("DROP FUNCTION keep_product_price()")
    op.drop_index(op.f("ix_product_prices_product_id_id"), table_name="product_prices")
    op.drop_table("product_prices")
