"""The spread of a pair's pieces is that of the networks if there is an order, and nothing as often as there is none."""

import numpy as np
import pytest

from ordercast.contracts.demand_forward import DemandAnswer
from ordercast.services.shared.demand.spread import said_of_pairs, said_of_pieces


def answer(probability: float, low: float = 2, median: float = 6, high: float = 20) -> DemandAnswer:
    columns = (probability, (low + high) / 2, low, median, high)
    return DemandAnswer(*(np.array([column], np.float32) for column in columns))


def pieces(log: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(np.expm1(log[0]))


def test_a_pair_that_surely_orders_has_the_quantiles_of_its_order() -> None:
    said = said_of_pairs(answer(1.0))
    assert [pieces(said.low), pieces(said.middle), pieces(said.high)] == pytest.approx([2, 6, 20], rel=0.02)


def test_a_pair_that_hardly_orders_has_none_up_to_the_highest_quantile() -> None:
    said = said_of_pairs(answer(0.04))
    assert [pieces(said.low), pieces(said.middle), pieces(said.high)] == [0, 0, 0]


def test_a_pair_that_orders_in_half_of_all_cases_has_the_median_of_none() -> None:
    said = said_of_pairs(answer(0.5))
    assert (pieces(said.low), pieces(said.middle)) == (0, 0)
    assert 6 < pieces(said.high) < 20


def test_quantiles_are_those_of_simulated_orders() -> None:
    """Orders of log-normal pieces with a probability of 0.7."""
    random = np.random.default_rng(1)
    logs = random.normal(2.0, 0.5, 200_000)
    low, median, high = (float(np.expm1(np.quantile(logs, quantile))) for quantile in (0.05, 0.5, 0.95))
    drawn = np.where(random.random(len(logs)) < 0.7, logs, 0.0)
    said = said_of_pairs(answer(0.7, low, median, high))
    expected = [float(np.quantile(drawn, quantile)) for quantile in (0.05, 0.5, 0.95)]
    assert [float(said.low[0]), float(said.middle[0]), float(said.high[0])] == pytest.approx(expected, abs=0.02)


def test_a_pair_that_orders_has_a_piece_at_least() -> None:
    assert pieces(said_of_pairs(answer(1.0, low=0.2)).low) == pytest.approx(1)


def test_a_line_has_the_quantiles_of_the_networks() -> None:
    said = said_of_pieces(answer(1.0))
    assert [pieces(said.low), pieces(said.middle), pieces(said.high)] == pytest.approx([2, 6, 20])
