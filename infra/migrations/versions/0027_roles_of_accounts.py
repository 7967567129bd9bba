"""roles of accounts: those of a shop's backend and of operators

The release before refuses their tokens (401): they are given once all pods are replaced.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_constraint("ck_accounts_role", "accounts")
    op.create_check_constraint("role", "accounts", "role IN ('CUSTOMER', 'SERVICE', 'OPERATOR', 'ADMIN')")


def downgrade() -> None:
    op.execute("UPDATE accounts SET role = 'CUSTOMER' WHERE role NOT IN ('CUSTOMER', 'ADMIN')")
    op.drop_constraint("ck_accounts_role", "accounts")
    op.create_check_constraint("role", "accounts", "role IN ('CUSTOMER', 'ADMIN')")
