"""The tables of a model's card, made of held-out rows."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from ordercast.contracts.diagnostics import (
    MOST_EPOCHS,
    Curves,
    Dependence,
    Diagnostics,
    InfluentialRow,
    ReliabilityBin,
    ResidualBin,
)
from ordercast.services.shared.demand.activity import Floats
from ordercast.services.shared.demand.demand_model import QuestionModel
from ordercast.services.shared.demand.interval_groups import PIECES, PROBABILITIES, classes
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.demand_networks.demand_fit import TrainedDemand
from ordercast.services.trainer.judging.scores import influential_rows
from ordercast.services.trainer.networks.fit import EpochLosses

# Rows of greatest influence that are named.
MOST_ROWS: Final = 5
# Of partial dependence: rows that it is averaged over, values that are tried of a feature, and features that are kept.
DEPENDENCE_ROWS: Final = 200
DEPENDENCE_VALUES: Final = 7
DEPENDENCE_FEATURES: Final = 6
_EPOCH: Final = date(1970, 1, 1)


def diagnose_question(
    networks: TrainedDemand, model: QuestionModel, held: Rows, expected: Floats, probability: Floats | None
) -> Diagnostics:
    """All but coverage, which takes all questions' models. `probability`: of an order, where the question asks for it."""
    influential = [
        InfluentialRow(
            row.target,
            rounded(row.answer),
            rounded(row.share),
            _EPOCH + timedelta(days=int(held.moment[row.row])),
            int(held.account_id[row.row]) or None,
            int(held.product_id[row.row]),
        )
        for row in influential_rows(expected, held.target, MOST_ROWS)
    ]
    return Diagnostics(
        curves=curves(np.transpose(networks.loss).tolist()),
        collapsed=networks.collapsed,
        reliability=reliability(probability, held.target > 0) if probability is not None else (),
        residuals=residuals(expected, held.target),
        influential=tuple(influential),
        dependence=partial_dependence(model, held),
    )


def curves(loss: Sequence[Sequence[float | None]], val_loss: Sequence[Sequence[float | None]] = ()) -> Curves:
    """From losses [epochs][members]."""
    kept = sorted({round(place) for place in np.linspace(0, len(loss) - 1, min(len(loss), MOST_EPOCHS))})

    def by_member(losses: Sequence[Sequence[float | None]]) -> tuple[tuple[float | None, ...], ...]:
        return tuple(
            tuple(_rounded_or_none(value) for value in member)
            for member in zip(*(losses[epoch] for epoch in kept), strict=True)
        )

    return Curves(tuple(epoch + 1 for epoch in kept), by_member(loss), by_member(val_loss) if val_loss else ())


def curves_of_epochs(epochs: Sequence[EpochLosses]) -> Curves:
    """From what was told of each epoch, in order."""
    return curves([losses.loss for losses in epochs], [losses.val_loss for losses in epochs])


def reliability(probability: Floats, ordered: npt.NDArray[np.bool_]) -> tuple[ReliabilityBin, ...]:
    """By class of the probability; without those that no row is in."""
    edges, place = (0.0, *PROBABILITIES, 1.0), classes(probability, PROBABILITIES)
    return tuple(
        ReliabilityBin(
            edges[number],
            edges[number + 1],
            int(rows.sum()),
            rounded(probability[rows].mean()),
            rounded(ordered[rows].mean()),
        )
        for number in range(len(edges) - 1)
        if (rows := place == number).any()
    )


def residuals(answer: npt.NDArray[np.floating], target: npt.NDArray[np.number]) -> tuple[ResidualBin, ...]:
    """By class of the answered pieces; without those that no row is in."""
    low, high, place = (0.0, *PIECES), (*PIECES, None), classes(np.asarray(answer, np.float64), PIECES)
    made = []
    for number in np.unique(place).tolist():
        rows = place == number
        missed = np.quantile(target[rows] - answer[rows], (0.05, 0.5, 0.95))
        made.append(
            ResidualBin(
                low[number],
                high[number],
                int(rows.sum()),
                rounded(answer[rows].mean()),
                rounded(target[rows].mean()),
                *(rounded(value) for value in missed),
            )
        )
    return tuple(made)


def partial_dependence(model: QuestionModel, held: Rows) -> tuple[Dependence, ...]:
    """Of the features that move the mean answer most, on some of the rows; of a product's, a week ahead."""
    some = np.random.default_rng(0).permutation(len(held))[:DEPENDENCE_ROWS]
    values, ahead = held.values[some], int(held.weeks_ahead.min())
    names = [feature.name for feature in model.features]
    found = []
    for name, column in zip(names, model.columns.tolist(), strict=True):
        tried = np.unique(np.quantile(held.values[:, column], np.linspace(0.01, 0.99, DEPENDENCE_VALUES)))
        changed = np.repeat(values[None], len(tried), axis=0)
        changed[:, :, column] = tried[:, None]
        answers = model.answer(changed.reshape(-1, values.shape[1]), ahead).expected
        means = answers.reshape(len(tried), -1).mean(axis=1, dtype=np.float64)
        found.append(
            Dependence(name, tuple(rounded(value) for value in tried), tuple(rounded(value) for value in means))
        )
    found.sort(key=lambda one: -np.ptp(one.expected))
    return tuple(one for one in found[:DEPENDENCE_FEATURES] if len(one.values) > 1)


def rounded(value: float | np.floating) -> float:
    """To six digits, which is more than anybody looks at."""
    return float(f"{value:.6g}")


def _rounded_or_none(value: float | None) -> float | None:
    return rounded(value) if value is not None and math.isfinite(value) else None
