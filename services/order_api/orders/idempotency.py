"""Repeated requests: the same Idempotency-Key and body get the stored answer again, for 24 hours.

Source: IETF draft-ietf-httpapi-idempotency-key-header.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.errors import KeyReused

# As long as clients may repeat a request; the API's documentation promises it to them.
KEY_LIFETIME: Final = timedelta(hours=24)
MAX_KEY_LENGTH: Final = 255

# A key whose time is over is claimed anew by the same statement. Rows come in key order, so that two batches never deadlock.
_CLAIM: Final = text("""
    INSERT INTO idempotency_keys AS stored (
        account_id, operation, key, body_sha256, answer, progress, claim_id, claimed_at
    )
    SELECT * FROM unnest(
        CAST(:accounts AS bigint[]), CAST(:operations AS text[]), CAST(:keys AS text[]), CAST(:hashes AS bytea[]),
        CAST(:answers AS bytea[]), CAST(:progresses AS bytea[]), CAST(:claims AS uuid[]), CAST(:times AS timestamptz[])
    )
    ON CONFLICT (account_id, operation, key) DO UPDATE
    SET body_sha256 = excluded.body_sha256, answer = excluded.answer,
        progress = excluded.progress, claim_id = excluded.claim_id, claimed_at = excluded.claimed_at
    WHERE stored.claimed_at < CAST(:expired AS timestamptz)
    RETURNING claim_id
""")
_STORED: Final = text("""
    SELECT account_id, operation, key, body_sha256, answer, progress, claim_id FROM idempotency_keys
    JOIN unnest(CAST(:accounts AS bigint[]), CAST(:operations AS text[]), CAST(:keys AS text[]))
        AS wanted (account_id, operation, key) USING (account_id, operation, key)
    WHERE claimed_at >= CAST(:expired AS timestamptz)
""")
_STORE_PROGRESS: Final = text("UPDATE idempotency_keys SET progress = :progress WHERE claim_id = :claim_id")
_STORE_ANSWER: Final = text("""
    UPDATE idempotency_keys SET answer = :answer, body_sha256 = :body_sha256, progress = NULL WHERE claim_id = :claim_id
""")
_LOCK: Final = text("SELECT answer, progress FROM idempotency_keys WHERE claim_id = :claim_id FOR UPDATE")


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that carries a key. `answer` is None where it is given only later (`store_answer`)."""

    account_id: int
    operation: str
    key: str
    body_sha256: bytes
    claim_id: UUID
    answer: bytes | None
    progress: bytes | None = None

    @property
    def identity(self) -> tuple[int, str, str]:
        return self.account_id, self.operation, self.key


@dataclass(frozen=True, slots=True)
class Repeat:
    """The key was claimed before. `answer` is None while that request is in flight, was cut off, or has no whole answer yet."""

    claim_id: UUID
    answer: bytes | None
    progress: bytes | None


class KeyedAnswer(NamedTuple):
    """An answer's JSON; `replayed` where a request with the same key got it before."""

    body: bytes
    replayed: bool = False


async def claim_keys(session: AsyncSession, claims: Sequence[Claim], now: datetime) -> dict[UUID, Repeat | KeyReused]:
    """Claims the keys; the answer holds, by claim id, those that were claimed before.

    Waits for transactions that hold the same keys, so it sees how they ended.
    """
    if not claims:
        return {}
    ordered = sorted(claims, key=lambda claim: claim.identity)
    claimed = await session.execute(
        _CLAIM,
        _keys(ordered, now)
        | {
            "hashes": [claim.body_sha256 for claim in ordered],
            "answers": [claim.answer for claim in ordered],
            "progresses": [claim.progress for claim in ordered],
            "claims": [claim.claim_id for claim in ordered],
            "times": [now] * len(ordered),
        },
    )
    new = set(claimed.scalars())
    if len(new) == len(claims):
        return {}
    return await repeats_of(session, [claim for claim in ordered if claim.claim_id not in new], now)


async def repeats_of(session: AsyncSession, claims: Sequence[Claim], now: datetime) -> dict[UUID, Repeat | KeyReused]:
    """By claim id, those whose key was claimed before; nothing is claimed."""
    if not claims:
        return {}
    rows = await session.execute(_STORED, _keys(claims, now))
    stored = {(row.account_id, row.operation, row.key): row for row in rows}
    return {claim.claim_id: _compared(claim, stored[claim.identity]) for claim in claims if claim.identity in stored}


def _keys(claims: Sequence[Claim], now: datetime) -> dict[str, Any]:
    return {
        "accounts": [claim.account_id for claim in claims],
        "operations": [claim.operation for claim in claims],
        "keys": [claim.key for claim in claims],
        "expired": now - KEY_LIFETIME,
    }


def _compared(claim: Claim, stored: Row[Any]) -> Repeat | KeyReused:
    # With progress, lines are compared one by one: a batch without a whole answer may come again with its bad lines corrected.
    if stored.body_sha256 != claim.body_sha256 and stored.progress is None:
        return KeyReused("this Idempotency-Key was used with another body in the last 24 hours")
    return Repeat(stored.claim_id, stored.answer, stored.progress)


async def locked_claim(session: AsyncSession, claim_id: UUID) -> Repeat | None:
    """A claim as it stands, until the end of the transaction nobody else's; None if it has run out and is forgotten."""
    row = (await session.execute(_LOCK, {"claim_id": claim_id})).one_or_none()
    return None if row is None else Repeat(claim_id, row.answer, row.progress)


async def store_progress(session: AsyncSession, claim_id: UUID, progress: bytes) -> None:
    await session.execute(_STORE_PROGRESS, {"progress": progress, "claim_id": claim_id})


async def store_answer(session: AsyncSession, claim_id: UUID, answer: bytes, body_sha256: bytes) -> None:
    """The answer that repeats with this body get from now on."""
    await session.execute(_STORE_ANSWER, {"answer": answer, "body_sha256": body_sha256, "claim_id": claim_id})
