"""What the worker knows of one account and one product: its feature row, and its days."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from ordercast.services.order_api.pairs.recompute import SUMS, Day
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import FeatureRow, PairActivity


@dataclass(frozen=True, slots=True)
class KnownPair:
    """`days` by day and the day on which it was known, the newest first."""

    row: FeatureRow | None
    days: dict[Day, dict[str, Any]]
    has_more: bool
    as_of: datetime


async def read_pair(sessions: Sessions, account_id: int, product_id: int, *, most_days: int) -> KnownPair:
    """Row and days of one moment, which is the database's."""
    of_pair = (PairActivity.account_id == account_id) & (PairActivity.product_id == product_id)
    newest = select(PairActivity).where(of_pair).order_by(PairActivity.day.desc(), PairActivity.known_on.desc())
    async with sessions() as session, session.begin():
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        row = await session.get(FeatureRow, (account_id, product_id))
        days = (await session.scalars(newest.limit(most_days + 1))).all()
        as_of: datetime = (await session.scalars(select(func.now()))).one()
    shown = {(day.day, day.known_on): {name: getattr(day, name) for name in SUMS} for day in days[:most_days]}
    return KnownPair(row, shown, len(days) > most_days, as_of)
