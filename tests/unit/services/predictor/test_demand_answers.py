"""What a pair is told: the same alone and among others, and reasons that can be checked."""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercast.contracts.demand_forward import DemandAnswer, DemandNetworks
from ordercast.contracts.demand_manifest import DemandData
from ordercast.services.predictor.demand_answers import (
    Basis,
    PairDemand,
    answer_pairs,
    explain_pairs,
    probable_products,
)
from ordercast.services.predictor.features import Pair
from ordercast.services.predictor.forecast_products import Asked, forecast_products
from ordercast.services.predictor.load_demand import load_demand
from ordercast.services.shared.demand.activity import Floats, activity_of
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, names
from ordercast.services.shared.demand.features import Features
from ordercast.services.shared.demand.known import known_at
from tests.support.demand_versions import write_demand
from tests.support.market_shop import UNTIL, market_rows

HOW_TO_ASK: Final = "a history that has ended is asked as of its last day"
SEEN_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def basis() -> Basis:
    """A version of random weights, and a simulated year."""
    with TemporaryDirectory() as folder:
        written = write_demand(Path(folder), data=DemandData(1_000, "0" * 64, UNTIL.replace(year=2000), UNTIL, ()))
        served = load_demand(Path(folder), written.version, written.manifest_sha256)
    moment = (UNTIL - date(1970, 1, 1)).days + 1
    return Basis(served, Features(known_at(activity_of(market_rows().columns), moment)), SEEN_AT, None, 0.9)


def at_one_time(answer: PairDemand) -> PairDemand:
    return replace(answer, features_age_seconds=0.0)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 30)), min_size=1, max_size=20))
def test_a_pair_is_told_the_same_to_the_bit_alone_and_among_others(asked: list[tuple[int, int]]) -> None:
    pairs = [Pair(*pair) for pair in asked]
    together = [at_one_time(answer) for answer in explain_pairs(basis(), pairs)]
    assert together == [at_one_time(explain_pairs(basis(), [pair])[0]) for pair in pairs]


@pytest.mark.parametrize(("days", "told"), [(0, False), (7, True), (60, True)])
def test_pairs_and_products_of_a_history_that_has_ended_are_told_how_to_ask(days: int, told: bool) -> None:
    moment = (UNTIL - date(1970, 1, 1)).days + days
    asked = replace(basis(), features=Features(known_at(activity_of(market_rows().columns), moment)))
    [pair] = explain_pairs(asked, [Pair(7, 7)])
    question = Asked(asked.features.moment, 4, 0.9, 0.95)
    [product] = forecast_products(asked.served, asked.features, [(7, "MUG")], question)
    for one in (pair, product):
        assert ("shop-rests" in [reason["code"] for reason in one.beyond]) is told
        assert one.extrapolates_because.count(f"the shop had no order for {days} days: {HOW_TO_ASK}") == told


def test_an_effect_is_the_difference_that_the_average_value_in_its_place_makes() -> None:
    [answer] = explain_pairs(basis(), [Pair(7, 7)])
    values = np.array([[answer.features[name] for name in names(PAIR_FEATURES)]])
    pair = basis().served.model.questions["pair"]
    effects = {}
    for place, average in zip(pair.columns, basis().served.manifest.questions["pair"].average, strict=True):
        replaced = values.copy()
        replaced[0, place] = average
        effects[PAIR_FEATURES[place].name] = float(pair.answer(values).expected[0]) - float(
            pair.answer(replaced).expected[0]
        )
    assert {reason.feature: reason.effect for reason in answer.why}.items() <= effects.items()
    most = sorted(map(abs, effects.values()), reverse=True)[: len(answer.why)]
    assert [abs(reason.effect) for reason in answer.why] == most


class Fewer:
    """Networks that say four tenths of what others say."""

    def __init__(self, networks: DemandNetworks) -> None:
        self._networks = networks
        self.heads = networks.heads

    def answer(self, values: Floats, level: Floats, *, spread: bool = True) -> DemandAnswer:
        said = self._networks.answer(values, level, spread=spread)
        return replace(said, mean=said.mean * np.float32(0.4))


def test_a_next_line_has_a_piece_at_least_alone_in_a_batch_and_in_an_accounts_list() -> None:
    served = basis().served
    line = served.model.questions["line"]
    fewer = replace(line, networks=cast("DemandNetworks", Fewer(line.networks)))
    asked = replace(
        basis(),
        served=replace(served, model=replace(served.model, questions={**served.model.questions, "line": fewer})),
    )
    pairs = [Pair(account, product) for account in range(1, 41) for product in range(1, 31)]
    networks = fewer.answer(asked.features.of_pairs(*np.array(pairs, np.int64).T)).expected
    assert (networks < 1).any()
    assert (networks > 1).any()
    together = answer_pairs(asked, pairs).data
    assert [one.next_line_quantity for one in together] == np.maximum(networks, 1).tolist()
    alone = [explain_pairs(asked, [pair])[0] for pair in pairs[::50]]
    assert [one.next_line_quantity for one in alone] == [one.next_line_quantity for one in together[::50]]
    for account in range(1, 41):
        assert all(one.next_line_quantity >= 1 for one in probable_products(asked, account, 20)[0])


@pytest.mark.parametrize(("days", "said"), [(0, False), (-1, True), (-30, True)])
def test_a_day_of_which_the_version_knows_what_came_after_is_answered_with_that_said(days: int, said: bool) -> None:
    """Its weights, and the thresholds of its intervals, are made of later events: no forecast would have been as good."""
    moment = (UNTIL - date(1970, 1, 1)).days + days
    asked = replace(basis(), features=Features(known_at(activity_of(market_rows().columns), moment)))
    [pair] = answer_pairs(asked, [Pair(7, 7)]).data
    [product] = forecast_products(asked.served, asked.features, [(7, "seven")], Asked(moment, 2, 0.9, 0.95))
    hindsight = f"the version learned from what happened before {UNTIL}, also after the day that is asked for"
    for answer in (pair, product):
        assert (hindsight in answer.extrapolates_because) is said
        assert answer.extrapolates is bool(answer.extrapolates_because)


def test_a_pair_that_never_met_is_answered_with_that_said_alone_and_in_a_batch() -> None:
    """None was learned from: all pairs of a real shop's dead product together were told 400 pieces, without a word of that."""
    pairs = [Pair(account, product) for account in range(1, 41) for product in (7, 999)]
    told = "nothing is known of the account with this product: only pairs with an order, a view or a cart were learned from"
    met = {(account, product) for account in range(1, 41) for product in basis().features.products_of(account).tolist()}
    answers = answer_pairs(basis(), pairs).data
    assert [told in one.extrapolates_because for one in answers] == [pair not in met for pair in pairs]
    assert {told in one.extrapolates_because for one in answers} == {True, False}
    for one, alone in zip(answers, (explain_pairs(basis(), [pair])[0] for pair in pairs[:6]), strict=False):
        assert alone.extrapolates_because == one.extrapolates_because
        assert alone.beyond == one.beyond
    assert not any(told in one.extrapolates_because for one in probable_products(basis(), 7, 20)[0])
