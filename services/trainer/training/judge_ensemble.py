"""What an ensemble is worth beside answering the mean, and what its mean errors hide: one row that decides them, dead networks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from ordercast.contracts.because import Because, because
from ordercast.contracts.ensemble_forward import Ensemble
from ordercast.contracts.model_manifest import Judgement, Quality
from ordercast.services.trainer.judging.bootstrap import Difference, paired_difference
from ordercast.services.trainer.judging.gate import FEWEST_GROUPS, FEWEST_ROWS
from ordercast.services.trainer.judging.scores import clip_at, row_deviance
from ordercast.services.trainer.networks.fit import answer_constants
from ordercast.services.trainer.training.split_rows import Split
from ordercast.services.trainer.training.training_set import Numbers, TrainingSet

# Whether a network answers one constant is seen over this many view counts, those of rows in even steps, without the hundredth
# that lies at the two ends: one row with a view count of a billion is no range of view counts.
PROBED: Final = 200
PROBED_ENDS: Final = (0.005, 0.995)
# A difference of deviance by less than this share of the mean's is none, however sure it is: a constant beside the mean may
# differ from it by a hair in each account.
LEAST_SHARE: Final = 1e-3
# The share of the squared distances to the mean that one row of many makes up: from here on it alone decides squared errors.
DECIDING_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How many rows a model is judged on, and of how many accounts."""

    rows: int
    accounts: int

    @property
    def by_account(self) -> bool:
        """Whether the bootstrap draws accounts, whose rows go together; of too few it draws rows."""
        return self.accounts >= FEWEST_GROUPS

    @property
    def too_few(self) -> bool:
        return self.rows < FEWEST_ROWS

    def __str__(self) -> str:
        few = f", too few to tell (needed are {FEWEST_ROWS})" if self.too_few else ""
        return f"{self.rows:,} held-out rows of {self.accounts:,} accounts{few}"


def judge_ensemble(ensemble: Ensemble, rows: TrainingSet, split: Split) -> Judgement:
    """Judges on the held-out rows; the mean is fitted on the other rows, and clipped with them."""
    learned, target = (rows.quantities[part].astype(np.int64) for part in (split.train, split.test))
    clip = clip_at(learned)
    mean = float(np.minimum(learned, clip).mean())
    answer = ensemble.answer(rows.view_counts[split.test]).mean(axis=0, dtype=np.float64)
    clipped = np.minimum(target, clip)
    loss, of_mean = row_deviance(answer, clipped), row_deviance(np.full(len(target), mean), clipped)
    accounts = rows.account_ids[split.test]
    held_out = HeldOut(len(target), len(np.unique(accounts)))
    difference = paired_difference(loss, of_mean, accounts if held_out.by_account else np.arange(len(target)))
    quality = _quality(difference, held_out, float(of_mean.mean()))
    collapsed = collapsed_members(ensemble, rows.view_counts)
    doubts = tuple(_doubts(rows, len(collapsed), ensemble.members))
    return Judgement(
        quality=quality,
        reason=_reason(quality, held_out, difference, float(loss.mean()), mean, clip),
        collapsed_members=len(collapsed),
        deviance=float(loss.mean()),
        mean_deviance=float(of_mean.mean()),
        difference=difference.mean,
        low=difference.low,
        high=difference.high,
        clip=clip,
        warnings=tuple(warning for warning, _ in doubts),
        doubts=tuple(told for _, told in doubts),
    )


def collapsed_members(ensemble: Ensemble, view_counts: Numbers) -> tuple[int, ...]:
    """Which networks, from 0, answer one constant over the range of the rows' view counts."""
    return tuple(np.flatnonzero(answer_constants(ensemble.answer(probes_of(view_counts)))).tolist())


def probes_of(view_counts: Numbers) -> Numbers:
    """The view counts over which answers are compared."""
    return np.quantile(view_counts, np.linspace(*PROBED_ENDS, PROBED), method="lower")


def _quality(difference: Difference, held_out: HeldOut, deviance_of_mean: float) -> Quality:
    noise = LEAST_SHARE * deviance_of_mean
    if held_out.too_few or abs(difference.mean) <= noise or difference.low <= 0 <= difference.high:
        return "no better than the mean"
    return "better than the mean" if difference.mean < 0 else "worse than the mean"


def _reason(
    quality: Quality, held_out: HeldOut, difference: Difference, deviance: float, mean: float, clip: float
) -> str:
    return (
        f"{quality} on {held_out}: deviance {deviance:.4g}, {difference.mean:+.4g} "
        f"({difference.low:+.4g} to {difference.high:+.4g}) against answering the mean, {mean:.4g}; "
        f"quantities over {clip:,.0f} count as that"
    )


def _doubts(rows: TrainingSet, collapsed: int, members: int) -> Iterator[tuple[str, Because]]:
    """In words, and as data."""
    if collapsed:
        told = because("networks-collapsed", count=collapsed, members=members)
        yield f"{collapsed} of {members} networks answer one constant, whatever the view count", told
    quantity, share = _deciding_row(rows.quantities)
    if share > DECIDING_SHARE:
        yield (
            (
                f"one row with a quantity of {quantity:,.0f} makes up {share:.1%} of the variance of all {rows.data.rows:,}: it "
                "alone decides what the networks learn, and the mean squared errors"
            ),
            because("one-quantity-decides", quantity=quantity, share=share, rows=rows.data.rows),
        )
    views, share = _deciding_row(rows.view_counts)
    if share > DECIDING_SHARE:
        yield (
            (
                f"one row with a view count of {views:,.0f} makes up {share:.1%} of the variance of all {rows.data.rows:,}: scaled "
                "by it, all others look alike to the networks"
            ),
            because("one-view-count-decides", views=views, share=share, rows=rows.data.rows),
        )


def _deciding_row(values: Numbers) -> tuple[float, float]:
    """The value furthest from the mean, and its share of the squared distances; no share of few rows or of equal ones."""
    squared = (values - values.mean()) ** 2
    if len(values) < FEWEST_ROWS or not squared.any():
        return float(values[0]), 0.0
    row = int(squared.argmax())
    return float(values[row]), float(squared[row] / squared.sum())
