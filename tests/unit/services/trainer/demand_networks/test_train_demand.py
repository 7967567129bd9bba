"""The networks of demand: as plain Keras trains and answers them, and what becomes of members that learned nothing."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from ordercast.contracts.demand_forward import DemandNetworks, demand_layers
from ordercast.contracts.ensemble_forward import Floats, bias_name, kernel_name
from ordercast.contracts.model_manifest import Layer
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES
from ordercast.services.trainer.demand_networks.demand_fit import (
    MOST_ATTEMPTS,
    DemandFit,
    DemandFitRefused,
    DemandRecipe,
    TrainedDemand,
    input_scaling,
)
from ordercast.services.trainer.demand_networks.demand_losses import head_losses
from ordercast.services.trainer.demand_networks.train_demand import train_demand
from ordercast.services.trainer.networks.stacked_network import initial_parameters

Start = Callable[[Sequence[Layer], int, Sequence[int], int], list[Floats]]
FEATURES = PAIR_FEATURES[:5]
SMALL = DemandRecipe(
    ("order", "mean", "median", "low", "high"), (1, 0.1, 1, 1, 1), hidden=(8, 4), members=3, epochs=3, batch_size=64
)


def planted(recipe: DemandRecipe = SMALL, rows: int = 300) -> DemandFit:
    """Orders where the first feature is over a half; more pieces where the second is large; some days are unknown."""
    random = np.random.default_rng(5)
    values = random.uniform(0, 1, (rows, len(FEATURES)))
    values[::7, 3] = FEATURES[3].default
    ordered = random.uniform(size=rows) < np.where(values[:, 0] > 0.5, 0.9, 0.1)
    target = ordered * (1 + random.poisson(np.exp(3 * values[:, 1])))
    return DemandFit(recipe, 3, values, np.full(rows, 2.0), target.astype(np.float64), np.arange(rows) % 40)


@pytest.fixture(scope="module")
def trained() -> TrainedDemand:
    return train_demand(FEATURES, planted())


def plain_keras(arrays: dict[str, Floats], member: int, inputs: int) -> keras.Model:
    layers = [keras.layers.Dense(layer.units, layer.activation) for layer in demand_layers(SMALL.hidden, SMALL.heads)]
    network = keras.Sequential([keras.layers.Input((inputs,)), *layers])
    network.set_weights([arrays[name][member] for i in range(len(layers)) for name in (kernel_name(i), bias_name(i))])
    return network


def test_each_member_answers_what_plain_keras_computes(trained: TrainedDemand) -> None:
    values = planted().values
    inputs = input_scaling(FEATURES, values)(values)
    ours = trained.networks().outputs(values)

    for member in range(SMALL.members):
        theirs = plain_keras(dict(trained.arrays), member, inputs.shape[1])(inputs)
        np.testing.assert_allclose(ours[member], theirs.numpy(), rtol=1e-4, atol=1e-5)


def test_a_member_is_trained_as_plain_keras_trains_it_with_its_bootstrap_as_weights(trained: TrainedDemand) -> None:
    fit, member = planted(), 1
    inputs = input_scaling(FEATURES, fit.values)(fit.values)
    seed = int(np.random.SeedSequence([fit.seed, 0]).generate_state(1)[0])
    layers = demand_layers(SMALL.hidden, SMALL.heads)
    start = [parameter[0] for parameter in initial_parameters(layers, seed, [member], inputs.shape[1])]
    start[-2][:] = 0
    start[-1][0] = np.log((fit.target > 0).mean() / (fit.target == 0).mean())
    network = plain_keras(dict(trained.arrays), member, inputs.shape[1])
    network.set_weights(start)
    steps = -(-len(inputs) // SMALL.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(SMALL.learning_rate, SMALL.epochs * steps)
    optimizer = keras.optimizers.AdamW(rate, SMALL.weight_decay, global_clipnorm=SMALL.most_gradient)
    times = np.random.default_rng([fit.seed, 1, member, 0]).poisson(1, 40).astype(np.float32)
    level, target = fit.level.astype(np.float32), fit.target.astype(np.float32)
    for epoch in range(SMALL.epochs):
        order = np.random.default_rng([fit.seed, 2, epoch]).permutation(len(inputs))
        for first in range(0, len(inputs), SMALL.batch_size):
            rows = order[first : first + SMALL.batch_size]
            with tf.GradientTape() as tape:
                outputs = network(inputs[rows])[None]
                losses = head_losses(SMALL.heads, SMALL.loss_weights, outputs, level[rows], target[rows])[0]
                loss = tf.reduce_mean(losses * times[fit.group[rows]])
            variables = [variable.value for variable in network.trainable_variables]
            optimizer.apply(tape.gradient(loss, variables), network.trainable_variables)

    names = [name for i in range(len(layers)) for name in (kernel_name(i), bias_name(i))]
    for name, theirs in zip(names, network.get_weights(), strict=True):
        np.testing.assert_allclose(trained.arrays[name][member], theirs, rtol=2e-3, atol=2e-4)


def test_the_same_seed_gives_the_same_weights_to_the_bit_on_more_threads(trained: TrainedDemand) -> None:
    again = train_demand(FEATURES, planted(), threads=2)
    for name, array in trained.arrays.items():
        np.testing.assert_array_equal(array, again.arrays[name])
    assert again.loss == trained.loss


def test_members_differ_and_learn(trained: TrainedDemand) -> None:
    assert len({kernel.tobytes() for kernel in trained.arrays["dense_1/kernel"]}) == SMALL.members
    assert all(losses[-1] < losses[0] for losses in trained.loss)
    assert [len(losses) for losses in trained.loss] == [SMALL.epochs] * SMALL.members
    assert (trained.attempts, trained.collapsed) == ((0, 0, 0), ())


def test_what_was_planted_is_found() -> None:
    fit = planted(replace(SMALL, epochs=40, learning_rate=0.01))
    answer = train_demand(FEATURES, fit).networks().answer(fit.values, fit.level)
    likely, many = fit.values[:, 0] > 0.5, fit.values[:, 1] > 0.5
    assert answer.order_probability[likely].mean() > 0.7
    assert answer.order_probability[~likely].mean() < 0.3
    assert answer.mean[many].mean() > 2 * answer.mean[~many].mean()
    assert answer.expected.sum() == pytest.approx(fit.target.sum(), rel=0.2)
    assert (answer.low <= answer.median).all()
    assert (answer.median <= answer.high).all()


def dead(attempts: int, member: int = 1) -> tuple[list[int], Start]:
    """A start that leaves one member's units silent for its first attempts; and the sizes of the groups started."""
    started: list[int] = []

    def start(layers: Sequence[Layer], seed: int, members: Sequence[int], inputs: int) -> list[Floats]:
        parameters = initial_parameters(layers, seed, members, inputs)
        if len(started) < attempts and member in members:
            parameters[3][list(members).index(member)] = -1e3
        started.append(len(members))
        return parameters

    return started, start


def test_a_member_that_answers_a_constant_is_trained_again_alone_and_the_others_stay(trained: TrainedDemand) -> None:
    _, start = dead(attempts=2)
    looks: list[tuple[list[int], list[int], int]] = []
    result = train_demand(FEATURES, planted(), start=start, on_look=lambda *look: looks.append(look))

    assert (result.attempts, result.collapsed) == ((0, 2, 0), ())
    assert looks == [([1], [1], 1), ([1], [1], 2), ([], [1], 0)]
    for name in ("dense_0/kernel", "dense_2/bias"):
        np.testing.assert_array_equal(result.arrays[name][[0, 2]], trained.arrays[name][[0, 2]])
    assert result.loss[0] == trained.loss[0]
    assert result.loss[1] != trained.loss[1]


def test_a_member_that_stays_constant_is_said_after_the_last_attempt() -> None:
    started, start = dead(attempts=99)
    looks: list[tuple[list[int], list[int], int]] = []
    result = train_demand(FEATURES, planted(), start=start, on_look=lambda *look: looks.append(look))

    assert (result.attempts, result.collapsed) == ((0, MOST_ATTEMPTS, 0), (1,))
    assert len(started) == 1 + MOST_ATTEMPTS
    assert looks == [([1], [1], attempt) for attempt in (1, 2, 3, 0)]


def test_where_all_targets_are_alike_nothing_is_trained_again() -> None:
    fit = planted()
    result = train_demand(FEATURES, replace(fit, values=np.ones_like(fit.values), target=np.full(300, 2.0)))
    assert (result.attempts, result.collapsed) == ((0, 0, 0), (0, 1, 2))


@pytest.mark.parametrize("column", ["values", "level", "target"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_number_that_is_not_finite_is_refused(column: str, wrong: float) -> None:
    fit = planted()
    changed = getattr(fit, column).copy()
    changed.flat[7] = wrong
    with pytest.raises(DemandFitRefused, match="no finite numbers"):
        train_demand(FEATURES, replace(fit, **{column: changed}))


def test_no_rows_and_negative_pieces_are_refused() -> None:
    fit = planted()
    none = replace(fit, values=fit.values[:0], level=fit.level[:0], target=fit.target[:0], group=fit.group[:0])
    for refused, why in ((none, "no rows"), (replace(fit, target=-fit.target), "under 0")):
        with pytest.raises(DemandFitRefused, match=why):
            train_demand(FEATURES, refused)


def test_a_loss_that_is_no_number_ends_the_training() -> None:
    with pytest.raises(DemandFitRefused, match="loss of member 0 is no finite number in epoch"):
        train_demand(FEATURES, planted(replace(SMALL, learning_rate=1e30)))


def test_a_feature_that_never_varied_says_nothing_and_unknown_days_are_flagged() -> None:
    values = planted().values
    values[:, 1] = 0.25
    scaling = input_scaling(FEATURES, values)
    asked = values[:2].copy()
    asked[1, 1], asked[:, 3] = 9.0, (FEATURES[3].default, 1e9)
    inputs = scaling(asked)

    assert inputs.shape == (2, len(FEATURES) + 2)  # two of the five are days that can be unknown
    assert inputs[:, 1].tolist() == [0, 0]
    assert inputs[:, 3].tolist() == [0, scaling(values)[values[:, 3] < 8, 3].max()]
    assert inputs[:, -2:].tolist() == [[1, 0], [0, 0]]
    np.testing.assert_allclose(scaling(values)[values[:, 3] < 8, 3].std(), 1, rtol=1e-4)


def test_ages_and_what_tells_of_the_whole_shop_are_held_to_what_was_learned_from_and_nothing_else_is() -> None:
    names = ("age", "shop_month", "week_1", "days_since_last")
    features = tuple(feature for name in names for feature in PRODUCT_FEATURES if feature.name == name)
    values = np.random.default_rng(1).uniform(2, 3, (200, 4))
    inputs = input_scaling(features, values)
    most, beyond = inputs(values.max(axis=0)[None]), inputs(np.full((1, 4), 3.2))
    assert (beyond > most)[0, :4].tolist() == [False, False, True, True]
    assert (inputs(np.zeros((1, 4))) < inputs(values.min(axis=0)[None]))[0, :4].tolist() == [False, False, True, True]


def test_one_row_of_any_size_moves_no_other_answer_beyond_its_held_inputs(trained: TrainedDemand) -> None:
    networks: DemandNetworks = trained.networks()
    values = planted().values[:50]
    huge = values.copy()
    huge[0] = 1e12
    before, after = (networks.answer(rows, np.full(50, 2.0)) for rows in (values, huge))
    np.testing.assert_array_equal(before.mean[1:], after.mean[1:])
    assert np.isfinite(after.expected).all()
