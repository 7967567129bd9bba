"""Scores of answers against what happened. Targets are clipped where one row would decide."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from ordercast.services.shared.demand.activity import Bools, Floats, Ints
from ordercast.services.shared.demand.naive import rate_so_far
from ordercast.services.shared.demand.rows import Rows

# Of the targets over 0 that were learned from, 999 in 1,000 stay as they are.
CLIP_QUANTILE: Final = 0.999
# On a real shop's file 999 in 1,000 are 4 to 8 times what 99 in 100 are.
MOST_TIMES: Final = 10
# Targets up to so many times a row's own level stay as they are, too.
OWN_TIMES: Final = 2
# An answer of 0 pieces is judged as this one: a Poisson deviance of 0 against an order is infinite.
LEAST_PIECES: Final = 1e-4


@dataclass(frozen=True, slots=True)
class PieceScores:
    """Of answered pieces. `deviance` with clipped targets, the rest with targets as they were."""

    deviance: float
    deviance_unclipped: float
    mae: float
    wape: float
    bias: float  # answered pieces over real ones, less one


@dataclass(frozen=True, slots=True)
class OrderScores:
    """Of the probability of an order. Not-a-number where all rows ordered, or none."""

    auc: float
    average_precision: float
    brier: float


@dataclass(frozen=True, slots=True)
class Influence:
    """A row and its share of the sum of all rows' deviance, unclipped."""

    row: int
    target: int
    answer: float
    share: float


def clip_at(targets: Ints, quantile: float = CLIP_QUANTILE) -> float:
    """The quantile of the targets over 0; 1 where there is none.

    One of the targets, and of two or more never the greatest: between few targets a quantile lies in the middle of a gap, which
    one huge target makes as wide as it likes.
    """
    over = targets[targets > 0]
    return float(np.quantile(over, quantile, method="lower")) if len(over) else 1.0


def clip_of(rows: Rows) -> float:
    """Where the targets of rows are clipped: at the quantile, and at no more than `MOST_TIMES` what 99 in 100 have: of a few
    thousand rows one in a thousand may be a huge order.

    A week of a product counts once, though it is asked for from several weeks before it.
    """
    targets = rows.target[rows.weeks_ahead <= 1]
    return min(clip_at(targets), MOST_TIMES * clip_at(targets, 0.99))


def row_clips(rows: Rows, clip: float, level: str, horizon_days: int | None = None) -> Floats:
    """By row, where its target is clipped: where those of all are, or at twice its own level, as known before, if that is more.

    A level is held to what its product, or pair, usually sells (`shared/demand/known.py`), so no huge order lifts it; and who
    always sells a hundred times what others do is neither taught nor judged by their quantities.

    `horizon_days`: of pairs, whose level is of one line and whose targets are of so many days; their own is the level, or what they
    had in as many days until then, if that is more.
    """
    own = np.expm1(rows.column(level))
    if horizon_days is not None:
        so_far = rate_so_far(rows.column("pair_pieces"), rows.column("pair_days_since_first"), horizon_days)
        own = np.maximum(own, so_far)
    return np.asarray(np.maximum(clip, np.floor(OWN_TIMES * own)), np.float64)


def clipped(rows: Rows, clip: float, level: str, horizon_days: int | None = None) -> Rows:
    """The rows with their targets clipped so."""
    return replace(rows, target=np.minimum(rows.target, row_clips(rows, clip, level, horizon_days)).astype(np.int64))


def row_deviance(answer: Floats, target: Ints | Floats) -> Floats:
    """Poisson deviance of each row, twice the likelihood lost against knowing the target."""
    said, real = np.maximum(answer, LEAST_PIECES), np.asarray(target, np.float64)
    return 2 * (np.where(real > 0, real * np.log(np.maximum(real, LEAST_PIECES) / said), 0.0) - (real - said))


def piece_scores(answer: Floats, target: Ints, clip: float | Floats) -> PieceScores:
    """Scores of answered pieces."""
    error, sold = np.abs(answer - target), max(float(target.sum()), 1.0)
    return PieceScores(
        deviance=float(row_deviance(answer, np.minimum(target, clip)).mean()),
        deviance_unclipped=float(row_deviance(answer, target).mean()),
        mae=float(error.mean()),
        wape=float(error.sum() / sold),
        bias=float(answer.sum() / sold - 1),
    )


def order_scores(probability: Floats, ordered: Bools) -> OrderScores:
    """Scores of the probability that something is ordered."""
    if ordered.all() or not ordered.any():
        return OrderScores(np.nan, np.nan, float(np.mean((probability - ordered) ** 2)))
    return OrderScores(
        auc=float(roc_auc_score(ordered, probability)),
        average_precision=float(average_precision_score(ordered, probability)),
        brier=float(brier_score_loss(ordered, np.clip(probability, 0, 1))),
    )


def influential_rows(answer: Floats, target: Ints, most: int = 3) -> list[Influence]:
    """The rows that make up most of the unclipped deviance, the greatest first."""
    deviance = row_deviance(answer, target)
    sum_of_all = max(float(deviance.sum()), LEAST_PIECES)
    rows = np.argsort(-deviance, kind="stable")[:most]
    return [
        Influence(int(row), int(target[row]), float(answer[row]), float(deviance[row] / sum_of_all)) for row in rows
    ]
