"""The pictures and tables can be made of whatever was answered; what pictures show is for eyes, and was looked at."""

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from ordercast.client.demand_answers import Forecast, ForecastWeek, Interval, PairNumbers, QuantityIfOrdered
from ordercast.demo.closing_words import Shown, closing_words
from ordercast.demo.demand_steps import BASELINE, DEMAND, AskedPairs, AskedProducts, write_forecasts, write_pairs
from ordercast.demo.draw_answers import draw_pairs, draw_weeks
from ordercast.demo.judge_answers import standings
from ordercast.demo.market_steps import SentMarket, known_pairs, true_of_pairs, true_of_products
from ordercast.infra.local.state import ProcessRecord, StateFolder
from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.parameters import extra_pieces
from ordercast.sample.market.simulate import simulate
from ordercast.system.remote import remote_system
from ordercast.system.target import LocalSystem
from tests.support.system_info import system_info

PNG = b"\x89PNG\r\n\x1a\n"
WEEK = 44


def sent_market(accounts: int, products: int) -> SentMarket:
    history = simulate(make_market(1, date(2026, 11, 1), accounts=accounts, products=products))
    return SentMarket(history, np.arange(accounts), np.arange(products))


def pair_numbers(expected: float) -> PairNumbers:
    return PairNumbers(
        account_id=1,
        product_id=2,
        order_probability=0.2,
        quantity_if_ordered=QuantityIfOrdered(4.0, 3.0),
        expected_quantity=expected,
        interval=Interval(0, int(3 * expected), 0.9),
        next_line_quantity=3.0,
        extrapolates=False,
        extrapolates_because=[],
        beyond=[],
    )


def asked_pairs(sent: SentMarket) -> AskedPairs:
    pairs = known_pairs(sent.history, WEEK)
    truth = true_of_pairs(sent.history, WEEK)[pairs.pair]
    baseline = np.full(len(truth), 4.5)
    standing = standings(truth, truth + 1, {DEMAND: 1.1 * truth, "the same for all": 2 * truth, BASELINE: baseline})
    answers = [pair_numbers(1.1 * one) for one in truth.tolist()]
    return AskedPairs(pairs, answers, baseline, truth, 1 + extra_pieces(sent.history.market)[pairs.pair], standing)


def asked_products(sent: SentMarket) -> AskedProducts:
    truth, products = true_of_products(sent.history), range(len(sent.product_ids))
    weeks = [ForecastWeek(sent.moment + timedelta(weeks=week), 5.0, 2, 9) for week in range(8)]
    forecasts = {product: Forecast(product, f"p{product}", 40.0, 60, weeks, False, []) for product in products}
    ordered = np.array([sent.history.kept_pieces(product) for product in products], float)
    standing = standings(truth[:, WEEK], np.ones(len(truth)), {DEMAND: truth[:, WEEK], "the last week": truth[:, WEEK]})
    return AskedProducts(forecasts, truth, ordered, standing)


@pytest.mark.parametrize(("accounts", "products"), [(3, 1), (60, 20)])
def test_pictures_are_drawn_of_any_market(tmp_path: Path, accounts: int, products: int) -> None:
    sent = sent_market(accounts, products)
    draw_pairs(tmp_path / "pairs.png", sent, asked_pairs(sent))
    draw_weeks(tmp_path / "weeks.png", sent, asked_products(sent))
    for picture in ("pairs.png", "weeks.png"):
        assert (tmp_path / picture).read_bytes().startswith(PNG)


def test_tables_have_a_line_for_each_pair_and_for_each_week_of_a_product(tmp_path: Path) -> None:
    sent = sent_market(10, 4)
    pairs, products = asked_pairs(sent), asked_products(sent)
    write_pairs(tmp_path / "pairs.csv", pairs)
    write_forecasts(tmp_path / "weeks.csv", sent, products)
    [first, *_] = lines = list(csv.DictReader((tmp_path / "pairs.csv").read_text().splitlines()))
    assert len(lines) == len(pairs.answers)
    assert float(first["expected"]) == pytest.approx(1.1 * float(first["true"]), abs=1e-3)
    weeks = list(csv.DictReader((tmp_path / "weeks.csv").read_text().splitlines()))
    assert len(weeks) == 4 * 8
    assert [week["startsOn"] for week in weeks[:2]] == ["2026-09-06", "2026-09-13"]
    assert sum(int(week["ordered"]) for week in weeks) == products.ordered[:, WEEK:].sum()


def test_the_closing_words_name_every_distance_and_commands_for_this_system() -> None:
    sent = sent_market(60, 20)
    pairs = asked_pairs(sent)
    target = remote_system("http://127.0.0.1:8000", trainer=None, predictor=None)
    told = "\n".join(closing_words(Shown(sent, pairs, asked_products(sent)), target))
    for one in pairs.standing[1:]:
        assert f"{one.over_floor:.1%}" in told or f"{one.over_floor:,.0%}" in told
    assert "ordercast forecast --weeks 8 --as-of 2026-09-05 --against http://127.0.0.1:8000" in told


def test_the_closing_words_start_the_system_again_as_it_was_started(tmp_path: Path) -> None:
    sent = sent_market(60, 20)
    folder = StateFolder.at(tmp_path)
    target = LocalSystem(folder, system_info(folder, ProcessRecord(1, 1.0)))
    shown = Shown(sent, asked_pairs(sent), asked_products(sent))
    told = "\n".join(closing_words(shown, target))
    assert f"ordercast up --state {tmp_path} --port-offset 10 " in told
    assert f"ordercast models list --state {tmp_path}" in told
    assert "http://127.0.0.1:8015 " in told


def test_where_nothing_was_shown_nothing_is_said() -> None:
    assert closing_words(Shown(), remote_system("http://127.0.0.1:8000", trainer=None, predictor=None)) == []
