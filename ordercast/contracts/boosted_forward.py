"""What boosted trees answer, in numpy: from arrays that execute nothing, without the library that grew them.

No tree is walked. A row starts with all leaves of a tree; each test that it fails (its value is above the threshold) rules out
the leaves on the left of that test, and the first leaf that is left is the row's (Lucchese et al. 2015, QuickScorer). Leaves are
the bits of a number, and what all tests on one feature rule out is a table by the place of the value among their thresholds. So
each feature costs one look-up and one "and" for all trees together.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Nodes of all trees after one another; `left` and `right` are places among all nodes, and -1 of a leaf. `root` is by tree.
FEATURE: Final = "feature"
THRESHOLD: Final = "threshold"
MISSING_LEFT: Final = "missing_left"
LEFT: Final = "left"
RIGHT: Final = "right"
VALUE: Final = "value"
ROOT: Final = "root"
BASELINE: Final = "baseline"
NAMES: Final = (FEATURE, THRESHOLD, MISSING_LEFT, LEFT, RIGHT, VALUE, ROOT, BASELINE)

# Bits of a number, and so the leaves that a tree may have.
MOST_LEAVES: Final = 64
# Trees of a version, and numbers of its tables: thresholds of all features times trees. The largest recipe has 300 trees and at
# most 3 million numbers, of 4 bytes.
MOST_TREES: Final = 1_000
MOST_TABLE: Final = 8_000_000
# Rows that are answered at once: what is left of 150 trees stays in the processor's cache.
SLICE: Final = 512


class TreesError(ValueError):
    """The arrays are no trees; the message says why."""


class BoostedTrees:
    """The sum of all trees. It holds no state of a call, so any thread may use it."""

    def __init__(self, arrays: Arrays, inputs: int) -> None:
        """From the arrays of a file, for rows of so many inputs. Raises TreesError for anything but whole trees."""
        nodes = {name: arrays[name] for name in NAMES if name in arrays}
        _refuse_damaged(nodes, inputs)
        ranges, leaves = _leaves_below(nodes)
        tests = nodes[LEFT] >= 0
        features, distinct = np.unique(nodes[FEATURE][tests]), _distinct(nodes[FEATURE][tests], nodes[THRESHOLD][tests])
        if (numbers := distinct * len(leaves)) > MOST_TABLE:
            raise TreesError(f"its tables would have {numbers:,} numbers, at most {MOST_TABLE:,}")
        width = max((len(of_tree) for of_tree in leaves), default=1)
        self._bits = next(kind for kind in (np.uint16, np.uint32, np.uint64) if np.iinfo(kind).bits >= width)
        self._values = np.zeros((len(leaves), width))
        for tree, of_tree in enumerate(leaves):
            self._values[tree, : len(of_tree)] = nodes[VALUE][of_tree]
        self._first = np.arange(len(leaves), dtype=np.int64) * width
        self._baseline = float(nodes[BASELINE][0])
        self._tables = [(feature, *self._table(nodes, ranges, feature)) for feature in features]

    @property
    def trees(self) -> int:
        return len(self._values)

    def raw(self, inputs: Doubles) -> Doubles:
        """The baseline and all trees' leaves, summed, for inputs [rows, inputs]. An unknown input is not-a-number."""
        parts = [self._of_slice(inputs[first : first + SLICE]) for first in range(0, len(inputs), SLICE)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _of_slice(self, inputs: Doubles) -> Doubles:
        left = np.full((len(inputs), self.trees), np.iinfo(self._bits).max, self._bits)
        for feature, thresholds, table in self._tables:
            # Not-a-number is sorted behind all thresholds, and has the last row for itself.
            value = inputs[:, feature]
            place = np.searchsorted(thresholds, value)
            place[np.isnan(value)] = len(thresholds) + 1
            left &= table[place]
        first_leaf = np.bitwise_count(~left & (left - self._bits(1)))
        summed: Doubles = np.add.reduce(self._values.ravel()[self._first + first_leaf], axis=1)
        return self._baseline + summed

    def _table(self, nodes: Arrays, ranges: Ints, feature: int) -> tuple[Doubles, npt.NDArray[np.unsignedinteger[Any]]]:
        """The thresholds of all tests on a feature, and by place among them the leaves that are left [places + 1, trees].

        A value on place p is above the first p thresholds. The last row is that of an unknown value.
        """
        tests = np.flatnonzero((nodes[FEATURE] == feature) & (nodes[LEFT] >= 0))
        thresholds = np.unique(nodes[THRESHOLD][tests])
        table = np.full((len(thresholds) + 2, self.trees), np.iinfo(self._bits).max, self._bits)
        for test in tests.tolist():
            tree, first, after = ranges[test].tolist()
            rest = self._bits(np.iinfo(self._bits).max ^ ((1 << after) - (1 << first)))
            failed = int(np.searchsorted(thresholds, nodes[THRESHOLD][test])) + 1
            table[failed:-1, tree] &= rest
            if not nodes[MISSING_LEFT][test]:
                table[-1, tree] &= rest
        return thresholds, table


def _distinct(features: Ints, thresholds: Doubles) -> int:
    """How many thresholds the tests have, counted once for each feature."""
    order = np.lexsort((thresholds, features))
    features, thresholds = features[order], thresholds[order]
    others = (features[1:] != features[:-1]) | (thresholds[1:] != thresholds[:-1])
    return int(np.count_nonzero(others)) + bool(len(order))


def _leaves_below(nodes: Arrays) -> tuple[Ints, list[list[int]]]:
    """By test its tree and the range of leaves on its left; by tree its leaves, from left to right."""
    ranges = np.zeros((len(nodes[LEFT]), 3), np.int64)
    left, right = nodes[LEFT].tolist(), nodes[RIGHT].tolist()
    leaves: list[list[int]] = []

    def walk(node: int, found: list[int], tests_above: int) -> None:
        if tests_above >= MOST_LEAVES:
            raise TreesError(f"a tree has more than {MOST_LEAVES} leaves")
        if left[node] < 0:
            found.append(node)
            return
        first = len(found)
        walk(left[node], found, tests_above + 1)
        ranges[node] = len(leaves), first, len(found)
        walk(right[node], found, tests_above + 1)

    for root in nodes[ROOT].tolist():
        found: list[int] = []
        walk(root, found, 0)
        if len(found) > MOST_LEAVES:
            raise TreesError(f"a tree has more than {MOST_LEAVES} leaves")
        leaves.append(found)
    return ranges, leaves


def _refuse_damaged(nodes: Arrays, inputs: int) -> None:
    if missing := [name for name in NAMES if name not in nodes]:
        raise TreesError(f"missing {missing}")
    for name in NAMES:  # before anything is counted or compared: a number alone has no length, and text is not finite
        if nodes[name].ndim != 1:
            raise TreesError(f"{name} has {nodes[name].ndim} dimensions, not one")
        whole = name in (FEATURE, LEFT, RIGHT, ROOT, MISSING_LEFT)
        if not np.issubdtype(nodes[name].dtype, np.integer if whole else np.floating):
            raise TreesError(f"{name} holds no {'whole' if whole else 'decimal'} numbers, but {nodes[name].dtype}")
    count, trees = len(nodes[LEFT]), len(nodes[ROOT])
    if trees > MOST_TREES:
        raise TreesError(f"there are {trees:,} trees, at most {MOST_TREES:,}")
    if count > trees * (2 * MOST_LEAVES - 1):
        raise TreesError(f"a tree has more than {MOST_LEAVES} leaves")
    shapes = {ROOT: (trees,), BASELINE: (1,)}
    for name in NAMES:
        if nodes[name].shape != shapes.get(name, (count,)):
            raise TreesError(f"{name} has the shape {nodes[name].shape}, not {shapes.get(name, (count,))}")
    test = nodes[LEFT] >= 0
    if (
        not np.isfinite(nodes[VALUE]).all()
        or not np.isfinite(nodes[BASELINE]).all()
        or np.isnan(nodes[THRESHOLD][test]).any()
    ):
        raise TreesError("a value or threshold is no finite number")
    if (nodes[FEATURE][test] < 0).any() or (nodes[FEATURE][test] >= inputs).any():
        raise TreesError(f"a test is on a feature beyond the {inputs} inputs")
    # Each node but the roots stands below one test that comes before it: then all trees end, and none shares a branch.
    below = np.sort(np.concatenate([nodes[LEFT][test], nodes[RIGHT][test], nodes[ROOT]]))
    places = np.flatnonzero(test)
    after = (nodes[LEFT][test] > places).all() and (nodes[RIGHT][test] > places).all()
    if not after or not np.array_equal(below, np.arange(count)):
        raise TreesError("the nodes are no trees: one stands below none, below two, or before what it stands below")
