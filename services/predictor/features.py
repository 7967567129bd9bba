"""Reads feature rows. The worker writes them; here they are only looked at."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, and_, bindparam, column, func, select

from ordercast.contracts.because import sentence
from ordercast.services.predictor.errors import NoFeatures
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import FeatureRow


class Pair(NamedTuple):
    account_id: int
    product_id: int


class Views(NamedTuple):
    """What a prediction needs of a feature row.

    `as_of` is when the worker last changed it, `newest_event_at` the time of the newest order or view in it.
    """

    view_count: int
    as_of: datetime
    newest_event_at: datetime | None


async def read_feature_row(sessions: Sessions, pair: Pair) -> FeatureRow:
    """The whole row.

    Raises:
        NoFeatures: the pair has none.
    """
    async with sessions() as session:
        row = await session.get(FeatureRow, pair)
    if row is None:
        raise NoFeatures(sentence("no-features", account=str(pair.account_id), product=str(pair.product_id)))
    return row


async def read_views(sessions: Sessions, pairs: Collection[Pair]) -> dict[Pair, Views]:
    """The views of those pairs that have a row, in one statement however many they are."""
    pairs_asked = func.unnest(
        bindparam("accounts", [pair.account_id for pair in pairs], type_=ARRAY(BigInteger)),
        bindparam("products", [pair.product_id for pair in pairs], type_=ARRAY(BigInteger)),
    ).table_valued(column("account_id", BigInteger), column("product_id", BigInteger))
    asked = pairs_asked.render_derived(name="asked")
    query = select(
        FeatureRow.account_id,
        FeatureRow.product_id,
        FeatureRow.view_count,
        FeatureRow.updated_at,
        func.greatest(FeatureRow.last_viewed_at, FeatureRow.last_ordered_at),
    ).join(asked, and_(FeatureRow.account_id == asked.c.account_id, FeatureRow.product_id == asked.c.product_id))
    async with sessions() as session:
        rows = await session.execute(query)
        return {Pair(account, product): Views(*views) for account, product, *views in rows}
