from itertools import chain

import numpy as np
import pytest

from ordercast.services.trainer.networks.fit import EpochLosses, TrainedEnsemble
from ordercast.services.trainer.networks.member_groups import (
    MOST_IN_GROUP,
    JoinedEpochs,
    joined,
    member_groups,
    shares_of,
)
from ordercast.services.trainer.recipes import MAX_MEMBERS


@pytest.mark.parametrize("members", range(1, MAX_MEMBERS + 1))
def test_groups_are_of_one_size_hold_each_member_once_and_few_beyond_the_last(members: int) -> None:
    groups = member_groups(members)

    numbers = list(chain.from_iterable(groups))
    assert numbers == list(range(len(numbers)))
    assert members <= len(numbers) < members + len(groups)
    assert len({len(group) for group in groups}) == 1
    assert len(groups[0]) <= MOST_IN_GROUP


@pytest.mark.parametrize(("most", "sizes"), [(1, [5]), (2, [2, 3]), (3, [1, 2, 2]), (5, [1] * 5), (9, [1] * 5)])
def test_shares_are_even_and_keep_the_order(most: int, sizes: list[int]) -> None:
    groups = member_groups(25)

    shares = shares_of(groups, most)

    assert [len(share) for share in shares] == sizes
    assert tuple(chain.from_iterable(shares)) == groups


def test_parts_are_joined_in_their_order() -> None:
    first = TrainedEnsemble({"dense_0/bias": np.array([[1], [2]], np.float32)}, (0.1, 0.2), (0.3, 0.4))
    second = TrainedEnsemble({"dense_0/bias": np.array([[3]], np.float32)}, (0.5,), (0.6,))

    whole = joined([first, second])

    assert whole.arrays["dense_0/bias"].tolist() == [[1], [2], [3]]
    assert (whole.loss, whole.val_loss) == ((0.1, 0.2, 0.5), (0.3, 0.4, 0.6))


def epoch(number: int, loss: float | None) -> EpochLosses:
    return EpochLosses(number, (loss,), (loss,), (loss is None,))


def test_an_epoch_is_told_when_the_last_part_has_passed_it() -> None:
    told: list[EpochLosses] = []
    epochs = JoinedEpochs(2, told.append)

    epochs.passed(1, epoch(1, 0.5))
    epochs.passed(1, epoch(2, 0.4))
    assert told == []
    epochs.passed(0, epoch(1, None))
    assert told == [EpochLosses(1, (None, 0.5), (None, 0.5), (True, False))]
    epochs.passed(0, epoch(2, 0.3))
    assert told[1:] == [EpochLosses(2, (0.3, 0.4), (0.3, 0.4), (False, False))]


def test_a_part_that_starts_anew_is_told_no_epoch_twice() -> None:
    told: list[EpochLosses] = []
    epochs = JoinedEpochs(2, told.append)
    for number in (1, 2):
        epochs.passed(0, epoch(number, 1.0))
    epochs.passed(1, epoch(1, 2.0))

    for number in (1, 2, 3):  # part 1 again, in another place
        epochs.passed(1, epoch(number, 2.0))
    epochs.passed(0, epoch(3, 1.0))

    assert [losses.epoch for losses in told] == [1, 2, 3]
