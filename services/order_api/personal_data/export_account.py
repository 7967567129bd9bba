"""Gives out all that is kept of a person, line by line."""

from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from sqlalchemy import Row, select, tuple_

from ordercast.contracts.because import sentence
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.errors import AccountNotFound
from ordercast.services.order_api.personal_data.personal_tables import PERSONAL, PersonalTable
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller

# Rows that are in memory at once; no connection is held while their reader is slow.
PAGE_ROWS: Final = 500


async def expect_reachable(sessions: Sessions, caller: Caller, account_id: int) -> None:
    """Raises AccountNotFound: there is no such account, or it is another's."""
    async with sessions() as session:
        if not (caller.for_all or account_id == caller.account_id) or await session.get(Account, account_id) is None:
            raise AccountNotFound(sentence("no-account", account=str(account_id)))


async def export_account(sessions: Sessions, account_id: int) -> AsyncIterator[bytes]:
    """NDJSON: each `row` with its `kind`, then how many there were, so that a cut can be told from the end."""
    rows = 0
    for personal in PERSONAL:
        async for page in _pages(sessions, personal, account_id):
            rows += len(page)
            yield b"".join(_line(personal, row) for row in page)
    yield msgspec.json.encode({"kind": "end", "rows": rows}) + b"\n"


async def _pages(sessions: Sessions, personal: PersonalTable, account_id: int) -> AsyncIterator[list[Row[Any]]]:
    key = tuple(personal.table.primary_key.columns)
    query = select(personal.table).where(personal.rows_of(account_id)).order_by(*key).limit(PAGE_ROWS)
    after: tuple[Any, ...] | None = None
    while True:
        async with sessions() as session:
            found = await session.execute(query if after is None else query.where(tuple_(*key) > after))
            page = list(found)
        if page:
            yield page
        if len(page) < PAGE_ROWS:
            return
        after = tuple(page[-1]._mapping[column] for column in key)


def _line(personal: PersonalTable, row: Row[Any]) -> bytes:
    values = {name: value for name, value in row._mapping.items() if name not in personal.left_out}
    return msgspec.json.encode({"kind": personal.kind, "row": values}) + b"\n"
