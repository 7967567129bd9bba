"""The members' networks as one graph: each tensor has the members on its leading axis.

Members never meet: a sum over all of them has, for one member's weights, that member's own gradient. So one step here is the
step that Keras would take for each member alone, which tests/unit/services/trainer/networks/test_stacked_network.py checks.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import tensorflow as tf

from ordercast.contracts.ensemble_forward import Floats
from ordercast.contracts.model_manifest import Layer

Tensor = Any  # TensorFlow has no types
Tensors = list[Tensor]

# Keras's Adam: what it takes where the recipe names only the learning rate.
BETA_1: Final = 0.9
BETA_2: Final = 0.999
EPSILON: Final = 1e-7

# The quickest of TensorFlow's generators once compiled for a CPU (Philox takes twice a whole step); not there uncompiled.
GENERATOR: Final = tf.random.Algorithm.THREEFRY.value
# A dropout rate is met to 16 bits (0.2 becomes 0.199997), so that one random word decides for two units.
DRAW_BITS: Final = 16


class TrainingState(NamedTuple):
    """What a step changes: parameters and Adam's two moments, each as [kernel 0, bias 0, kernel 1, ...]."""

    parameters: Tensors
    first_moments: Tensors
    second_moments: Tensors


def initial_parameters(layers: Sequence[Layer], seed: int, members: Sequence[int], inputs: int = 1) -> list[Floats]:
    """Keras's start for each member: kernels Glorot-uniform, biases zero. A member's depend on `seed` and its number."""
    randoms = [np.random.default_rng([seed, member]) for member in members]
    parameters: list[Floats] = []
    for layer in layers:
        limit = np.sqrt(6 / (inputs + layer.units))
        kernels = [random.uniform(-limit, limit, (inputs, layer.units)) for random in randoms]
        parameters.append(np.stack(kernels).astype(np.float32))
        parameters.append(np.zeros((len(members), layer.units), dtype=np.float32))
        inputs = layer.units
    return parameters


def initial_state(parameters: Sequence[Floats]) -> TrainingState:
    """The state before the first step: Adam's moments are zero."""
    start = [tf.constant(parameter) for parameter in parameters]
    return TrainingState(start, [tf.zeros_like(p) for p in start], [tf.zeros_like(p) for p in start])


def draw_words(key: Tensor, first: Tensor, members: int, words: int) -> Tensor:
    """Random uint32 [members, words]. A member's words depend on `key` (two int32) and its own number alone.

    The generator enciphers a counter. Each member has a range of its own there, so that it draws the same in whatever group;
    `first` (int32) is the number of the group's first.
    """
    # The generator makes two words of each count, and puts all second ones behind all first ones.
    pairs = -(-words // 2)
    drawn = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=[2, members, pairs],
        key=tf.bitcast(key, tf.uint64)[None],
        counter=(tf.cast(first, tf.uint64) * pairs)[None],
        alg=GENERATOR,
        dtype=tf.uint32,
    )
    return tf.reshape(tf.transpose(drawn, [1, 0, 2]), [members, 2 * pairs])[:, :words]


def draw_keep_masks(layers: Sequence[Layer], members: int, rows: int, key: Tensor, first: Tensor) -> Tensors:
    """For each layer with dropout a fresh bool mask [members, rows, units]: True keeps the unit for that row."""
    dropped = [layer for layer in layers if layer.dropout]
    units = [rows * layer.units for layer in dropped]
    words = draw_words(key, first, members, -(-sum(units) // 2))
    low = tf.bitwise.bitwise_and(words, tf.constant(2**DRAW_BITS - 1, tf.uint32))
    high = tf.bitwise.right_shift(words, tf.constant(DRAW_BITS, tf.uint32))
    drawn = tf.split(tf.concat([low, high], axis=1)[:, : sum(units)], units, axis=1)
    return [
        tf.reshape(part >= tf.constant(round(layer.dropout * 2**DRAW_BITS), tf.uint32), [members, rows, layer.units])
        for layer, part in zip(dropped, drawn, strict=True)
    ]


def forward_pass(layers: Sequence[Layer], parameters: Tensors, inputs: Tensor, keep: Sequence[Tensor] = ()) -> Tensor:
    """Prediction [members, rows] for inputs [members, rows, 1]; with `keep` as in training, without as in serving."""
    return last_layer(layers, parameters, inputs, keep)[:, :, 0]


def last_layer(layers: Sequence[Layer], parameters: Tensors, inputs: Tensor, keep: Sequence[Tensor] = ()) -> Tensor:
    """All units of the last layer, [members, rows, units], for inputs [members, rows, inputs]."""
    value = inputs
    masks = iter(keep)
    for index, layer in enumerate(layers):
        value = tf.matmul(value, parameters[2 * index]) + parameters[2 * index + 1][:, None, :]
        if layer.activation == "relu":
            value = tf.nn.relu(value)
        elif layer.activation == "tanh":
            value = tf.tanh(value)
        if layer.dropout and keep:
            # What stays is scaled up, so that the sum that the next layer sees is the same on average.
            value = tf.where(next(masks), value * (1 / (1 - layer.dropout)), 0.0)
    return value


def squared_errors_and_gradients(
    layers: Sequence[Layer], parameters: Tensors, inputs: Tensor, targets: Tensor, real: Tensor, keep: Sequence[Tensor]
) -> tuple[Tensor, Tensors]:
    """Each member's sum of squared errors [members], and the gradient of its mean over the real rows.

    `real` [rows] is 1 for a row and 0 for padding: the last batch of an epoch is filled up to full size, and as in Keras the
    mean is taken over the rows that are there.
    """
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        errors = tf.square(forward_pass(layers, parameters, inputs, keep) - targets) * real
        sums = tf.reduce_sum(errors, axis=1)
        loss = tf.reduce_sum(sums) / tf.reduce_sum(real)
    return sums, tape.gradient(loss, parameters)


def adam_step(state: TrainingState, gradients: Tensors, learning_rate: float, number: Tensor) -> TrainingState:
    """One update of every parameter; `number` counts the steps from 1, as float32."""
    rate = learning_rate * tf.sqrt(1 - tf.pow(BETA_2, number)) / (1 - tf.pow(BETA_1, number))
    first = [m + (g - m) * (1 - BETA_1) for m, g in zip(state.first_moments, gradients, strict=True)]
    second = [v + (tf.square(g) - v) * (1 - BETA_2) for v, g in zip(state.second_moments, gradients, strict=True)]
    moved = [p - m * rate / (tf.sqrt(v) + EPSILON) for p, m, v in zip(state.parameters, first, second, strict=True)]
    return TrainingState(moved, first, second)
