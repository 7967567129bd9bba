"""Trains groups of members: for a group one compiled graph an epoch, called once an epoch.

An epoch inside the graph costs no Python between its steps; a call for each gives progress and a place to stop. All groups
are of one size, so their graph is compiled once; while one group's epoch runs on one core, another's runs on the next.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec
import numpy as np
import tensorflow as tf

from ordercast.contracts.ensemble_forward import Floats, bias_name, kernel_name
from ordercast.contracts.model_manifest import Recipe
from ordercast.services.trainer.networks.fit import EnsembleFit, EpochLosses, TrainedEnsemble, answer_constants
from ordercast.services.trainer.networks.member_groups import member_groups
from ordercast.services.trainer.networks.stacked_network import (
    Tensor,
    TrainingState,
    adam_step,
    draw_keep_masks,
    draw_words,
    forward_pass,
    initial_parameters,
    initial_state,
    squared_errors_and_gradients,
)


def train_ensemble(
    fit: EnsembleFit,
    on_epoch: Callable[[EpochLosses], None],
    *,
    groups: Sequence[range] | None = None,
    threads: int = 1,
) -> TrainedEnsemble:
    """Fit all members, or those of some `groups` of member_groups(), so many groups at a time as there are `threads`.

    As Keras's fit does it: the rows to learn from are shuffled anew each epoch, for each member apart. The same seed, rows
    and machine give a member the same weights to the bit, in whatever company of groups and on however many threads.
    `on_epoch` is called after each epoch; what it raises ends it.
    """
    groups = groups or member_groups(fit.recipe.members)
    start, shuffles, dropouts = (int(word) for word in np.random.SeedSequence(fit.seed).generate_state(3) >> 1)
    recipe = msgspec.structs.replace(fit.recipe, members=len(groups[0]))  # what one graph trains
    states = [initial_state(initial_parameters(recipe.layers, start, group)) for group in groups]
    # Compiled once: the graph depends on the recipe and the number of rows, which are the same for each epoch and group.
    epoch = tf.function(partial(_epoch, recipe, shuffles, dropouts), autograph=False, jit_compile=True)
    learn, watch = (
        tf.constant(np.stack([fit.inputs[rows], fit.targets[rows]]))
        for rows in (slice(fit.learned), slice(fit.learned, None))
    )
    probes = tf.constant(fit.probed)
    members = sum(member < fit.recipe.members for group in groups for member in group)

    def pass_rows(number: int, group: range, state: TrainingState) -> tuple[TrainingState, Floats, Floats, Floats]:
        state, *told = epoch(state, learn, watch, probes, tf.constant(number), tf.constant(group.start))
        loss, val_loss, answers = (part.numpy() for part in told)
        return state, loss, val_loss, answers

    with ThreadPoolExecutor(min(threads, len(groups))) as pool:
        for number in range(recipe.epochs):
            passed = list(pool.map(partial(pass_rows, number), groups, states))
            states = [state for state, *_ in passed]
            loss, val_loss, answers = (
                np.concatenate(parts)[:members] for parts in zip(*(told for _, *told in passed), strict=True)
            )
            constant = tuple(answer_constants(answers).tolist())
            on_epoch(EpochLosses(number + 1, _finite(loss), _finite(val_loss), constant))
    return TrainedEnsemble(_named(states, members), tuple(loss.tolist()), tuple(val_loss.tolist()))


def _epoch(
    recipe: Recipe,
    shuffles: int,
    dropouts: int,
    state: TrainingState,
    learn: Tensor,
    watch: Tensor,
    probes: Tensor,
    number: Tensor,
    first: Tensor,
) -> tuple[TrainingState, Tensor, Tensor, Tensor]:
    """One pass of the group that begins with member `first` over the rows `learn` [2, rows] (inputs, targets).

    Returns the new state, the members' losses, as learned and on `watch`, and their answers to `probes` [members, probes].
    """
    rows, size = learn.shape[1], recipe.batch_size
    steps = -(-rows // size)
    inputs, targets = _shuffled_batches(recipe, learn, tf.stack([shuffles, number]), first)
    real = tf.reshape(tf.cast(tf.range(steps * size) < rows, tf.float32), [steps, size])

    def step(batch: Tensor, state: TrainingState, sums: Tensor) -> tuple[Tensor, TrainingState, Tensor]:
        done = number * steps + batch
        keep = draw_keep_masks(recipe.layers, recipe.members, size, tf.stack([dropouts, done]), first)
        errors, gradients = squared_errors_and_gradients(
            recipe.layers, state.parameters, inputs[batch], targets[batch], real[batch], keep
        )
        moved = adam_step(state, gradients, recipe.learning_rate, tf.cast(done + 1, tf.float32))
        return batch + 1, moved, sums + errors

    begin = (tf.constant(0), state, tf.zeros([recipe.members]))
    _, state, sums = tf.while_loop(lambda batch, *_: batch < steps, step, begin, maximum_iterations=steps)

    def answer(inputs: Tensor) -> Tensor:
        shared = tf.broadcast_to(inputs[None, :, None], [recipe.members, inputs.shape[0], 1])
        return forward_pass(recipe.layers, state.parameters, shared)

    missed = tf.square(answer(watch[0]) - watch[1])
    return state, sums / rows, tf.reduce_mean(missed, axis=1), answer(probes)


def _shuffled_batches(recipe: Recipe, learn: Tensor, key: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs [steps, members, size, 1] and targets [steps, members, size], in an order of its own for each member."""
    rows, size = learn.shape[1], recipe.batch_size
    steps = -(-rows // size)
    # Sorting by random keys shuffles; two equal keys among 2^32 keep their order, which no loss will ever show.
    keys = draw_words(key, first, recipe.members, rows)
    mixed = tf.gather(learn, tf.argsort(keys, axis=1), axis=1)
    padded = tf.pad(mixed, [[0, 0], [0, 0], [0, steps * size - rows]])
    batches = tf.transpose(tf.reshape(padded, [2, recipe.members, steps, size]), [0, 2, 1, 3])
    return batches[0][..., None], batches[1]


def _named(states: Sequence[TrainingState], members: int) -> dict[str, Floats]:
    parameters = zip(*(state.parameters for state in states), strict=True)
    arrays = [np.concatenate([part.numpy() for part in parts])[:members] for parts in parameters]
    names = [name for i in range(len(arrays) // 2) for name in (kernel_name(i), bias_name(i))]
    return dict(zip(names, arrays, strict=True))


def _finite(losses: Floats) -> tuple[float | None, ...]:
    return tuple(loss if math.isfinite(loss) else None for loss in losses.tolist())
