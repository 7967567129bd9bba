"""Learns which access tokens ended before their time, so that a service refuses them within seconds.

An account's version rises with each change that ends all of its tokens (accounts.token_version), and a log-out names the log-in
that it ends (accounts.ended_log_ins); a token holds the version and the log-in that it was signed for. Only accounts that changed
lately are kept in mind: older tokens have expired. A request costs no query.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import structlog
from sqlalchemy import text

from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.http.tokens import EndedTokens, TokenVerifier

log = structlog.stdlib.get_logger()

# Between two looks (s).
LOOK_EVERY_S: Final = 1.0
# For how long an account is kept in mind (s): longer than a token lives, by more than a commit takes.
KEPT_S: Final = 20 * 60.0
# A look goes back as far before the last one (s), since commits take a while.
OVERLAP_S: Final = 60.0
# Accounts in mind, some 10 MB, and 40 where each names 20 log-ins. Of more, those that were seen last are kept: the tokens of
# the others are the nearest to their end.
MAX_ACCOUNTS: Final = 20_000
_ENDED_SINCE: Final = text("""
    SELECT id, token_version, ended_log_ins FROM accounts WHERE tokens_ended_at > now() - make_interval(secs => :seconds)
    ORDER BY tokens_ended_at DESC LIMIT :limit
""")


async def follow_ended_tokens(sessions: Sessions, verifier: TokenVerifier, stopping: asyncio.Event) -> None:
    """Until `stopping` is set. While the database is away, what was known last holds."""
    await repeat(FollowEndedTokens(sessions, verifier), stopping, name="follow-ended-tokens")


class _Seen(NamedTuple):
    at: float
    ended: EndedTokens


@dataclass
class FollowEndedTokens:
    """Call it for one look. `now` is a clock that only goes on (s)."""

    sessions: Sessions
    verifier: TokenVerifier
    now: Callable[[], float] = time.monotonic
    # By account, in the order in which they were seen last.
    _seen: dict[int, _Seen] = field(default_factory=dict)
    _looked_at: float | None = None

    async def __call__(self) -> float:
        now = self.now()
        back_s = KEPT_S if self._looked_at is None else min(now - self._looked_at + OVERLAP_S, KEPT_S)
        async with self.sessions() as session:
            rows = (await session.execute(_ENDED_SINCE, {"seconds": back_s, "limit": MAX_ACCOUNTS + 1})).all()
        self._looked_at = now
        for row in reversed(rows):
            self._seen.pop(row.id, None)
            self._seen[row.id] = _Seen(now, EndedTokens(row.token_version, row.ended_log_ins))
        self._forget(now - KEPT_S)
        self.verifier.end({account_id: seen.ended for account_id, seen in self._seen.items()})
        return LOOK_EVERY_S

    def _forget(self, before: float) -> None:
        too_many = len(self._seen) - MAX_ACCOUNTS
        if too_many > 0:
            log.warning("so many accounts end tokens that some access tokens live to their own end", accounts=too_many)
        old = [
            account for place, (account, seen) in enumerate(self._seen.items()) if place < too_many or seen.at < before
        ]
        for account in old:
            del self._seen[account]
