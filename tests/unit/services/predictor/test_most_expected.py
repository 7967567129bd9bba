"""The order of the products is made once for all pages of a moment, and anew for another one, another version, or more weeks."""

import asyncio
import gc
import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ordercast.services.predictor import most_expected
from ordercast.services.predictor.most_expected import MostExpected


class Moment:
    known_products = np.array([3, 5, 7, 9])


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What was computed: version and weeks. The first week is expected to bring 1, 4, 4, 2 pieces, each week after it as many."""
    told: list[tuple[str, int]] = []

    def expected(served: Any, features: Any, product_ids: Any, weeks: int) -> Any:
        told.append((served.version, weeks))
        assert product_ids is features.known_products
        return weeks * np.array([1.0, 4.0, 4.0, 2.0])

    monkeypatch.setattr(most_expected, "expected_of_products", expected)
    return told


def version(name: str) -> Any:
    return SimpleNamespace(version=name)


async def test_many_who_ask_at_once_wait_for_one_computation(made: list[tuple[str, int]]) -> None:
    most, now = MostExpected(), Moment()
    asking: Any = [most.of(version("v1"), now, 4) for _ in range(8)]  # type: ignore[arg-type]
    orders = await asyncio.gather(*asking)
    assert [order.tolist() for order in orders] == 8 * [[5, 7, 9, 3]]
    assert made == [("v1", 4)]


async def test_another_moment_version_or_number_of_weeks_is_another_order(made: list[tuple[str, int]]) -> None:
    most, now, later = MostExpected(), Moment(), Moment()
    asked: list[Any] = [("v1", now, 4), ("v1", now, 8), ("v2", now, 4), ("v1", later, 4)]
    for name, moment, weeks in [*asked, *asked]:
        await most.of(version(name), moment, weeks)
    assert made == [("v1", 4), ("v1", 8), ("v2", 4), ("v1", 4)]


async def test_what_was_made_of_a_moment_keeps_nothing_of_it_in_memory() -> None:
    most, now = MostExpected(), Moment()
    kept = weakref.ref(now)
    await most.of(version("v1"), now, 4)  # type: ignore[arg-type]
    del now
    gc.collect()
    assert kept() is None
