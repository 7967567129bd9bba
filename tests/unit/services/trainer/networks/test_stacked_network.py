"""A member's step in the stacked graph is the step that plain Keras takes for that network alone."""

from collections.abc import Sequence
from functools import partial
from itertools import chain

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from ordercast.contracts.ensemble_forward import Floats
from ordercast.contracts.model_manifest import Recipe
from ordercast.services.trainer.networks.stacked_network import (
    TrainingState,
    adam_step,
    draw_keep_masks,
    draw_words,
    initial_parameters,
    initial_state,
    squared_errors_and_gradients,
)
from ordercast.services.trainer.recipes import choose_recipe
from ordercast.services.trainer.training.export_keras import keras_network

RECIPE = choose_recipe("baseline", members=3, batch_size=8)
Batch = tuple[Floats, Floats]


def batches_of(*sizes: int) -> list[Batch]:
    """A batch of each size, for each member rows of its own: inputs and targets [members, size]."""
    random = np.random.default_rng(7)
    shape = [(RECIPE.members, size) for size in sizes]
    return [(random.normal(size=s).astype(np.float32), random.integers(1, 10, s).astype(np.float32)) for s in shape]


def lively_parameters() -> list[Floats]:
    """A start whose biases are not zero, so that no gradient vanishes because a layer is silent."""
    random = np.random.default_rng(3)
    start = initial_parameters(RECIPE.layers, 1, range(RECIPE.members))
    return [p + random.normal(0.1, 0.1, p.shape).astype(np.float32) if p.ndim == 2 else p for p in start]


def stacked_steps(
    start: list[Floats], batches: Sequence[Batch], masks: Sequence[Sequence[npt.NDArray[np.bool_]]]
) -> tuple[list[Floats], list[list[Floats]], TrainingState]:
    """Losses [members] and gradients of each step, and the state after the last, with partial batches padded to size."""
    state, losses, all_gradients = initial_state(start), [], []
    for number, (inputs, targets) in enumerate(batches):
        rows, padding = inputs.shape[1], RECIPE.batch_size - inputs.shape[1]
        padded = [np.pad(part, [(0, 0), (0, padding)], constant_values=99) for part in (inputs, targets)]
        real = tf.constant(np.arange(RECIPE.batch_size) < rows, tf.float32)
        keep = [np.pad(mask, [(0, 0), (0, padding), (0, 0)]) for mask in masks[number]] if masks else []
        sums, gradients = squared_errors_and_gradients(
            RECIPE.layers, state.parameters, padded[0][..., None], padded[1], real, keep
        )
        state = adam_step(state, gradients, RECIPE.learning_rate, tf.constant(float(number + 1)))
        losses.append(sums.numpy() / rows)
        all_gradients.append([gradient.numpy() for gradient in gradients])
    return losses, all_gradients, state


def keras_steps(
    start: list[Floats], member: int, batches: Sequence[Batch], masks: Sequence[Sequence[npt.NDArray[np.bool_]]]
) -> tuple[list[float], list[list[Floats]], list[Floats]]:
    """The same for one member, with Keras's layers, loss and optimizer; dropout off or with the given masks."""
    network = keras_network(RECIPE)
    network.set_weights([parameter[member] for parameter in start])
    losses, all_gradients = [], []
    for number, (inputs, targets) in enumerate(batches):
        keep = iter(masks[number]) if masks else iter(())
        with tf.GradientTape() as tape:
            value = tf.constant(inputs[member][:, None])
            for layer in network.layers:
                if not isinstance(layer, keras.layers.Dropout):
                    value = layer(value)
                elif masks:
                    # Keras's dropout with the mask given.
                    value = tf.where(next(keep)[member], value / (1 - layer.rate), 0.0)
            loss = keras.losses.MeanSquaredError()(targets[member][:, None], value)
        variables = [variable.value for variable in network.trainable_variables]
        gradients = tape.gradient(loss, variables)
        network.optimizer.apply(gradients, network.trainable_variables)
        losses.append(float(loss))
        all_gradients.append([gradient.numpy() for gradient in gradients])
    return losses, all_gradients, [variable.value.numpy() for variable in network.trainable_variables]


def drawn_masks(recipe: Recipe, rows: int, step: int) -> list[npt.NDArray[np.bool_]]:
    """The masks that the trained graph would draw: its generator exists compiled only."""
    draw = tf.function(partial(draw_keep_masks, recipe.layers, recipe.members, rows), jit_compile=True)
    return [mask.numpy() for mask in draw(tf.constant([5, step]), tf.constant(0))]


@pytest.mark.parametrize("dropout", [False, True], ids=["without dropout", "with the same masks"])
@pytest.mark.parametrize("sizes", [(8, 8, 8), (8, 5), (1, 8)], ids=["full batches", "a partial one", "a single row"])
def test_loss_gradients_and_adam_update_equal_plain_keras(dropout: bool, sizes: tuple[int, ...]) -> None:
    batches, start = batches_of(*sizes), lively_parameters()
    masks = [drawn_masks(RECIPE, size, step) for step, size in enumerate(sizes)] if dropout else []

    losses, gradients, state = stacked_steps(start, batches, masks)

    for member in range(RECIPE.members):
        their_losses, their_gradients, their_parameters = keras_steps(start, member, batches, masks)
        np.testing.assert_allclose([loss[member] for loss in losses], their_losses, rtol=1e-5)
        for step in range(len(sizes)):
            for ours, theirs in zip(gradients[step], their_gradients[step], strict=True):
                np.testing.assert_allclose(ours[member], theirs, rtol=1e-3, atol=1e-5)
        for index, theirs in enumerate(their_parameters):
            # Adam divides a gradient by its own size: where that is next to zero, its rounding becomes a whole step.
            clear = np.min([np.abs(step[index]) for step in their_gradients], axis=0) > 1e-4
            # A step moves a weight by up to 0.001; the tolerance is a hundredth of that.
            np.testing.assert_allclose(state.parameters[index].numpy()[member][clear], theirs[clear], rtol=0, atol=1e-5)


def test_adams_update_equals_plain_keras_to_rounding_when_the_gradients_are_the_same() -> None:
    random = np.random.default_rng(5)
    start = lively_parameters()
    state = initial_state(start)
    variables = [keras.Variable(parameter) for parameter in start]
    optimizer = keras.optimizers.Adam(RECIPE.learning_rate)

    for number in range(20):
        # From tiny to large, so that epsilon and both bias corrections show.
        gradients = [(random.normal(size=p.shape) * 10.0 ** random.integers(-8, 3)).astype(np.float32) for p in start]
        state = adam_step(state, [tf.constant(g) for g in gradients], RECIPE.learning_rate, tf.constant(number + 1.0))
        optimizer.apply([tf.constant(gradient) for gradient in gradients], variables)

    for moved, theirs in zip(state.parameters, variables, strict=True):
        np.testing.assert_allclose(moved.numpy(), theirs.value.numpy(), rtol=0, atol=2e-7)


def test_the_compared_steps_do_move_every_layer() -> None:
    start = lively_parameters()
    _, gradients, state = stacked_steps(start, batches_of(8), [])

    assert all(np.abs(gradient).max() > 1e-6 for gradient in gradients[0])
    assert all(
        np.abs(after.numpy() - before).max() > 1e-4 for after, before in zip(state.parameters, start, strict=True)
    )


def test_a_mask_keeps_each_unit_with_the_recipes_probability() -> None:
    recipe: Recipe = choose_recipe("baseline")
    masks = drawn_masks(recipe, 1_000, 0)

    rates = [layer.dropout for layer in recipe.layers if layer.dropout]
    assert len(masks) == len(rates) == 11
    for mask, rate in zip(masks, rates, strict=True):
        kept, draws = float(np.mean(mask)), mask.size
        assert abs(kept - (1 - rate)) < 5 * (rate * (1 - rate) / draws) ** 0.5


def test_masks_differ_between_members_rows_and_steps() -> None:
    first, second = (drawn_masks(RECIPE, 8, step)[0] for step in (0, 1))

    assert (first[0] != first[1]).any()
    assert (first[0][0] != first[0][1]).any()
    assert (first != second).any()


@pytest.mark.parametrize("words", [6, 7])
def test_a_member_draws_the_same_in_whatever_group(words: int) -> None:
    def drawn(first: int, members: int) -> list[list[int]]:
        draw = tf.function(partial(draw_words, members=members, words=words), jit_compile=True)
        numbers: list[list[int]] = draw(tf.constant([5, 1]), tf.constant(first)).numpy().tolist()
        return numbers

    whole = drawn(0, 7)

    assert drawn(0, 4) + drawn(4, 3) == whole
    assert [drawn(member, 1)[0] for member in range(7)] == whole
    assert len(set(chain.from_iterable(whole))) == 7 * words  # no two of so few are equal


def test_a_member_starts_the_same_in_whatever_group() -> None:
    whole = initial_parameters(RECIPE.layers, 1, range(7))

    for group in (range(4), range(4, 7)):
        for part, parameter in zip(initial_parameters(RECIPE.layers, 1, group), whole, strict=True):
            np.testing.assert_array_equal(part, parameter[group.start : group.stop])


def test_the_start_is_glorot_uniform_with_zero_biases_and_another_for_each_member() -> None:
    start = initial_parameters(choose_recipe("baseline").layers, 1, range(10))

    kernel, bias = start[2], start[3]
    limit = (6 / (128 + 64)) ** 0.5
    assert kernel.shape == (10, 128, 64)
    assert 0.99 * limit < np.abs(kernel).max() <= limit
    assert float(kernel.std()) == pytest.approx(limit / 3**0.5, rel=0.01)
    assert not bias.any()
    assert (kernel[0] != kernel[1]).any()
