"""A model and view counts in, predictions out. Nothing here waits, so the caller decides on which thread it runs."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from services.predictor.model_slot import ServedModel
from services.shared.telemetry.metrics import PREDICTION_SECONDS

# View counts that go through the ensemble together. 128 keep the widest layer (10 members x 128 units) within the processor's
# caches and are the fastest per prediction; they also bound the memory of a request of any size to about 1 MB.
SLICE: Final = 128


@dataclass(frozen=True, slots=True)
class Prediction:
    """The quantity that an account with `view_count` views of a product is expected to order.

    `quantity` is the mean of `members`, the numbers of the single networks; `spread` is their standard deviation (of just
    these ten, so divided by ten), in pieces like the quantity.
    """

    view_count: int
    quantity: float
    spread: float
    members: list[float]
    model_version: str


@dataclass(frozen=True, slots=True)
class PairPrediction(Prediction):
    """A prediction for an account and a product, from their feature row.

    Without a row (`has_features` is false) nothing is known of the pair: the prediction is for 0 views.
    """

    account_id: int
    product_id: int
    has_features: bool
    features_as_of: datetime | None


def predict_one(model: ServedModel, view_count: int) -> Prediction:
    """One prediction, fast enough (some 0.05 ms) to stay on the event loop."""
    started = time.perf_counter()
    members: list[float] = model.ensemble.answer((view_count,))[:, 0].tolist()
    # Plain Python: for ten numbers numpy's mean and std take longer than the whole ensemble.
    quantity = sum(members) / len(members)
    spread = (sum((member - quantity) ** 2 for member in members) / len(members)) ** 0.5
    PREDICTION_SECONDS.observe(time.perf_counter() - started)
    return Prediction(view_count, quantity, spread, members, model.version)


def predict_many(model: ServedModel, view_counts: Sequence[int]) -> list[Prediction]:
    """Predictions in the order of `view_counts`. Ten thousand take some 0.1 s: call it in a thread."""
    started = time.perf_counter()
    predictions = [
        prediction
        for start in range(0, len(view_counts), SLICE)
        for prediction in _predict_slice(model, view_counts[start : start + SLICE])
    ]
    PREDICTION_SECONDS.observe(time.perf_counter() - started)
    return predictions


def _predict_slice(model: ServedModel, view_counts: Sequence[int]) -> Iterator[Prediction]:
    members = model.ensemble.answer(view_counts).T.astype(np.float64)
    quantities: list[float] = members.mean(axis=1).tolist()
    spreads: list[float] = members.std(axis=1).tolist()
    rows: list[list[float]] = members.tolist()
    for view_count, quantity, spread, row in zip(view_counts, quantities, spreads, rows, strict=True):
        yield Prediction(view_count, quantity, spread, row, model.version)
