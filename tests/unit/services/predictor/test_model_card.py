"""A version's card: what stands in it, and that it is a page which runs nothing and asks nobody."""

import re
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from ordercast.contracts.demand_manifest import QUESTIONS
from ordercast.contracts.diagnostics import Curves, Diagnostics
from ordercast.services.predictor.card_charts import Series, chart
from ordercast.services.predictor.describe_models import AnyManifest
from ordercast.services.predictor.model_card import model_card
from tests.support.demand_versions import demand_version, with_trees
from tests.support.model_artifacts import judgement, write_model


def baseline(tmp_path: Path) -> AnyManifest:
    written = write_model(tmp_path, judgement=judgement("worse than the mean")).manifest
    curves = Curves((1, 2), ((2.0, 1.0),), ((2.5, 1.5),))
    return msgspec.structs.replace(written, diagnostics=Diagnostics(curves=curves, collapsed=(0,)))


@pytest.fixture(params=["demand", "baseline", "without tables"])
def manifest(request: pytest.FixtureRequest, tmp_path: Path) -> AnyManifest:
    if request.param == "baseline":
        return baseline(tmp_path)
    return demand_version()[0] if request.param == "demand" else demand_version(diagnostics={})[0]


def test_a_card_runs_nothing_and_names_no_other_host(manifest: AnyManifest) -> None:
    html = model_card(manifest).decode()
    assert "default-src 'none'" in html
    assert not re.search(r"<script|<link|<img|<iframe|\bon\w+=|https?://|\bstyle=|\burl\(", html)
    assert set(re.findall(r'\bhref="([^"]*)"', html)) == set()


def test_what_is_text_is_no_markup() -> None:
    html = model_card(demand_version(judgement="<script>alert(1)</script> & more")[0]).decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html
    assert "<script" not in html


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (
            0.25,
            "The mean is 25% that of 2 boosted trees, the rest the networks&#39; (chosen on 200 earlier held-out rows).",
        ),
        (0.0, "Boosted trees made the networks no better and have no share (chosen on 200 earlier held-out rows)."),
    ],
)
def test_a_card_says_how_much_of_the_answer_is_that_of_trees(weight: float, words: str) -> None:
    html = model_card(with_trees(demand_version(), weight)[0]).decode().replace("'", "&#39;")
    assert words in html
    assert "boosted trees" not in model_card(demand_version()[0]).decode()


def test_a_card_of_demand_shows_each_table_of_each_question() -> None:
    html = model_card(demand_version()[0]).decode()
    for words in (
        "2025-01-01 until 2026-01-01",
        "0" * 64,
        "rate so far",
        "+37.5%",
        "1 of 3 networks answer a constant: 3 (dashed).",
        "AUC 0.800",
        "product with under 20 order lines",
        "85.0%",
        "2025-12-04",
    ):
        assert words in html, words
    assert html.count('class="collapsed"') == 1
    assert html.count("Loss by epoch") == 2 * len(QUESTIONS)  # a caption and what a screen reader says
    assert html.count("share that ordered") == 2


def test_a_card_of_the_baseline_shows_its_networks(tmp_path: Path) -> None:
    html = model_card(baseline(tmp_path)).decode()
    assert "Loss on watched rows" in html
    assert "worse than the mean" in html


def test_a_chart_holds_all_points_and_leaves_out_what_is_no_number() -> None:
    points = [(0.0, -3.0), (5.0, 1e6), (7.0, float("nan")), (9.0, 2.0)]
    drawn = ElementTree.tostring(chart("t", "x", [Series("member", points, dots=True)]), encoding="unicode")
    circles = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.-]+)" cy="([\d.-]+)"', drawn)]
    assert len(circles) == 3
    assert all(46 <= x <= 350 and 10 <= y <= 186 for x, y in circles)
    assert "nan" not in drawn
    assert chart("t", "x", [Series("member", [(1.0, 1.0)])]) is not None
    assert chart("t", "x", []) is not None
