"""Whoever knows how a market is simulated finds level, trend and season of a product in its visits, and that it has ended."""

import numpy as np
import pytest

from ordercast.quality.attainable import _expected_visits

WEEKS = np.arange(52)


def looked(level: float, trend: float, season: float, until: int = 52) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    rate = level * np.exp(trend * (WEEKS / 52 - 0.5) + season * np.cos(2 * np.pi * (WEEKS - 20) / 52))
    return np.where(until > WEEKS, np.random.default_rng(1).poisson(rate), 0).astype(np.int64)


@pytest.mark.parametrize(("trend", "season"), [(0.0, 0.0), (0.8, 0.0), (0.0, 0.5), (-0.6, 0.4)])
def test_it_goes_on_as_it_went(trend: float, season: float) -> None:
    later = np.array([52, 55])
    true = 200 * np.exp(trend * (later / 52 - 0.5) + season * np.cos(2 * np.pi * (later - 20) / 52))
    assert _expected_visits(looked(200, trend, season), later) == pytest.approx(true, rel=0.15)


def test_what_nobody_looks_at_any_more_has_ended() -> None:
    assert (_expected_visits(looked(50, 0, 0, until=48), np.array([52])) < 1e-6).all()
    assert _expected_visits(looked(0.3, 0, 0, until=48), np.array([52]))[0] > 0.02
    assert _expected_visits(np.zeros(52, np.int64), np.array([52])).tolist() == [0]
