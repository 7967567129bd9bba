"""Trees answer as they would if each were walked from its root, and what are no trees is refused."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercast.contracts import boosted_forward
from ordercast.contracts.boosted_forward import MOST_LEAVES, MOST_TREES, NAMES, SLICE, BoostedTrees, TreesError

Arrays = dict[str, np.ndarray[Any, Any]]
Doubles = np.ndarray[Any, np.dtype[np.float64]]
INPUTS = 4


def grown(seed: int, trees: int, leaves: int) -> Arrays:
    """Random trees with thresholds that meet values, in the order in which a walk finds their nodes."""
    random = np.random.default_rng(seed)
    nodes: list[list[float]] = []

    def grow(count: int) -> int:
        place = len(nodes)
        nodes.append([-1, 0, 0, -1, -1, float(random.normal())])
        if count > 1:
            on_the_left = int(random.integers(1, count))
            test = [float(random.integers(INPUTS)), float(random.integers(-3, 4)) / 2, float(random.integers(2))]
            nodes[place] = [*test, grow(on_the_left), grow(count - on_the_left), 0]
        return place

    roots = [grow(int(random.integers(1, leaves + 1))) for _ in range(trees)]
    feature, threshold, missing_left, left, right, value = np.array(nodes, np.float64).reshape(-1, 6).T
    return {
        "feature": np.maximum(feature, 0).astype(np.int32),
        "threshold": threshold,
        "missing_left": missing_left.astype(np.uint8),
        "left": left.astype(np.int32),
        "right": right.astype(np.int32),
        "value": value,
        "root": np.array(roots, np.int32),
        "baseline": np.array([0.5]),
    }


def walked(arrays: Arrays, row: Doubles) -> float:
    total = float(arrays["baseline"][0])
    for root in arrays["root"].tolist():
        node = root
        while arrays["left"][node] >= 0:
            value = row[arrays["feature"][node]]
            below = arrays["missing_left"][node] if np.isnan(value) else value <= arrays["threshold"][node]
            node = arrays["left" if below else "right"][node]
        total += float(arrays["value"][node])
    return total


def rows(seed: int, count: int) -> Doubles:
    """Values that lie on thresholds, between and beyond them, and some that are unknown."""
    random = np.random.default_rng(seed)
    values = random.integers(-8, 9, (count, INPUTS)) / 4
    values[random.random(values.shape) < 0.1] = np.nan
    values[random.random(values.shape) < 0.02] = np.inf
    return values


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.sampled_from([1, 2, 15, 16, 17, 33, MOST_LEAVES]))
@settings(max_examples=60)
def test_the_leaf_is_the_one_that_a_walk_from_the_root_finds(seed: int, trees: int, leaves: int) -> None:
    arrays, asked = grown(seed, trees, leaves), rows(seed, 40)
    assert BoostedTrees(arrays, INPUTS).raw(asked) == pytest.approx([walked(arrays, row) for row in asked], abs=1e-12)


def test_a_row_has_one_answer_alone_or_among_others() -> None:
    trees, asked = BoostedTrees(grown(1, 150, 15), INPUTS), rows(2, 2 * SLICE + 3)
    together = trees.raw(asked)
    for place in (0, 1, SLICE - 1, SLICE, 2 * SLICE + 2):
        assert trees.raw(asked[place : place + 1])[0] == together[place]
    assert np.array_equal(trees.raw(asked[5:105]), together[5:105])
    assert trees.raw(asked[:0]).shape == (0,)


def stumps(trees: int) -> Arrays:
    """Trees of two leaves, each with a threshold of its own."""
    place, root = np.tile(np.arange(3), trees), np.repeat(np.arange(trees) * 3, 3)
    return {
        "feature": np.zeros(3 * trees, np.int32),
        "threshold": root.astype(np.float64),
        "missing_left": np.zeros(3 * trees, np.uint8),
        "left": np.where(place == 0, root + 1, -1),
        "right": np.where(place == 0, root + 2, -1),
        "value": np.zeros(3 * trees),
        "root": np.arange(trees) * 3,
        "baseline": np.zeros(1),
    }


def changed(name: str, place: int, value: float) -> Arrays:
    arrays = grown(3, 3, 8)
    arrays[name][place] = value
    return arrays


CHAIN = {
    **{name: np.zeros(2 * 2_000 + 1, np.int32) for name in ("feature", "missing_left")},
    **{name: np.zeros(2 * 2_000 + 1) for name in ("threshold", "value")},
    "left": np.array([node + 1 if node % 2 == 0 and node < 4_000 else -1 for node in range(4_001)]),
    "right": np.array([node + 2 if node % 2 == 0 and node < 4_000 else -1 for node in range(4_001)]),
    "root": np.array([0]),
    "baseline": np.zeros(1),
}


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({name: array for name, array in grown(3, 3, 8).items() if name != "left"}, r"missing \['left'\]"),
        (changed("value", 0, np.nan), "no finite number"),
        (changed("baseline", 0, np.inf), "no finite number"),
        (changed("threshold", 0, np.nan), "no finite number"),
        (changed("feature", 0, INPUTS), "beyond the 4 inputs"),
        (changed("left", 0, 0), "no trees"),
        (changed("right", 0, 10_000), "no trees"),
        (changed("root", 1, 0), "no trees"),
        ({**grown(3, 3, 8), "left": np.zeros(2, np.int32)}, "shape"),
        ({**grown(3, 3, 8), "root": np.zeros(3)}, "no whole numbers"),
        (CHAIN, "more than 64 leaves"),
        *(({**grown(3, 3, 8), name: np.array(1)}, f"{name} has 0 dimensions") for name in NAMES),
        *(({**grown(3, 3, 8), name: np.zeros((1, 1))}, f"{name} has 2 dimensions") for name in NAMES),
        *(
            ({**grown(3, 3, 8), name: grown(3, 3, 8)[name].astype(kind)}, f"{name} holds no .* numbers")
            for name in NAMES
            for kind in (np.str_, np.bool_, np.complex64, np.object_)
        ),
        (stumps(MOST_TREES + 1), "1,001 trees, at most 1,000"),
    ],
)
def test_what_are_no_trees_is_refused_with_the_reason(arrays: Arrays, reason: str) -> None:
    with pytest.raises(TreesError, match=reason):
        BoostedTrees(arrays, INPUTS)


def test_trees_whose_tables_would_fill_the_memory_are_refused_before_these_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(boosted_forward, "MOST_TABLE", 100 * 100)
    assert BoostedTrees(stumps(100), INPUTS).trees == 100
    with pytest.raises(TreesError, match="10,201 numbers, at most 10,000"):
        BoostedTrees(stumps(101), INPUTS)


def test_the_largest_that_a_recipe_grows_is_not_refused() -> None:
    assert BoostedTrees(grown(5, 300, 31), INPUTS).trees == 300
