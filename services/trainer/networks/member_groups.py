"""An ensemble in groups of members: whoever trains which group, the same networks come out. Nothing here imports TensorFlow.

XLA compiles a group's graph for its size, and how it rounds depends on that size. So the size follows from the number of
members alone, not from the threads or machines that share the groups among them.
"""

from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from typing import Final

import numpy as np

from ordercast.services.trainer.networks.fit import EpochLosses, TrainedEnsemble

# In smaller groups an epoch takes longer (in twos by half); in larger ones fewer threads and machines find work.
MOST_IN_GROUP: Final = 5


def member_groups(members: int) -> tuple[range, ...]:
    """The numbers of all members, in groups of one size.

    For that the last group may reach beyond the last member: those are trained for nothing, which takes less time than to
    compile a graph of another size.
    """
    groups = -(-members // MOST_IN_GROUP)
    size = -(-members // groups)
    return tuple(range(first, first + size) for first in range(0, members, size))


def shares_of(groups: Sequence[range], most: int) -> tuple[tuple[range, ...], ...]:
    """The groups in at most so many shares, next to each other and as even as can be; none is empty."""
    shares = min(most, len(groups))
    cuts = [len(groups) * share // shares for share in range(shares + 1)]
    return tuple(tuple(groups[begin:end]) for begin, end in pairwise(cuts))


def joined(parts: Sequence[TrainedEnsemble]) -> TrainedEnsemble:
    """One ensemble of the parts' members, in the order given."""
    return TrainedEnsemble(
        {name: np.concatenate([part.arrays[name] for part in parts]) for name in parts[0].arrays},
        tuple(chain.from_iterable(part.loss for part in parts)),
        tuple(chain.from_iterable(part.val_loss for part in parts)),
    )


class JoinedEpochs:
    """Tells an epoch once every part has passed it. A part that starts anew repeats what is known already."""

    def __init__(self, parts: int, on_epoch: Callable[[EpochLosses], None]) -> None:
        self._waiting: list[dict[int, EpochLosses]] = [{} for _ in range(parts)]
        self._on_epoch = on_epoch
        self._told = 0

    def passed(self, part: int, losses: EpochLosses) -> None:
        if losses.epoch > self._told:
            self._waiting[part][losses.epoch] = losses
        while all(self._told + 1 in waiting for waiting in self._waiting):
            self._told += 1
            parts = [waiting.pop(self._told) for waiting in self._waiting]
            loss = tuple(chain.from_iterable(losses.loss for losses in parts))
            val_loss = tuple(chain.from_iterable(losses.val_loss for losses in parts))
            constant = tuple(chain.from_iterable(losses.constant for losses in parts))
            self._on_epoch(EpochLosses(self._told, loss, val_loss, constant))
