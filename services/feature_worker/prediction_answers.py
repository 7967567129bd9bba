"""Keeps the predictions that were given, one for each pair, model version and first day: the first that came.

A repeat changes nothing, and answers that are asked for again and again weigh no more than others.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.events import PredictionMade
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import PREDICTIONS_KEPT_DAYS
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.kafka.admit import Admitted

# Time (s) between two rounds: predictions are kept for months.
FORGET_EVERY_S: Final = 3_600.0
# Rows of one transaction: a tenth of a second.
FORGET_ROWS: Final = 10_000

_COLUMNS: Final = (
    ("account_id", "bigint"),
    ("product_id", "bigint"),
    ("starts_on", "date"),
    ("model_version", "text"),
    ("ends_on", "date"),
    ("made_at", "timestamptz"),
    ("order_probability", "float8"),
    ("expected_quantity", "float8"),
    ("low", "bigint"),
    ("high", "bigint"),
    ("level", "float8"),
    ("naive_quantity", "float8"),
)
_ADD: Final = text(f"""
    INSERT INTO prediction_answers ({", ".join(name for name, _ in _COLUMNS)})
    SELECT * FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _COLUMNS)})
    ON CONFLICT DO NOTHING
""")  # noqa: S608 - the names above
_IS_OLD: Final = f"starts_on < CAST(now() AT TIME ZONE 'UTC' AS date) - {PREDICTIONS_KEPT_DAYS}"
# Workers delete beside each other.
_FORGET: Final = text(f"""
    DELETE FROM prediction_answers WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM prediction_answers WHERE {_IS_OLD} LIMIT :rows FOR UPDATE SKIP LOCKED
    ))
""")  # noqa: S608 - numbers of ours


async def add_predictions(session: AsyncSession, events: Iterable[Admitted]) -> None:
    """Keeps those among the events that say something new. The pairs are those of this worker's partitions."""
    rows: dict[tuple[object, ...], tuple[object, ...]] = {}
    for item in events:
        if isinstance(said := item.envelope.event, PredictionMade):
            key = (said.account_id, said.product_id, said.starts_on, said.model_version)
            rows.setdefault(key, (*key, *_values(said, item.envelope.time)))
    if rows:
        columns = zip(*rows.values(), strict=True)
        await session.execute(_ADD, dict(zip((name for name, _ in _COLUMNS), columns, strict=True)))


def _values(said: PredictionMade, made_at: datetime) -> tuple[object, ...]:
    ends_on = said.starts_on + timedelta(days=said.horizon_days - 1)
    return (
        ends_on,
        made_at,
        said.order_probability,
        said.expected_quantity,
        said.low,
        said.high,
        said.level,
        said.naive_quantity,
    )


async def forget_all_old(session: AsyncSession, schema: str) -> None:
    """Deletes all old predictions of a schema's table, by the clock of this transaction."""
    await session.execute(text(f"DELETE FROM {schema}.prediction_answers WHERE {_IS_OLD}"))  # noqa: S608 - our own schemas


class ForgetPredictions:
    """The use case: deletes predictions of long ago, now and then."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def run(self, stopping: asyncio.Event) -> None:
        """A round now and after each `FORGET_EVERY_S`, until `stopping` is set."""
        await repeat(self, stopping, name="forget-predictions")

    async def __call__(self) -> float:
        """Deletes some; how long to wait (s) for the next: not at all while there are more."""
        async with self._sessions() as session, session.begin():
            deleted = await session.execute(_FORGET, {"rows": FORGET_ROWS})
        return 0.0 if deleted.rowcount == FORGET_ROWS else FORGET_EVERY_S  # type: ignore[attr-defined]
