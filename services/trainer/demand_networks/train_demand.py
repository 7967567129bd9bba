"""Trains the networks of demand: all members of a group in one graph, as for `baseline`, and those again that learned nothing.

All members of an epoch see the rows in one order; they differ by their start and by how often they count each account's rows.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import numpy as np
import tensorflow as tf

from ordercast.contracts.demand_forward import DemandNetworks, InputScaling, demand_layers
from ordercast.contracts.ensemble_forward import Floats, bias_name, kernel_name
from ordercast.contracts.model_manifest import Layer
from ordercast.services.shared.demand.activity import Ints
from ordercast.services.shared.demand.feature_list import Feature
from ordercast.services.trainer.demand_networks.demand_fit import (
    MOST_ATTEMPTS,
    DemandFit,
    DemandFitRefused,
    DemandRecipe,
    OnEpoch,
    OnLook,
    TrainedDemand,
    constant_members,
    input_scaling,
    refuse_unusable,
)
from ordercast.services.trainer.demand_networks.demand_losses import head_losses
from ordercast.services.trainer.networks.member_groups import member_groups
from ordercast.services.trainer.networks.stacked_network import (
    Tensor,
    Tensors,
    TrainingState,
    adam_step,
    initial_parameters,
    initial_state,
    last_layer,
)

# Of the rows, those by which a member that answers a constant is found.
WATCHED_ROWS: Final = 2_000

Start = Callable[[Sequence[Layer], int, Sequence[int], int], list[Floats]]


def train_demand(
    features: tuple[Feature, ...],
    fit: DemandFit,
    *,
    threads: int = 1,
    start: Start = initial_parameters,
    on_epoch: OnEpoch = lambda _epoch, _losses: None,
    on_look: OnLook = lambda _collapsed, _again, _attempt: None,
) -> TrainedDemand:
    """Fit all members; the same rows, recipe, seed and kind of machine give the same weights, on however many threads.

    `start` makes the weights before the first step; the last kernel becomes zero, so each member begins as the level.
    `on_epoch` hears of the epochs of the first start, not of those of members that are trained again; of these `on_look` does,
    after each start.

    Raises:
        DemandFitRefused: the rows cannot be learned from, or a loss was no finite number.
    """
    refuse_unusable(fit)
    trainer = _Trainer(input_scaling(features, fit.values), fit, threads, start)
    recipe = fit.recipe
    arrays, loss = trainer.train(range(recipe.members), 0, on_epoch)
    attempts = [0] * recipe.members
    watched = np.random.default_rng(fit.seed).permutation(len(fit.target))[:WATCHED_ROWS]
    collapsed = trainer.constant(arrays, watched)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        if not collapsed or np.ptp(fit.target) == 0:  # a constant is right where all targets are alike
            break
        for member in collapsed:
            attempts[member] = attempt
        on_look(collapsed, np.flatnonzero(attempts).tolist(), attempt)
        again, losses = trainer.train(collapsed, attempt, lambda _epoch, _losses: None)
        for place, member in enumerate(collapsed):
            loss[member] = losses[place]
            for name, array in again.items():
                arrays[name][member] = array[place]
        collapsed = trainer.constant(arrays, watched)
    on_look(collapsed, np.flatnonzero(attempts).tolist(), 0)
    return TrainedDemand(
        recipe, arrays | trainer.scaling.arrays(), tuple(map(tuple, loss)), tuple(attempts), tuple(collapsed)
    )


class _Trainer:
    """The rows as the networks see them, and one compiled epoch for groups of one size."""

    def __init__(self, scaling: InputScaling, fit: DemandFit, threads: int, start: Start) -> None:
        self.scaling = scaling
        self._fit = fit
        self._start = start
        self._threads = threads
        self._inputs = scaling(fit.values)
        self._layers = demand_layers(fit.recipe.hidden, fit.recipe.heads)
        self._accounts, self._place = np.unique(fit.group, return_inverse=True)
        self._epoch = tf.function(partial(_epoch, fit.recipe, self._layers), autograph=False, jit_compile=True)

    def train(
        self, members: Sequence[int], attempt: int, on_epoch: OnEpoch
    ) -> tuple[dict[str, Floats], list[list[float]]]:
        """The arrays of some members, and their losses by epoch.

        Raises DemandFitRefused if a loss is no finite number.
        """
        size = len(member_groups(self._fit.recipe.members)[0])  # one graph for first and further attempts
        groups = [list(members[first : first + size]) for first in range(0, len(members), size)]
        groups[-1] += groups[-1][:1] * (size - len(groups[-1]))  # filled up to the graph's size
        states = [initial_state(self._parameters(group, attempt)) for group in groups]
        times = [tf.constant(np.stack([self._times(member, attempt) for member in group])) for group in groups]
        losses: list[list[float]] = [[] for _ in members]
        with ThreadPoolExecutor(min(self._threads, len(groups))) as pool:
            for number in range(self._fit.recipe.epochs):
                # Unnamed, so that the batches of one epoch are gone before those of the next are made.
                passed = list(pool.map(partial(self._epoch, self._batches(number), tf.constant(number)), states, times))
                states = [state for state, _ in passed]
                for place, value in enumerate(np.concatenate([part.numpy() for _, part in passed])[: len(members)]):
                    if not math.isfinite(value):
                        raise DemandFitRefused(
                            f"the loss of member {members[place]} is no finite number in epoch {number + 1}"
                        )
                    losses[place].append(float(value))
                on_epoch(number + 1, [of_member[-1] for of_member in losses])
        stacked = zip(*(state.parameters for state in states), strict=True)
        parameters = [np.concatenate([part.numpy() for part in parts])[: len(members)] for parts in stacked]
        names = [name for i in range(len(self._layers)) for name in (kernel_name(i), bias_name(i))]
        return dict(zip(names, parameters, strict=True)), losses

    def constant(self, arrays: dict[str, Floats], rows: Ints) -> list[int]:
        """Members that answer a constant."""
        recipe = self._fit.recipe
        networks = DemandNetworks.of_arrays(recipe.heads, recipe.hidden, recipe.members, arrays | self.scaling.arrays())
        return constant_members(networks.outputs(self._fit.values[rows]))

    def _parameters(self, members: Sequence[int], attempt: int) -> list[Floats]:
        seed = int(np.random.SeedSequence([self._fit.seed, attempt]).generate_state(1)[0])
        parameters = self._start(self._layers, seed, members, self.scaling.inputs)
        parameters[-2][:] = 0
        if "order" in self._fit.recipe.heads:
            share = float(np.clip((self._fit.target > 0).mean(), 1e-6, 1 - 1e-6))
            parameters[-1][:, self._fit.recipe.heads.index("order")] = np.log(share / (1 - share))
        return parameters

    def _times(self, member: int, attempt: int) -> Floats:
        """How often each account counts for a member: a bootstrap, drawn as Poisson numbers of mean one."""
        random = np.random.default_rng([self._fit.seed, 1, member, attempt])
        return random.poisson(1, len(self._accounts)).astype(np.float32)

    def _batches(self, number: int) -> tuple[Tensor, ...]:
        """Inputs [steps, size, inputs], and level, target, place of the account, and 1 for a real row [steps, size]."""
        size, rows = self._fit.recipe.batch_size, len(self._fit.target)
        order = np.random.default_rng([self._fit.seed, 2, number]).permutation(rows)
        steps = -(-rows // size)
        padded = np.resize(order, steps * size)
        real = (np.arange(steps * size) < rows).astype(np.float32)
        level, target, counted = (
            column.astype(np.float32).reshape(steps, size)
            for column in (self._fit.level[padded], self._fit.target[padded], real)
        )
        inputs = self._inputs[padded].reshape(steps, size, -1)
        place = self._place[padded].astype(np.int32).reshape(steps, size)
        return tuple(tf.constant(column) for column in (inputs, level, target, place, counted))


def _epoch(
    recipe: DemandRecipe,
    layers: Sequence[Layer],
    batches: tuple[Tensor, ...],
    number: Tensor,
    state: TrainingState,
    times: Tensor,
) -> tuple[TrainingState, Tensor]:
    """One pass over all batches; the new state, and the members' mean losses as they learned."""
    inputs, level, target, place, real = batches
    steps = inputs.shape[0]

    def step(batch: Tensor, state: TrainingState, sums: Tensor) -> tuple[Tensor, TrainingState, Tensor]:
        done = tf.cast(number * steps + batch, tf.float32)
        counts = tf.gather(times, place[batch], axis=1) * real[batch]
        with tf.GradientTape() as tape:
            tape.watch(state.parameters)
            shared = tf.broadcast_to(inputs[batch][None], [times.shape[0], *inputs.shape[1:]])
            outputs = last_layer(layers, state.parameters, shared)
            losses = head_losses(recipe.heads, recipe.loss_weights, outputs, level[batch], target[batch])
            lost = tf.reduce_sum(losses * counts, axis=1)
            loss = tf.reduce_sum(lost) / tf.reduce_sum(real[batch])
        gradients = _held(tape.gradient(loss, state.parameters), recipe.most_gradient)
        rate = recipe.learning_rate * 0.5 * (1 + tf.cos(math.pi * done / (recipe.epochs * steps)))
        decayed = [parameter * (1 - rate * recipe.weight_decay) for parameter in state.parameters]
        moved = adam_step(state._replace(parameters=decayed), gradients, rate, done + 1)
        return batch + 1, moved, sums + lost

    begin = (tf.constant(0), state, tf.zeros([times.shape[0]]))
    _, state, sums = tf.while_loop(lambda batch, *_: batch < steps, step, begin, maximum_iterations=steps)
    counted = tf.reduce_sum(tf.gather(times, place, axis=1) * real, axis=[1, 2])
    return state, sums / tf.maximum(counted, 1)


def _held(gradients: Tensors, most: float) -> Tensors:
    """Each member's gradient, shortened to `most` where it is longer."""
    squares = [tf.reduce_sum(tf.reshape(part, [part.shape[0], -1]) ** 2, axis=1) for part in gradients]
    shorter = tf.minimum(1.0, most / tf.sqrt(tf.add_n(squares) + 1e-12))
    return [part * tf.reshape(shorter, [-1] + [1] * (len(part.shape) - 1)) for part in gradients]
