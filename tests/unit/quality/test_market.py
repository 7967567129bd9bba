"""The simulated market in short: a small shop, few networks and no learners, judged beside the truth."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from ordercast.contracts.demand_manifest import QUESTIONS
from ordercast.quality.market import (
    ATTAINABLE,
    SERVED,
    TRUTH,
    JudgedMarket,
    Shop,
    Truth,
    default_job,
    judge_market,
    later_rows,
    make_shop,
    trained_model,
)
from ordercast.quality.market_report import draw_truth, market_section
from ordercast.services.shared.demand.demand_model import DemandModel


@pytest.fixture(scope="module")
def shop() -> Shop:
    return make_shop(accounts=480, products=24)


@pytest.fixture(scope="module")
def model(shop: Shop) -> DemandModel:
    epochs: list[int] = []
    model = trained_model(shop, msgspec.structs.replace(default_job(), members=2, epochs=10), epochs.append)
    assert epochs == [1] * 10 * len(QUESTIONS)
    return model


@pytest.fixture(scope="module")
def judged(shop: Shop, model: DemandModel) -> JudgedMarket:
    return judge_market(shop, model, learners=False)


def test_what_came_is_what_the_truth_expects(shop: Shop) -> None:
    """Whatever the place of account, product and week: sums over many rows come close."""
    truth = Truth(shop.market)
    by_question = zip(QUESTIONS, (truth.pairs, truth.lines, truth.products), strict=True)
    for question, expected in by_question:
        rows = later_rows(question, shop.activity)
        usual = rows.target < 1_000
        assert expected(rows)[usual].sum() == pytest.approx(rows.target[usual].sum(), rel=0.12), question
    pairs = later_rows("pair", shop.activity)
    assert truth.order(pairs).mean() == pytest.approx((pairs.target > 0).mean(), rel=0.12)


def test_networks_lie_between_the_truth_and_the_naive_answers(judged: JudgedMarket) -> None:
    for question in QUESTIONS:
        deviance = {one.name: one.scores.deviance for one in judged.answered[question].opponents}
        assert deviance[TRUTH] == min(deviance.values())
        assert deviance[SERVED] < 0.75 * deviance["mean"]
        assert deviance[SERVED] < 1.5 * deviance[TRUTH]
    assert deviance[TRUTH] < deviance[ATTAINABLE] < min(deviance["exponential smoothing"], deviance["mean of 8 weeks"])


def test_intervals_hold_for_accounts_that_the_model_knows_nothing_of(judged: JudgedMarket) -> None:
    for kind, groups in judged.covered.items():
        assert groups[0].name == "all"
        assert groups[0].share > 0.85, kind


def test_the_section_has_its_tables_and_the_picture_is_drawn(judged: JudgedMarket, tmp_path: Path) -> None:
    text = market_section(judged, "docs/picture.png")
    assert "against the truth" in text
    assert "![Expected pieces, true and predicted](docs/picture.png)" in text
    assert all(np.isfinite(said).all() for said in judged.said.values())
    draw_truth(tmp_path / "picture.png", judged)
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
