"""Learns which access tokens ended before their time, so that a service refuses them within seconds.

An account's version rises with each change that ends its tokens (accounts.token_version); a token holds the version that it was
signed with. Only accounts that changed lately are read: older tokens have expired. A request costs no query.
"""

import asyncio
from functools import partial
from typing import Final

from sqlalchemy import text

from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.http.tokens import TokenVerifier

# Between two looks (s).
LOOK_EVERY_S: Final = 1.0
# Longer than a token lives (15 minutes), by more than clocks differ.
_ENDED_LATELY: Final = text(
    "SELECT id, token_version FROM accounts WHERE tokens_ended_at > now() - interval '20 minutes'"
)


async def follow_ended_tokens(sessions: Sessions, verifier: TokenVerifier, stopping: asyncio.Event) -> None:
    """Until `stopping` is set. While the database is away, what was known last holds."""
    await repeat(partial(_look, sessions, verifier), stopping, name="follow-ended-tokens")


async def _look(sessions: Sessions, verifier: TokenVerifier) -> float:
    async with sessions() as session:
        verifier.end_before({row.id: row.token_version for row in await session.execute(_ENDED_LATELY)})
    return LOOK_EVERY_S
