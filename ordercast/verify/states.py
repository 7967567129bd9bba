"""Compares the last event of each product and account with what it is in the database: readers of these topics know nothing else.

What is left out: states whose event still waits in the outbox, and those that changed after the moment of the snapshot.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import pyarrow as pa

from ordercast.verify.compare import Difference, differences
from ordercast.verify.event_topics import EventTopic, open_account_topic, open_product_topic
from ordercast.verify.spool import Spool, slices_for
from ordercast.verify.state_events import ACCOUNTS, PRODUCTS, AccountState, ProductState
from ordercast.verify.tables import read_into

_PRODUCT: Final = {
    "product_id": pa.int64(),
    "sku": pa.string(),
    "name": pa.string(),
    "price": pa.int64(),
    "currency": pa.string(),
    "active": pa.bool_(),
}
_ACCOUNT: Final = {"account_id": pa.int64()}
# In the columns above, and whether an event of it still waits.
PRODUCTS_SQL: Final = """
    SELECT id, sku, name, (price * 10000)::bigint, currency, active,
        id IN (SELECT key FROM state_outbox WHERE topic = 'products')
    FROM products
"""
ACCOUNTS_SQL: Final = """
    SELECT id, id IN (SELECT key FROM state_outbox WHERE topic = 'accounts') FROM accounts
"""
GIVEN_SQL: Final = "SELECT partition, last_number FROM state_streams WHERE topic = $1"


@dataclass(frozen=True, slots=True)
class _Kind:
    topic: str
    key: str
    columns: Mapping[str, pa.DataType]
    query: str
    open_topic: Callable[[str], AbstractAsyncContextManager[EventTopic[Any]]]


KINDS: Final = (
    _Kind(PRODUCTS, "product_id", _PRODUCT, PRODUCTS_SQL, open_product_topic),
    _Kind(ACCOUNTS, "account_id", _ACCOUNT, ACCOUNTS_SQL, open_account_topic),
)


@dataclass(frozen=True, slots=True)
class States:
    """Of one topic: rows of the table and the topic's events on disk, and how many of its records are no events.

    Readers skip these. One that took the place of an event when the topic was compacted shows, because that event is missing.
    """

    kind: _Kind
    slices: int
    table: Spool
    events: Spool
    unreadable: int

    def differences(self) -> Iterator[Difference]:
        """Each field in which a last event is not what the database has."""
        name, key = f"last events of {self.kind.topic}", self.kind.key
        for number in range(self.slices):
            table = self.table.frame(number)
            last = self.events.frame(number).drop_duplicates(key, keep="last")
            unsettled = {*table.loc[table["waiting"], key], *last.loc[last["later"], key]}
            expected = table[~table[key].isin(unsettled)].drop(columns="waiting")
            found = last[~last[key].isin(unsettled)].drop(columns="later")
            yield from differences(name, [key], expected, found)


async def read_states(folder: Path, connection: asyncpg.Connection, bootstrap: str) -> list[States]:
    """Products and accounts as the snapshot of `connection` has them, and all their events.

    Raises:
        KafkaUnavailable: the broker does not answer.
    """
    return [await _read(kind, folder, connection, bootstrap) for kind in KINDS]


async def _read(kind: _Kind, folder: Path, connection: asyncpg.Connection, bootstrap: str) -> States:
    given = {int(partition): int(number) for partition, number in await connection.fetch(GIVEN_SQL, kind.topic)}
    # The topic's ends are those after the snapshot: all events that it no longer has in its outbox lie before them.
    async with kind.open_topic(bootstrap) as topic:
        slices = slices_for(sum(topic.ends.values()))
        table = Spool(
            folder, f"{kind.topic}-table", pa.schema({**kind.columns, "waiting": pa.bool_()}), slices, dealt_by=kind.key
        )
        events = Spool(
            folder, f"{kind.topic}-events", pa.schema({**kind.columns, "later": pa.bool_()}), slices, dealt_by=kind.key
        )
        with table, events:
            await read_into(table, connection, kind.query)
            async for states in topic.read(topic.ends):
                events.add((*state[:-1], _is_later(state, given, topic.partitions)) for state in states)
        return States(kind, slices, table, events, topic.unreadable)


def _is_later(state: ProductState | AccountState, given: Mapping[int, int], partitions: int) -> bool:
    """Whether its number was given after the snapshot."""
    return state.number > given.get(state[0] % partitions, 0)
