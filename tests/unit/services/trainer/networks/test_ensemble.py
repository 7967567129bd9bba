import msgspec
import numpy as np
import pytest

from ordercast.contracts.ensemble_forward import Ensemble, Floats, stack_weights
from ordercast.contracts.model_manifest import Layer, Recipe, Scaler
from ordercast.services.trainer.networks.ensemble import train_ensemble
from ordercast.services.trainer.networks.fit import EnsembleFit, EpochLosses, TrainedEnsemble, answer_constants
from ordercast.services.trainer.networks.member_groups import joined, member_groups

# Small, so that a test compiles it in about a second: what is tested here does not depend on the layers.
SMALL = Recipe(
    name="small",
    layers=(Layer(16, "relu", 0.1), Layer(8, "tanh"), Layer(1, "linear")),
    members=3,
    epochs=4,
    batch_size=8,
    learning_rate=0.01,
    test_size=0.2,
    split_seed=42,
    validation_split=0.2,
)
LEARNED = 37  # four batches of 8 and a partial one of 5


def rows(number: int = 46) -> tuple[Floats, Floats]:
    random = np.random.default_rng(2)
    inputs = random.normal(size=number).astype(np.float32)
    return inputs, (5 + 2 * np.sin(2 * inputs)).astype(np.float32)


def trained(seed: int, recipe: Recipe = SMALL) -> tuple[TrainedEnsemble, list[EpochLosses]]:
    epochs: list[EpochLosses] = []
    return train_ensemble(EnsembleFit(recipe, seed, *rows(), LEARNED), epochs.append), epochs


@pytest.fixture(scope="module")
def first() -> tuple[TrainedEnsemble, list[EpochLosses]]:
    return trained(seed=1)


def test_the_same_seed_gives_the_same_weights_to_the_bit(first: tuple[TrainedEnsemble, list[EpochLosses]]) -> None:
    again, _ = trained(seed=1)

    for name, array in first[0].arrays.items():
        np.testing.assert_array_equal(array, again.arrays[name])


def test_another_seed_gives_another_model(first: tuple[TrainedEnsemble, list[EpochLosses]]) -> None:
    other, _ = trained(seed=2)

    assert (first[0].arrays["dense_1/kernel"] != other.arrays["dense_1/kernel"]).any()


def test_members_differ_in_weights_and_losses(first: tuple[TrainedEnsemble, list[EpochLosses]]) -> None:
    kernels = first[0].arrays["dense_1/kernel"]

    assert len({kernel.tobytes() for kernel in kernels}) == SMALL.members
    assert len(set(first[0].loss)) == SMALL.members


def test_each_epoch_is_told_with_each_members_losses(first: tuple[TrainedEnsemble, list[EpochLosses]]) -> None:
    ensemble, epochs = first

    assert [told.epoch for told in epochs] == [1, 2, 3, 4]
    assert all(len(told.loss) == len(told.val_loss) == SMALL.members for told in epochs)
    assert (epochs[-1].loss, epochs[-1].val_loss) == (ensemble.loss, ensemble.val_loss)
    assert sum(filter(None, epochs[-1].loss)) < sum(filter(None, epochs[0].loss))


def test_the_val_loss_is_that_of_the_watched_rows_with_dropout_off(
    first: tuple[TrainedEnsemble, list[EpochLosses]],
) -> None:
    inputs, targets = rows()
    weights = stack_weights(SMALL.layers, SMALL.members, first[0].arrays)
    predicted = Ensemble(weights, Scaler(mean=0, scale=1, n=1)).answer(inputs[LEARNED:])

    expected = np.mean((predicted - targets[LEARNED:]) ** 2, axis=1)
    np.testing.assert_allclose(first[0].val_loss, expected, rtol=1e-5)


def test_watched_rows_are_not_learned_from(first: tuple[TrainedEnsemble, list[EpochLosses]]) -> None:
    inputs, targets = rows()
    targets[LEARNED:] = 1_000

    other = train_ensemble(EnsembleFit(SMALL, 1, inputs, targets, LEARNED), lambda _: None)

    for name, array in first[0].arrays.items():
        np.testing.assert_array_equal(array, other.arrays[name])


def test_what_the_listener_raises_ends_the_training() -> None:
    def stop_at_two(told: EpochLosses) -> None:
        if told.epoch == 2:
            raise InterruptedError(told.epoch)

    with pytest.raises(InterruptedError):
        train_ensemble(EnsembleFit(SMALL, 1, *rows(), LEARNED), stop_at_two)


def test_losses_that_are_no_numbers_are_told_as_none_and_stay_in_the_result() -> None:
    inputs, targets = rows()
    targets[:] = np.float32(1e30)  # its square is beyond float32
    told: list[EpochLosses] = []

    ensemble = train_ensemble(EnsembleFit(SMALL, 1, inputs, targets, LEARNED), told.append)

    assert told[0].loss == (None, None, None)
    assert not np.isfinite(ensemble.loss).any()


def test_after_each_epoch_it_is_told_which_members_answer_the_probes_with_a_constant() -> None:
    spread, alike = (np.linspace(start, 2, 50, dtype=np.float32) for start in (-2, 2))
    for probes in (spread, alike):
        told: list[EpochLosses] = []
        ensemble = train_ensemble(EnsembleFit(SMALL, 1, *rows(), LEARNED, probes), told.append)
        answers = Ensemble(stack_weights(SMALL.layers, 3, ensemble.arrays), Scaler(0, 1, 46)).answer(probes)
        assert told[-1].constant == tuple(answer_constants(answers).tolist())
    assert told[-1].constant == (True, True, True)


def test_answers_that_differ_by_less_than_a_thousandth_are_one_constant_and_no_numbers_are_none() -> None:
    answers = np.array([[5.0, 5.004], [5.0, 5.006], [0.0, 0.0009], [np.nan, 1.0], [np.inf, np.inf]], np.float32)
    assert answer_constants(answers).tolist() == [True, False, True, False, False]


# Two groups of four, the last of which reaches one beyond the last member.
SEVEN = msgspec.structs.replace(SMALL, members=7)


@pytest.fixture(scope="module")
def seven() -> TrainedEnsemble:
    return train_ensemble(EnsembleFit(SEVEN, 1, *rows(), LEARNED), lambda _: None, threads=2)


def test_groups_trained_apart_are_the_whole_to_the_bit(seven: TrainedEnsemble) -> None:
    fit = EnsembleFit(SEVEN, 1, *rows(), LEARNED)

    parts = [train_ensemble(fit, lambda _: None, groups=[group]) for group in member_groups(7)]

    apart = joined(parts)
    assert [len(part.loss) for part in parts] == [4, 3]
    assert (apart.loss, apart.val_loss) == (seven.loss, seven.val_loss)
    for name, array in seven.arrays.items():
        np.testing.assert_array_equal(apart.arrays[name], array)


def test_members_of_different_groups_differ(seven: TrainedEnsemble) -> None:
    assert len({kernel.tobytes() for kernel in seven.arrays["dense_1/kernel"]}) == len(set(seven.loss)) == 7


def test_members_beyond_the_last_are_not_told(seven: TrainedEnsemble) -> None:
    told: list[EpochLosses] = []
    train_ensemble(EnsembleFit(SEVEN, 1, *rows(), LEARNED), told.append)

    assert {(len(losses.loss), len(losses.val_loss)) for losses in told} == {(7, 7)}
    stack_weights(SEVEN.layers, 7, seven.arrays)  # raises unless each array has seven members
