"""Sends what each product or account is once more: for a topic that was lost, or in which a last event is not what it should be.

Each gets a `changed` event with the current time. A row is locked while its event is written, as a change would lock it, so an
event of a state never comes after that of a later one.
"""

from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import text

from ordercast.services.shared.db.engine import Sessions

# Rows of one transaction, whose locks keep changes of these rows waiting: some 100 ms.
CHUNK: Final = 5_000
# As the triggers write it, which stand in migration 0037; a test compares both.
_STATES: Final = {
    "products": (
        "ordercast.product.changed.v1",
        "jsonb_build_object('sku', r.sku, 'name', r.name, 'price', CAST(r.price AS text), 'currency', r.currency, "
        "'active', r.active)",
    ),
    "accounts": (
        "ordercast.account.changed.v1",
        "jsonb_build_object('nickname', "
        "CASE WHEN r.login_type = 'PASSWORD' AND r.erased_at IS NULL THEN r.nickname END)",
    ),
}
TOPICS: Final = tuple(_STATES)
_RESEND: Final = """
    WITH rows AS (SELECT r.* FROM {topic} AS r WHERE id > :after ORDER BY id LIMIT :chunk FOR SHARE),
    written AS (
        INSERT INTO state_outbox (topic, key, event_type, state, occurred_at)
        SELECT '{topic}', id, '{event_type}', {state}, clock_timestamp() FROM rows AS r ORDER BY id
        RETURNING key
    )
    SELECT count(*), max(key) FROM written
"""


async def resend_states(sessions: Sessions, topic: str) -> AsyncIterator[int]:
    """Writes an event of each product or account; yields how many more there are, chunk by chunk, each committed."""
    event_type, state = _STATES[topic]
    query = text(_RESEND.format(topic=topic, event_type=event_type, state=state))
    after = 0
    while True:
        async with sessions() as session, session.begin():
            count, last = (await session.execute(query, {"after": after, "chunk": CHUNK})).one()
        if not count:
            return
        after = last
        yield count
