"""Lines of POST /orders/import, and a way to run an import on a database."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import text

from ordercast.services.order_api.orders.answers import ImportAnswer
from ordercast.services.order_api.orders.import_orders import ImportOptions, ImportOrders
from ordercast.services.order_api.refused_lines import answer_of_import
from ordercast.services.shared.db.engine import Sessions

PARTITIONS: Final = 4
CREATE: Final = ImportOptions(create_missing=True, currency="GBP")
REPLACE: Final = ImportOptions(create_missing=True, currency="GBP", on_conflict="replace")
KNOWN_ONLY: Final = ImportOptions()


def item(**changes: Any) -> dict[str, Any]:
    return {"sku": "a", "quantity": 1, "unit_price": "1"} | changes


def line(ref: str, **changes: Any) -> bytes:
    order = {
        "order_ref": ref,
        "account_ref": "customer-1",
        "occurred_at": "2011-01-04T10:00:00Z",
        "items": [{"sku": "85123A", "name": "HOLDER", "quantity": 6, "unit_price": "2.55"}],
    }
    return msgspec.json.encode(order | changes)


async def run(sessions: Sessions, lines: Sequence[bytes], options: ImportOptions = CREATE) -> ImportAnswer:
    """Imports the lines; what comes back is the answer as a client reads it."""

    async def body() -> AsyncIterator[bytes]:
        yield b"\n".join(lines)

    importer = ImportOrders(sessions, partitions=PARTITIONS)
    answer = await answer_of_import(lambda refused: importer.run(body(), options, refused))
    return msgspec.json.decode(b"".join(answer.pieces), type=ImportAnswer)


async def rows(sessions: Sessions, sql: str) -> list[Any]:
    async with sessions() as session:
        return list((await session.execute(text(sql))).all())
