"""Paired bootstrap by account: whether a difference of two answers on the same rows would be there with other customers."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ordercast.services.shared.demand.activity import Floats, Ints

ROUNDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of a row's loss less that of the other answer; under 0 is better. `low` to `high` holds 95 % of the rounds, or every
    group where these are too few to be drawn."""

    mean: float
    low: float
    high: float
    groups: int


def paired_difference(loss: Floats, other_loss: Floats, group: Ints, seed: int = 0, rounds: int = ROUNDS) -> Difference:
    """Draws groups (accounts, or products) with all their rows, as many as there are, again and again."""
    keys, place = np.unique(group, return_inverse=True)
    gained = np.bincount(place, loss - other_loss)
    rows = np.bincount(place)
    random = np.random.default_rng(seed)
    draws = np.empty(rounds)
    for drawn in range(rounds):
        times = np.bincount(random.integers(0, len(keys), len(keys)), minlength=len(keys))
        draws[drawn] = (times @ gained) / (times @ rows)
    low, high = np.quantile(draws, (0.025, 0.975))
    return Difference(float(gained.sum() / rows.sum()), float(low), float(high), len(keys))


def difference_in_each(loss: Floats, other_loss: Floats, group: Ints) -> Difference:
    """From the group where the answer does best against the other one to the one where it does worst."""
    keys, place = np.unique(group, return_inverse=True)
    gained, rows = np.bincount(place, loss - other_loss), np.bincount(place)
    of_each = gained / rows
    return Difference(float(gained.sum() / rows.sum()), float(of_each.min()), float(of_each.max()), len(keys))
