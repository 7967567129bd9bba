"""Trains all members at once: one compiled graph for an epoch, called once an epoch.

An epoch inside the graph costs no Python between its steps; a call for each gives progress and a place to stop.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import tensorflow as tf

from services.shared.contracts.ensemble_forward import Floats, bias_name, kernel_name
from services.shared.contracts.model_manifest import Recipe
from services.trainer.stacked_network import (
    GENERATOR,
    Tensor,
    TrainingState,
    adam_step,
    draw_keep_masks,
    forward_pass,
    initial_parameters,
    initial_state,
    squared_errors_and_gradients,
)
from services.trainer.training_messages import EpochLosses


@dataclass(frozen=True, slots=True)
class TrainedEnsemble:
    """The arrays of weights.safetensors, and each member's losses after the last epoch (see EpochLosses)."""

    arrays: dict[str, Floats]
    loss: tuple[float, ...]
    val_loss: tuple[float, ...]


def train_ensemble(
    recipe: Recipe,
    seed: int,
    inputs: Floats,
    targets: Floats,
    learned: int,
    on_epoch: Callable[[EpochLosses], None],
) -> TrainedEnsemble:
    """Fit `recipe.members` networks to the training rows, inputs (n,) already scaled, targets (n,).

    As Keras's fit does it: the first `learned` rows are shuffled anew each epoch, for each member apart, the rest is watched.
    The same seed, rows and machine give the same weights. `on_epoch` is called after each epoch; what it raises ends it.
    """
    start, shuffles, dropouts = (int(word) for word in np.random.SeedSequence(seed).generate_state(3) >> 1)
    state = initial_state(initial_parameters(recipe, start))
    # Compiled once: the graph depends on the recipe and the number of rows, which are the same for each epoch.
    epoch = tf.function(partial(_epoch, recipe, shuffles, dropouts), autograph=False, jit_compile=True)
    learn, watch = (
        tf.constant(np.stack([inputs[rows], targets[rows]])) for rows in (slice(learned), slice(learned, None))
    )
    for number in range(recipe.epochs):
        state, losses, val_losses = epoch(state, learn, watch, tf.constant(number))
        loss, val_loss = losses.numpy().tolist(), val_losses.numpy().tolist()
        on_epoch(EpochLosses(number + 1, _finite(loss), _finite(val_loss)))
    return TrainedEnsemble(_named(state), tuple(loss), tuple(val_loss))


def _epoch(
    recipe: Recipe, shuffles: int, dropouts: int, state: TrainingState, learn: Tensor, watch: Tensor, number: Tensor
) -> tuple[TrainingState, Tensor, Tensor]:
    """One pass over the rows `learn` [2, rows] (inputs, targets), then the losses, as learned and on `watch`."""
    rows, size = learn.shape[1], recipe.batch_size
    steps = -(-rows // size)
    inputs, targets = _shuffled_batches(recipe, learn, tf.stack([shuffles, number]))
    real = tf.reshape(tf.cast(tf.range(steps * size) < rows, tf.float32), [steps, size])

    def step(batch: Tensor, state: TrainingState, sums: Tensor) -> tuple[Tensor, TrainingState, Tensor]:
        done = number * steps + batch
        keep = draw_keep_masks(recipe.layers, recipe.members, size, tf.stack([dropouts, done]))
        errors, gradients = squared_errors_and_gradients(
            recipe.layers, state.parameters, inputs[batch], targets[batch], real[batch], keep
        )
        moved = adam_step(state, gradients, recipe.learning_rate, tf.cast(done + 1, tf.float32))
        return batch + 1, moved, sums + errors

    begin = (tf.constant(0), state, tf.zeros([recipe.members]))
    _, state, sums = tf.while_loop(lambda batch, *_: batch < steps, step, begin, maximum_iterations=steps)
    unseen = tf.broadcast_to(watch[0][None, :, None], [recipe.members, watch.shape[1], 1])
    missed = tf.square(forward_pass(recipe.layers, state.parameters, unseen) - watch[1])
    return state, sums / rows, tf.reduce_mean(missed, axis=1)


def _shuffled_batches(recipe: Recipe, learn: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs [steps, members, size, 1] and targets [steps, members, size], in an order of its own for each member."""
    rows, size = learn.shape[1], recipe.batch_size
    steps = -(-rows // size)
    # Sorting by random keys shuffles; two equal keys among 2^32 keep their order, which no loss will ever show.
    keys = tf.random.stateless_uniform([recipe.members, rows], key, None, None, tf.int32, alg=GENERATOR)
    mixed = tf.gather(learn, tf.argsort(keys, axis=1), axis=1)
    padded = tf.pad(mixed, [[0, 0], [0, 0], [0, steps * size - rows]])
    batches = tf.transpose(tf.reshape(padded, [2, recipe.members, steps, size]), [0, 2, 1, 3])
    return batches[0][..., None], batches[1]


def _named(state: TrainingState) -> dict[str, Floats]:
    arrays = [parameter.numpy() for parameter in state.parameters]
    names = [name for i in range(len(arrays) // 2) for name in (kernel_name(i), bias_name(i))]
    return dict(zip(names, arrays, strict=True))


def _finite(losses: list[float]) -> tuple[float | None, ...]:
    return tuple(loss if math.isfinite(loss) else None for loss in losses)
