import hashlib
import math
import struct

import numpy as np
import pytest

from ordercast.contracts.model_manifest import TopicPosition
from ordercast.services.trainer.errors import UnusableTrainingSet
from ordercast.services.trainer.recipes import BASELINE
from ordercast.services.trainer.training.split_rows import split_rows
from ordercast.services.trainer.training.training_set import TrainingSet, TrainingSetBuilder

ROWS: list[tuple[int, int, float, float]] = [(1, 2, 5000, 3), (1, 7, 0, 4), (2, 1, 1000, 5)]
POSITIONS = (TopicPosition("orders", 0, 12),)


def built(*slices: list[tuple[int, int, float, float]]) -> TrainingSet:
    builder = TrainingSetBuilder()
    for rows in slices:
        builder.add(rows)
    return builder.finish(POSITIONS)


def test_the_columns_keep_the_rows_order_and_the_manifest_names_rows_and_positions() -> None:
    rows = built(ROWS)

    assert rows.view_counts.tolist() == [5000, 0, 1000]
    assert rows.quantities.tolist() == [3, 4, 5]
    assert (rows.data.rows, rows.data.positions) == (3, POSITIONS)


def test_the_digest_is_the_stated_one() -> None:
    stated = hashlib.sha256(b"".join(struct.pack("<qqdd", *row) for row in ROWS)).hexdigest()

    assert built(ROWS).data.digest == stated


def test_the_digest_does_not_depend_on_how_the_rows_were_sliced() -> None:
    assert built(ROWS[:1], [], ROWS[1:]).data.digest == built(ROWS).data.digest


def test_the_digest_tells_one_changed_number() -> None:
    assert built([*ROWS[:2], (2, 1, 1001, 5)]).data.digest != built(ROWS).data.digest


def test_rows_out_of_key_order_are_an_error_also_across_slices() -> None:
    with pytest.raises(ValueError, match=r"\(1, 7\) comes after \(2, 1\)"):
        built([ROWS[2]], [ROWS[1]])


def test_no_rows_are_refused() -> None:
    with pytest.raises(UnusableTrainingSet, match="no data to train on"):
        built()
    with pytest.raises(UnusableTrainingSet, match="no data to train on"):
        built([])


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused_with_its_row(number: float) -> None:
    with pytest.raises(UnusableTrainingSet, match="view_count of account 3, product 1 is"):
        built(ROWS, [(3, 1, number, 2)])
    with pytest.raises(UnusableTrainingSet, match="first_quantity of account 3, product 1 is"):
        built(ROWS, [(3, 1, 2, number)])


def test_a_constant_target_is_refused() -> None:
    with pytest.raises(UnusableTrainingSet, match="constant: all 2 rows have the quantity 4"):
        built([(1, 1, 10, 4), (1, 2, 20, 4)])


def test_one_row_is_refused_as_too_few_to_split() -> None:
    with pytest.raises(UnusableTrainingSet, match="1 row is too few to split"):
        split_rows(len(built(ROWS[:1]).view_counts), BASELINE)


@pytest.mark.parametrize("rows", [2, 3])
def test_rows_that_leave_a_part_empty_are_refused(rows: int) -> None:
    with pytest.raises(UnusableTrainingSet, match=f"{rows} rows are too few to split"):
        split_rows(rows, BASELINE)


@pytest.mark.parametrize(
    ("rows", "held_out", "learned", "watched"), [(4, 1, 2, 1), (700, 140, 448, 112), (11, 3, 6, 2)]
)
def test_the_split_is_that_of_train_test_split_and_validation_split(
    rows: int, held_out: int, learned: int, watched: int
) -> None:
    split = split_rows(rows, BASELINE)

    assert (len(split.test), split.learned, len(split.train) - split.learned) == (held_out, learned, watched)
    assert sorted(np.concatenate([split.train, split.test]).tolist()) == list(range(rows))
