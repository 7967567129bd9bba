"""Reads the activity by day whole, as columns of whole numbers: what features at any moment are made of."""

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.model_manifest import TopicPosition
from ordercast.contracts.topics import ORDERS, VIEWS
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import FeaturePosition
from ordercast.services.shared.demand.activity import COLUMNS

# `COLUMNS` in their order; days are counted from 1970-01-01, and the amount is in its last decimal, so that all are whole.
# An amount that no price can have come from is held to what sums of floats still tell apart to the last decimal, 2**52.
_READ: Final = """
    SELECT account_id, product_id, (day - DATE '1970-01-01')::bigint, (known_on - DATE '1970-01-01')::bigint, first_lines,
        quantity, least(amount * 10000, 4503599627370496)::bigint, cancelled_quantity, views, carts
    FROM pair_activity WHERE known_on < $1
"""
# A shop of a hundred million rows takes about this long (s).
_READ_WITHIN_S: Final = 120
# COPY's binary form: a header of 19 bytes, then for each row the number of its fields, and for each field its length and
# value, then 0xffff. https://www.postgresql.org/docs/current/sql-copy.html
_HEADER_BYTES: Final = 19
_TRAILER_BYTES: Final = 2
_FIELDS: Final = [field for name in COLUMNS for field in ((f"{name} length", ">i4"), (name, ">i8"))]
_ROW: Final = np.dtype([("fields", ">i2"), *_FIELDS])


@dataclass(frozen=True, slots=True)
class ActivityRows:
    """`columns` by name, each [rows]; `positions`: up to where the worker had read each topic."""

    columns: dict[str, NDArray[np.int64]]
    positions: tuple[TopicPosition, ...]


async def read_activity(sessions: Sessions, until: date = date.max) -> ActivityRows:
    """All rows that were known before this day, of one moment.

    A million rows are 120 MB on their way and 80 MB as columns.
    """
    received = bytearray()

    async def receive(part: bytes) -> None:
        received.extend(part)

    async with sessions() as session, session.begin():
        # One snapshot: rows and positions belong together.
        connection = await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        positions = await read_activity_positions(session)
        await session.execute(text(f"SET LOCAL statement_timeout = '{_READ_WITHIN_S}s'"))
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.copy_from_query(_READ, until, output=receive, format="binary", timeout=_READ_WITHIN_S)
    # Of a large shop it takes as long as a page may: nobody who is answered meanwhile waits for it.
    return ActivityRows(await asyncio.to_thread(columns_of, received), positions)


async def read_activity_positions(session: AsyncSession) -> tuple[TopicPosition, ...]:
    """Up to where the worker had read the topics that activity is made of. Predictions move it no further."""
    query = select(FeaturePosition).where(FeaturePosition.topic.in_((ORDERS.name, VIEWS.name)))
    found = await session.scalars(query.order_by(FeaturePosition.topic, FeaturePosition.partition))
    return tuple(TopicPosition(row.topic, row.partition, row.next_offset) for row in found)


def columns_of(copied: bytes | bytearray) -> dict[str, NDArray[np.int64]]:
    """The columns out of COPY's binary form."""
    rows = np.frombuffer(memoryview(copied)[_HEADER_BYTES : len(copied) - _TRAILER_BYTES], _ROW)
    return {name: rows[name].astype(np.int64) for name in COLUMNS}
