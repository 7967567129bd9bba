from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import func, select

from ordercast.services.order_api.accounts.tables import PasswordReset, RefreshToken
from ordercast.services.order_api.forget_expired import forget_once
from ordercast.services.order_api.orders.tables import IdempotencyKey, OutboxRelay
from ordercast.services.shared.audit.tables import AuditLine
from ordercast.services.shared.db.engine import Sessions
from tests.support.seeds import seed_accounts

KEPT_FOR = timedelta(days=365)


async def test_what_has_run_out_goes_and_the_rest_stays(sessions: Sessions) -> None:
    account, other = await seed_accounts(sessions, 2)
    now = datetime.now(UTC)
    async with sessions() as session, session.begin():
        for key, age in (("old", timedelta(hours=25)), ("new", timedelta(hours=23))):
            session.add(
                IdempotencyKey(
                    account_id=account,
                    operation="POST /orders",
                    key=key,
                    body_sha256=b"",
                    claim_id=uuid4(),
                    claimed_at=now - age,
                )
            )
        for token, left in ((b"old", timedelta(hours=-1)), (b"new", timedelta(hours=1))):
            of = account if token == b"old" else other
            session.add(PasswordReset(account_id=of, code_hash=token, expires_at=now + left))
            session.add(OutboxRelay(owner=token.decode(), alive_until=now + 2 * left))
            session.add(AuditLine(kind=token.decode(), details={}, recorded_at=now - KEPT_FOR + left))
            session.add(RefreshToken(token_hash=token, family_id=uuid4(), account_id=account, expires_at=now + left))
    await forget_once(sessions, now, KEPT_FOR)
    async with sessions() as session:
        assert list(await session.scalars(select(IdempotencyKey.key))) == ["new"]
        assert list(await session.scalars(select(OutboxRelay.owner))) == ["new"]
        assert list(await session.scalars(select(PasswordReset.code_hash))) == [b"new"]
        assert list(await session.scalars(select(AuditLine.kind))) == ["new"]
        assert (await session.scalar(select(func.count()).select_from(RefreshToken))) == 1
