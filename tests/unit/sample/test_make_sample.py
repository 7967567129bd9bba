"""The sample is as it is defined: its counts, its ranges, its seed; and the signal sample can be learned, but not by a line."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from ordercast.sample.make_sample import Sample, make_sample, nickname_candidates


@pytest.fixture(scope="module")
def uniform() -> Sample:
    return make_sample("uniform", seed=1)


@pytest.fixture(scope="module")
def signal() -> Sample:
    return make_sample("signal", seed=1)


def test_the_uniform_sample_has_the_recipes_numbers(uniform: Sample) -> None:
    assert [account.email for account in uniform.accounts] == [f"user{n}@example.com" for n in range(1, 8)]
    assert [account.nickname for account in uniform.accounts] == [f"User{n}" for n in range(1, 8)]
    assert len(uniform.products) == 100
    assert len(list(uniform.orders())) == 10_000


def test_quantities_and_item_counts_follow_the_recipes_bells_and_stay_in_their_bounds(uniform: Sample) -> None:
    orders = list(uniform.orders())
    items = Counter(len(order.items) for order in orders)
    quantities = [item.quantity for order in orders for item in order.items]
    assert set(items) == {1, 2, 3, 4, 5}
    assert set(quantities) == set(range(1, 11))
    # int() cuts towards zero, so both means lie half a piece below the bells' centres (3 and 5).
    assert np.mean([len(order.items) for order in orders]) == pytest.approx(2.52, abs=0.05)
    assert np.mean(quantities) == pytest.approx(4.53, abs=0.05)
    assert np.std(quantities) == pytest.approx(1.98, abs=0.05)


def test_every_account_has_views_of_every_product_between_1000_and_10000(uniform: Sample) -> None:
    views = np.array(uniform.views)
    assert views.shape == (7, 100)
    assert views.min() >= 1_000
    assert views.max() <= 10_000
    assert views.mean() == pytest.approx(5_500, abs=300)


def test_accounts_and_products_of_orders_are_drawn_uniformly(uniform: Sample) -> None:
    accounts = Counter(order.account for order in uniform.orders())
    products = Counter(item.product for order in uniform.orders() for item in order.items)
    assert len(accounts) == 7
    assert max(accounts.values()) < 1.15 * min(accounts.values())
    assert len(products) == 100
    assert max(products.values()) < 1.7 * min(products.values())


def test_the_same_seed_gives_the_same_sample_and_another_seed_another() -> None:
    again = make_sample("uniform", seed=1, orders=50)
    assert again == make_sample("uniform", seed=1, orders=50)
    assert list(again.orders()) == list(make_sample("uniform", seed=1).orders())[:50]
    assert list(again.orders()) != list(make_sample("uniform", seed=2, orders=50).orders())


def test_the_two_modes_share_no_account_and_no_product(uniform: Sample, signal: Sample) -> None:
    assert not {a.email for a in uniform.accounts} & {a.email for a in signal.accounts}
    assert not {p.sku for p in uniform.products} & {p.sku for p in signal.products}


def test_uniform_views_say_nothing_of_the_quantity(uniform: Sample) -> None:
    views, quantities = _pairs(uniform)
    assert abs(np.corrcoef(views, quantities)[0, 1]) < 0.1


def test_a_bent_curve_explains_the_signal_and_a_straight_line_does_not(signal: Sample) -> None:
    views, quantities = _pairs(signal)
    variance = quantities.var()
    line = np.polyval(np.polyfit(views, quantities, 1), views)
    bins = np.digitize(views, np.arange(1_000, 10_000, 500))
    bent = np.array([quantities[bins == b].mean() for b in bins])
    assert ((quantities - line) ** 2).mean() > 0.95 * variance
    assert ((quantities - bent) ** 2).mean() < 0.2 * variance


def test_with_both_samples_on_one_system_a_bent_curve_still_beats_the_line(uniform: Sample, signal: Sample) -> None:
    both = [np.concatenate(columns) for columns in zip(_pairs(uniform), _pairs(signal), strict=True)]
    views, quantities = both
    assert len(views) < 4_000  # the demo trains on them while its user waits
    line = np.polyval(np.polyfit(views, quantities, 1), views)
    bins = np.digitize(views, np.arange(1_000, 10_000, 500))
    bent = np.array([quantities[bins == b].mean() for b in bins])
    assert ((quantities - bent) ** 2).mean() < 0.5 * ((quantities - line) ** 2).mean()


def test_a_taken_nickname_gets_1_then_2() -> None:
    assert list(islice(nickname_candidates("User1"), 3)) == ["User1", "User1_1", "User1_2"]


def _pairs(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Views and first quantity of every ordered pair: what a model is trained on."""
    first: dict[tuple[int, int], int] = {}
    for order in sample.orders():
        for item in order.items:
            first.setdefault((order.account, item.product), item.quantity)
    views = np.array([sample.views[account][product] for account, product in first], dtype=float)
    return views, np.array(list(first.values()), dtype=float)
