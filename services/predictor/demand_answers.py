"""What recipe `demand` answers for an account and a product."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Literal

import numpy as np

from ordercast.contracts.demand_manifest import QuestionRecord
from ordercast.services.predictor.features import Pair
from ordercast.services.predictor.model_slot import ServedDemand
from ordercast.services.shared.demand.activity import Floats
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, names
from ordercast.services.shared.demand.features import Features

# Features that `why` names.
MOST_REASONS: Final = 3


@dataclass(frozen=True, slots=True)
class QuantityIfOrdered:
    """Pieces within the horizon if the account orders at all."""

    mean: float
    median: float


@dataclass(frozen=True, slots=True)
class Interval:
    """Whole pieces; the quantity lies between both, or on one, with the probability `level`."""

    low: int
    high: int
    level: float


@dataclass(frozen=True, slots=True)
class Reason:
    """One feature: `effect` is by how much `expected_quantity` is more (or less) than with the average value in its place."""

    feature: str
    value: float
    average: float
    effect: float


@dataclass(frozen=True, slots=True)
class PairDemand:
    """What an account will order of a product within `horizon_days`, as known at the end of `as_of` (null: now).

    `expected_quantity` is the mean of all cases, also of those without an order. `next_line_quantity` is what the next order
    line will hold, whenever it comes. `why` are the features that move `expected_quantity` most. `features_as_of` is when the
    worker's counts were last looked at: everything that it had counted by then is in the features.
    """

    recipe: Literal["demand"]
    account_id: int
    product_id: int
    horizon_days: int
    order_probability: float
    quantity_if_ordered: QuantityIfOrdered
    expected_quantity: float
    interval: Interval
    next_line_quantity: float
    better_than: dict[str, float]
    extrapolates: bool
    extrapolates_because: list[str]
    why: list[Reason]
    features: dict[str, float]
    features_as_of: datetime
    features_age_seconds: float
    model_version: str
    as_of: date | None


def answer_pair(
    served: ServedDemand, features: Features, pair: Pair, level: float, as_of: date | None, seen_at: datetime
) -> PairDemand:
    """From the features of the moment that is asked for. It computes for some milliseconds: call it in a thread."""
    product = np.array([pair.product_id], np.int64)
    values = features.of_pairs(np.array([pair.account_id], np.int64), product)
    question, record = served.model.questions["pair"], served.manifest.questions["pair"]
    # The pair itself, and the same with each feature at its average: so an effect is a difference of two answers.
    replaced = np.repeat(values, len(question.columns) + 1, axis=0)
    replaced[np.arange(1, len(replaced)), question.columns] = record.average
    said = served.model.pairs(replaced, level)
    because = question.outside(values, product)[0]
    return PairDemand(
        recipe="demand",
        account_id=pair.account_id,
        product_id=pair.product_id,
        horizon_days=served.manifest.horizon_days,
        order_probability=float(said.order_probability[0]),
        quantity_if_ordered=QuantityIfOrdered(float(said.mean[0]), float(said.median[0])),
        expected_quantity=float(said.expected[0]),
        interval=Interval(int(said.low[0]), int(said.high[0]), level),
        next_line_quantity=_next_line(served.model, values, level),
        better_than=record.better_than,
        extrapolates=bool(because),
        extrapolates_because=list(because),
        why=_why(record, values[0, question.columns], said.expected),
        features=dict(zip(names(PAIR_FEATURES), values[0].tolist(), strict=True)),
        features_as_of=seen_at,
        features_age_seconds=max(0.0, (datetime.now(UTC) - seen_at).total_seconds()),
        model_version=served.version,
        as_of=as_of,
    )


def _next_line(model: DemandModel, values: Floats, level: float) -> float:
    return float(model.lines(values, level).expected[0])


def _why(record: QuestionRecord, values: Floats, expected: Floats) -> list[Reason]:
    effects = expected[0] - expected[1:]
    most = np.argsort(-np.abs(effects), kind="stable")[:MOST_REASONS]
    return [
        Reason(record.features[place], float(values[place]), record.average[place], float(effects[place]))
        for place in most
    ]
