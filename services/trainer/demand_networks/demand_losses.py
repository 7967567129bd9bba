"""Losses of the heads of demand: for counts with heavy tails, by row and member.

A head's loss is that of contracts/demand_forward.py's answer: the same levels, the same bounds.
"""

from collections.abc import Sequence
from typing import Any, Final

import tensorflow as tf

from ordercast.contracts.demand_forward import LEAST_LOG_MEAN, LEVEL_OF_NOTHING, MOST_LOG_MEAN
from ordercast.contracts.demand_manifest import Head

Tensor = Any  # TensorFlow has no types

QUANTILES: Final[dict[Head, float]] = {"low": 0.05, "median": 0.5, "high": 0.95}


def head_losses(
    heads: Sequence[Head], loss_weights: Sequence[float], outputs: Tensor, level: Tensor, target: Tensor
) -> Tensor:
    """Weighted sum of the heads' losses [members, rows] for outputs [members, rows, heads], level and target [rows].

    With a head "order" the others are asked for pieces if there is an order, so rows without one say nothing to them.
    """
    head = dict(zip(heads, tf.unstack(outputs, axis=-1), strict=True))
    weight = dict(zip(heads, loss_weights, strict=True))
    level = tf.maximum(level, LEVEL_OF_NOTHING)
    ordered = tf.cast(target > 0, tf.float32)
    log_mean = tf.clip_by_value(tf.math.log(level) + head["mean"], LEAST_LOG_MEAN, MOST_LOG_MEAN)
    pieces = weight["mean"] * (tf.exp(log_mean) - target * log_mean)
    for name, miss in _quantile_misses(head, level, target).items():
        quantile = QUANTILES[name]
        pieces += weight[name] * tf.maximum(quantile * miss, (quantile - 1) * miss)
    if "order" not in head:
        return pieces
    # The cross-entropy of a probability from its log odds, without exp of large numbers.
    order = tf.nn.relu(head["order"]) - head["order"] * ordered + tf.math.log1p(tf.exp(-tf.abs(head["order"])))
    return weight["order"] * order + ordered * pieces


def _quantile_misses(head: dict[Head, Tensor], level: Tensor, target: Tensor) -> dict[Head, Tensor]:
    """How far the target lies above each quantile, in log(1 + pieces)."""
    if "median" not in head:
        return {}
    miss = tf.math.log1p(target) - tf.math.log1p(level) - head["median"]
    misses: dict[Head, Tensor] = {"median": miss}
    if "low" in head:
        misses["low"] = miss + tf.nn.softplus(head["low"])
    if "high" in head:
        misses["high"] = miss - tf.nn.softplus(head["high"])
    return misses
