"""Checks API keys against the table, which order_api writes.

A look-up is good for a few seconds: so soon a revocation holds everywhere.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller, Role
from ordercast.services.shared.http.key_secrets import PresentedKey
from ordercast.services.shared.http.shared_answers import SharedAnswers
from ordercast.services.shared.http.tokens import LIFETIME_S, InvalidToken

# What a revocation takes to hold in every process (s).
KEPT_S: Final = 3.0
# Keys in mind: some 1 kB each.
MAX_KEPT: Final = 1_000
# Connections that look-ups take, also where strangers make up keys.
LOOK_UPS_AT_ONCE: Final = 2

_FIND: Final = text("""
    SELECT k.account_id, k.scopes, k.secret_hash, k.previous_hash, k.previous_until, k.expires_at, k.revoked_at,
        a.role, a.blocked_at
    FROM api_keys AS k JOIN accounts AS a ON a.id = k.account_id WHERE k.id = :id
""")
# At most once a minute, by whichever process comes first; nobody waits for another one that notes the same.
_NOTE_USE: Final = text("""
    UPDATE api_keys SET last_used_at = now() WHERE id = (
        SELECT id FROM api_keys WHERE id = :id AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
        FOR NO KEY UPDATE SKIP LOCKED
    )
""")


@dataclass(frozen=True, slots=True)
class _KnownKey:
    """A row of the table, with its account's state."""

    account_id: int
    scopes: frozenset[str]
    secret_hash: bytes
    previous_hash: bytes | None
    previous_until: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    role: Role
    blocked_at: datetime | None

    def caller(self, presented: PresentedKey, now: float) -> Caller:
        """Raises InvalidToken: the secret is another one, or the key is good no more; only who has the secret hears of that."""
        is_previous = self.previous_hash is not None and presented.fits(self.previous_hash)
        if not presented.fits(self.secret_hash) and not is_previous:
            raise InvalidToken("the API key is not valid")
        if self.revoked_at is not None:
            raise InvalidToken("the API key was revoked")
        if self.blocked_at is not None:
            raise InvalidToken("the account of the API key is blocked")
        ends = [end.timestamp() for end in (self.expires_at, self.previous_until if is_previous else None) if end]
        if any(end <= now for end in ends):
            raise InvalidToken("the API key has ended")
        # What outlasts a request, such as a stream of events, ends as with a token.
        return Caller(self.account_id, self.role, ends_at=min([*ends, now + LIFETIME_S]), scopes=self.scopes)


class ApiKeys:
    """The keys that this process has looked up lately. `now` is the time (Unix, s), `clock` any that only goes on (s)."""

    def __init__(
        self,
        sessions: Sessions,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._now = now
        self._known: SharedAnswers[_KnownKey] = SharedAnswers(KEPT_S, clock, max_kept=MAX_KEPT)
        self._looking = asyncio.Semaphore(LOOK_UPS_AT_ONCE)

    async def verify(self, key: str) -> Caller:
        """The account that the key acts as, and its scopes.

        Raises:
            InvalidToken: for whatever reason; the message is fit for the client.
        """
        presented = PresentedKey.parse(key)
        if presented is None:
            raise InvalidToken("the API key is not valid")
        known = await self._known.get(presented.id, lambda: self._look_up(presented))
        return known.caller(presented, self._now())

    def forget(self) -> None:
        """This process looks everything up anew."""
        self._known.forget()

    async def _look_up(self, presented: PresentedKey) -> _KnownKey:
        async with self._looking, self._sessions() as session, session.begin():
            row: Any = (await session.execute(_FIND, {"id": presented.id})).mappings().one_or_none()
            if row is None:
                raise InvalidToken("the API key is not valid")
            known = _KnownKey(**{**row, "scopes": frozenset(row["scopes"])})
            known.caller(presented, self._now())  # a use is that of a good key
            await session.execute(_NOTE_USE, {"id": presented.id})
            return known
