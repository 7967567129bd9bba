"""Which rows are learned from, watched, and held out."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from ordercast.contracts.because import because
from ordercast.contracts.model_manifest import Recipe
from ordercast.services.trainer.errors import UnusableTrainingSet

Rows = npt.NDArray[np.intp]

# Fewer than two rows to learn from have no batch order and no line through them.
MIN_LEARNED: int = 2


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers: `train` in the order that the fit sees them, its first `learned` to learn from, the rest to watch."""

    train: Rows
    test: Rows
    learned: int


def split_rows(rows: int, recipe: Recipe) -> Split:
    """Split as the recipe says: train_test_split by its seed, then the end of the training rows to watch.

    Raises:
        UnusableTrainingSet: a part would be empty, or there would be fewer than two rows to learn from.
    """
    held_out = math.ceil(rows * recipe.test_size)
    learned = learned_rows(rows - held_out, recipe)
    watched = rows - held_out - learned
    if learned < MIN_LEARNED or held_out < 1 or watched < 1:
        raise UnusableTrainingSet(
            f"{_count(rows)} too few to split: {learned} would be learned from, {watched} watched and {held_out} held out; "
            f"needed are at least {MIN_LEARNED}, 1 and 1",
            because(
                "too-few-to-split", rows=rows, learned=learned, watched=watched, held_out=held_out, needed=MIN_LEARNED
            ),
        )
    train, test = train_test_split(np.arange(rows), test_size=recipe.test_size, random_state=recipe.split_seed)
    return Split(train, test, learned)


def learned_rows(train_rows: int, recipe: Recipe) -> int:
    """How many of the training rows Keras's validation_split leaves to learn from."""
    return math.floor(train_rows * (1 - recipe.validation_split))


def _count(rows: int) -> str:
    return "1 row is" if rows == 1 else f"{rows} rows are"
