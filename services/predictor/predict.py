"""A model and view counts in, predictions out."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ordercast.contracts.model_manifest import Quality
from ordercast.services.predictor.model_slot import ServedModel
from ordercast.services.shared.telemetry.metrics import PREDICTION_SECONDS

# View counts that go through the ensemble together: eight take twice the time of one. BLAS computes rows of two to twelve alike
# to the last bit, but one alone or more than that in another order; so that digits do not depend on who else asks, or on
# asking alone or in a batch, groups have two to eight.
GROUP: Final = 8


@dataclass(frozen=True, slots=True)
class Prediction:
    """The quantity that an account with `view_count` views of a product is expected to order.

    `quantity` is the mean of `members`, the numbers of the single networks; `spread` is their standard deviation (of just
    these ten, so divided by ten), in pieces like the quantity. `quality` is what the model was worth on held-out rows beside
    answering their mean, and `collapsed_members` how many networks answer one constant; null for a model from before both.
    """

    view_count: int
    quantity: float
    spread: float
    members: list[float]
    model_version: str
    quality: Quality | None
    collapsed_members: int | None


@dataclass(frozen=True, slots=True)
class PairPrediction(Prediction):
    """A prediction for an account and a product, from their feature row.

    Without a row (`has_features` is false) nothing is known of the pair: the prediction is for 0 views.
    """

    account_id: int
    product_id: int
    has_features: bool
    features_as_of: datetime | None


def predict_many(model: ServedModel, view_counts: Sequence[int]) -> list[Prediction]:
    """Predictions in the order of `view_counts`. Ten thousand take some 0.1 s: call it in a thread."""
    started = time.perf_counter()
    predictions: list[Prediction] = []
    for start in range(0, len(view_counts), GROUP):
        predictions += _predict_group(model, view_counts[start : start + GROUP])
    PREDICTION_SECONDS.observe(time.perf_counter() - started)
    return predictions


def _predict_group(model: ServedModel, view_counts: Sequence[int]) -> Iterator[Prediction]:
    padded = view_counts if len(view_counts) > 1 else (*view_counts, *view_counts)
    rows: list[list[float]] = model.ensemble.answer(padded).T.tolist()
    for view_count, members in zip(view_counts, rows, strict=False):  # without what was padded
        # Plain Python: for ten numbers numpy's mean and std take ten times as long.
        quantity = sum(members) / len(members)
        spread = (sum((member - quantity) ** 2 for member in members) / len(members)) ** 0.5
        yield Prediction(view_count, quantity, spread, members, model.version, model.quality, model.collapsed_members)
