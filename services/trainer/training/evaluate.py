"""The held-out rows' verdict on an ensemble, beside two plain guesses; and the gate that keeps broken models in."""

import math

import numpy as np
import numpy.typing as npt

from ordercast.contracts.because import because
from ordercast.contracts.ensemble_forward import Floats
from ordercast.contracts.model_manifest import Errors, MemberMetrics, Metrics
from ordercast.services.trainer.errors import ModelRefused
from ordercast.services.trainer.training.training_set import Numbers

# A model this many times worse than answering the mean has not failed to learn, it has run away.
DIVERGED_TIMES: float = 10.0


def evaluate(
    predictions: Floats,
    losses: tuple[float, ...],
    val_losses: tuple[float, ...],
    train: tuple[Numbers, Numbers],
    test: tuple[Numbers, Numbers],
) -> Metrics:
    """Compare predictions [members, test rows] with guesses fitted on the training rows.

    `train` and `test` are (view_counts, quantities). The ensemble answers the mean of its members.
    """
    view_counts, quantities = test
    members = tuple(
        MemberMetrics(_errors(member, quantities), loss, val_loss)
        for member, loss, val_loss in zip(predictions, losses, val_losses, strict=True)
    )
    ensemble = _errors(predictions.mean(axis=0, dtype=np.float64), quantities)
    mean = _errors(np.full(len(quantities), train[1].mean()), quantities)
    line = _errors(_straight_line(*train, view_counts), quantities)
    return Metrics(
        holdout_rows=len(quantities),
        ensemble=ensemble,
        mean=mean,
        line=line,
        members=members,
        beats_mean=ensemble.mse < mean.mse,
        beats_line=ensemble.mse < line.mse,
    )


def refuse_diverged_model(metrics: Metrics, quantities: Numbers) -> None:
    """Let pass only what may be published. A model that merely does not beat the mean passes: its metrics say so.

    Raises:
        ModelRefused: a loss or an error is not a finite number, or the errors have run away.
    """
    judged = [metrics.ensemble.mse, metrics.ensemble.mae]
    for member in metrics.members:
        judged += [member.loss, member.val_loss, member.holdout.mse, member.holdout.mae]
    if not all(map(math.isfinite, judged)):
        reason = "not published: the training diverged, a loss or a prediction is not a finite number"
        raise ModelRefused(reason, because("not-finite"))
    # The variance keeps the bound above zero where the held-out rows happen to equal the mean.
    bound = DIVERGED_TIMES * max(metrics.mean.mse, float(quantities.var()))
    if metrics.ensemble.mse > bound:
        raise ModelRefused(
            f"not published: the training diverged, its mean squared error {metrics.ensemble.mse:.4g} on held-out rows is "
            f"more than {DIVERGED_TIMES:g} times that of answering the mean ({metrics.mean.mse:.4g})",
            because("diverged", mse=metrics.ensemble.mse, times=DIVERGED_TIMES, mean_mse=metrics.mean.mse),
        )


def _straight_line(view_counts: Numbers, quantities: Numbers, at: Numbers) -> Numbers:
    """The least-squares line through the training rows; without any spread of views it is level at the mean."""
    centred = view_counts - view_counts.mean()
    spread = float(centred @ centred)
    slope = float(centred @ quantities) / spread if spread else 0.0
    line: Numbers = quantities.mean() + slope * (at - view_counts.mean())
    return line


def _errors(predicted: npt.NDArray[np.floating], actual: Numbers) -> Errors:
    missed = predicted.astype(np.float64) - actual
    return Errors(mse=float(np.mean(missed**2)), mae=float(np.mean(np.abs(missed))))
