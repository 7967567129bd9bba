"""Losses by epoch as curves, by question."""

import math

from hypothesis import given
from hypothesis import strategies as st

from ordercast.client.training_answers import Networks
from ordercast.services.console.loss_curves import HEIGHT, WIDTH, curves_of, curves_so_far
from tests.support.console_answers import manifest

LOSS = st.none() | st.floats(-1e9, 1e9)


def test_epochs_that_count_on_are_told_apart_by_question() -> None:
    told = {epoch: [float(epoch), 1.0] for epoch in range(1, 6)}
    found = curves_so_far("demand", 2, told)
    assert [(curves.question, curves.epoch, curves.epochs) for curves in found] == [
        ("line", 2, 2),
        ("pair", 2, 2),
        ("product", 1, 2),
    ]
    assert (found[1].networks[0].first, found[1].networks[0].last) == (3.0, 4.0)
    assert not any(curves.marked or curves.collapsed for curves in found)
    assert [curves.question for curves in curves_so_far("baseline", 5, told)] == ["views"]


def test_networks_that_answer_a_constant_are_marked_as_soon_as_that_is_known() -> None:
    told = {epoch: [float(epoch), 1.0] for epoch in range(1, 4)}
    looked = [Networks("line", 2, [1], [0, 1], 2, 3)]
    line, pair = curves_so_far("demand", 2, told, looked)
    assert (line.collapsed, line.again, line.attempt, line.marked) == ([2], [1, 2], 2, True)
    assert (pair.collapsed, pair.again, pair.attempt, pair.marked) == ([], [], 0, False)
    [views] = curves_so_far("baseline", 3, told, [Networks("views", 1, [])])
    assert (views.collapsed, views.marked) == ([], True)


def test_of_a_version_those_that_answer_a_constant_are_marked() -> None:
    demand = {curves.question: curves for curves in curves_of(manifest("20261120T0400-d", "demand"))}
    assert {question: curves.collapsed for question, curves in demand.items()} == {
        "pair": [],
        "line": [3],
        "product": [],
    }
    assert demand["pair"].marked
    [views] = curves_of(manifest("20261120T0300-b", "baseline"))
    assert (views.question, views.epochs, views.collapsed) == ("views", 10, [4])
    assert curves_of({}) == []


def test_a_loss_that_is_no_finite_number_is_a_gap() -> None:
    [curves] = curves_so_far("baseline", 4, {1: [3.0], 2: [None], 3: [2.0], 4: [1.0]})
    [network] = curves.networks
    assert [len(points.split()) for points in network.points] == [1, 2]


@given(st.lists(st.lists(LOSS, min_size=2, max_size=4), min_size=1, max_size=12))
def test_all_points_lie_in_the_picture(by_epoch: list[list[float | None]]) -> None:
    told = dict(enumerate(by_epoch, start=1))
    [curves] = curves_so_far("baseline", 12, told)
    shown = [point.split(",") for network in curves.networks for points in network.points for point in points.split()]
    assert len(shown) == sum(loss is not None for losses in by_epoch for loss in losses)
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in shown)
    assert all(math.isfinite(value) for value in (curves.least, curves.most))
