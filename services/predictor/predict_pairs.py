"""From accounts and products to predictions, by way of their feature rows."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ordercast.contracts.because import sentence
from ordercast.services.predictor.errors import NotYours
from ordercast.services.predictor.features import Pair, Views, read_views
from ordercast.services.predictor.model_slot import ServedModel
from ordercast.services.predictor.predict import PairPrediction, Prediction, predict_many
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.telemetry.metrics import PREDICTION_FRESHNESS


def refuse_others(caller: Caller, account_ids: Sequence[int]) -> None:
    """An account asks for itself only, unless its role sees all.

    Raises:
        NotYours: names the first one of another account, as the pair that it is of. It says the same whether that account exists
            or not.
    """
    if caller.for_all:
        return
    for index, account_id in enumerate(account_ids):
        if account_id != caller.account_id:
            raise NotYours(
                sentence("not-your-account", account=str(account_id)),
                fields={f"pairs.{index}.account_id": "not found"} if len(account_ids) > 1 else None,
            )


async def predict_pairs(model: ServedModel, sessions: Sessions, pairs: Sequence[Pair]) -> list[PairPrediction]:
    """Predictions in the order of `pairs`; a pair without a feature row counts as 0 views and says so."""
    known = await read_views(sessions, pairs)
    return await asyncio.to_thread(predict_viewed, model, pairs, known)


def predict_viewed(model: ServedModel, pairs: Sequence[Pair], known: Mapping[Pair, Views]) -> list[PairPrediction]:
    """The same from views that were read before. Ten thousand take some 0.1 s: call it in a thread."""
    found = [known.get(pair) for pair in pairs]
    now = datetime.now(UTC)
    for views in found:
        if views is not None and views.newest_event_at is not None:
            PREDICTION_FRESHNESS.observe(max(0.0, (now - views.newest_event_at).total_seconds()))
    predictions = predict_many(model, [views.view_count if views else 0 for views in found])
    return [
        _of_pair(pair, views, prediction) for pair, views, prediction in zip(pairs, found, predictions, strict=True)
    ]


def _of_pair(pair: Pair, views: Views | None, prediction: Prediction) -> PairPrediction:
    return PairPrediction(
        view_count=prediction.view_count,
        quantity=prediction.quantity,
        spread=prediction.spread,
        members=prediction.members,
        model_version=prediction.model_version,
        quality=prediction.quality,
        collapsed_members=prediction.collapsed_members,
        account_id=pair.account_id,
        product_id=pair.product_id,
        has_features=views is not None,
        features_as_of=views.as_of if views else None,
    )
