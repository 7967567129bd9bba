"""What is known of a market at a moment, and what came after it, as the demo asks about it."""

from datetime import date

import numpy as np
import pytest

from ordercast.demo.market_steps import SentMarket, known_pairs, true_of_pairs, true_of_products
from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.simulate import DAY_S, simulate

HISTORY = simulate(make_market(1, date(2026, 11, 1), accounts=60, products=20))
WEEK = 44


def test_a_pair_is_known_once_it_was_looked_at_before_the_moment() -> None:
    known = known_pairs(HISTORY, WEEK)
    seen = {one.pair for one in HISTORY.occasions if one.at < 7 * DAY_S * WEEK}
    assert known.pair.tolist() == sorted(seen)
    views = sum(one.views for one in HISTORY.occasions if one.at < 7 * DAY_S * WEEK)
    assert known.views.sum() == views
    for place, account, product in zip(
        known.pair.tolist(), known.account.tolist(), known.product.tolist(), strict=True
    ):
        pair = HISTORY.market.pairs[place]
        assert (pair.account, pair.product) == (account, product)


def test_what_came_in_the_four_weeks_is_what_was_kept_and_nothing_of_it_was_known() -> None:
    known, later = known_pairs(HISTORY, WEEK), known_pairs(HISTORY, WEEK + 4)
    before = dict(zip(known.pair.tolist(), known.pieces.tolist(), strict=True))
    more = sum(pieces - before.get(pair, 0) for pair, pieces in zip(later.pair, later.pieces, strict=True))
    assert known.ordered.sum() > 0
    # Orders of a pair that nobody had looked at before, huge ones, and those that were cancelled later make the difference.
    assert more == pytest.approx(known.ordered.sum(), rel=0.3)


def test_a_choice_of_pairs_keeps_what_belongs_together() -> None:
    known = known_pairs(HISTORY, WEEK)
    chosen = known.only(np.array([2, 5]))
    assert chosen.pair.tolist() == known.pair[[2, 5]].tolist()
    assert chosen.ordered.tolist() == known.ordered[[2, 5]].tolist()


def test_products_sum_up_what_is_true_of_their_pairs() -> None:
    truth = true_of_products(HISTORY)
    assert truth.shape[0] == 20
    assert truth[:, WEEK : WEEK + 4].sum() == pytest.approx(true_of_pairs(HISTORY, WEEK).sum())


def test_eight_weeks_before_the_end_are_asked_for() -> None:
    sent = SentMarket(HISTORY, np.arange(60), np.arange(20))
    assert (sent.moment, sent.first_week) == (date(2026, 9, 6), WEEK)
