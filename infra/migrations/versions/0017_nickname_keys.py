"""keys of nicknames, by which two are the same

Of accounts that have had nicknames of one key until now, the first gets it, and the others keep their nicknames without one. The
pods of the release before make accounts without a key, too.
"""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op
from precis_i18n import get_profile

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Nicknames whose key needs no more than small letters: nearly all, and a database is quick with them.
_PLAIN: Final = "nickname ~ '^[!-~]+( [!-~]+)*$'"
_CHUNK: Final = 1_000
_FILL_PLAIN: Final = f"""
    UPDATE accounts SET nickname_key = named.key
    FROM (
        SELECT id, lower(nickname COLLATE "C") AS key,
            row_number() OVER (PARTITION BY lower(nickname COLLATE "C") ORDER BY id) AS place
        FROM accounts WHERE {_PLAIN}
    ) AS named
    WHERE accounts.id = named.id AND named.place = 1
"""  # noqa: S608 - no part of it comes from outside
_FILL: Final = sa.text("""
    UPDATE accounts SET nickname_key = named.key
    FROM unnest(CAST(:ids AS bigint[]), CAST(:keys AS text[])) AS named (id, key)
    WHERE accounts.id = named.id AND NOT EXISTS (SELECT FROM accounts AS other WHERE other.nickname_key = named.key)
""")


def upgrade() -> None:
    op.add_column("accounts", sa.Column("nickname_key", sa.Text(), nullable=True))
    op.execute(_FILL_PLAIN)
    op.create_unique_constraint(op.f("uq_accounts_nickname_key"), "accounts", ["nickname_key"])
    others = op.get_bind().execute(sa.text(f"SELECT id, nickname FROM accounts WHERE NOT ({_PLAIN}) ORDER BY id"))  # noqa: S608
    first_of: dict[str, int] = {}
    for row in others:
        key = _key_of(row.nickname)
        if key is not None:
            first_of.setdefault(key, row.id)
    keys = list(first_of)
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        op.get_bind().execute(_FILL, {"ids": [first_of[key] for key in chunk], "keys": chunk})


def downgrade() -> None:
    op.drop_constraint(op.f("uq_accounts_nickname_key"), "accounts", type_="unique")
    op.drop_column("accounts", "nickname_key")


def _key_of(nickname: str) -> str | None:
    try:
        return get_profile("NicknameCaseMapped").enforce(nickname)
    except UnicodeEncodeError:
        return None
