"""The noise floor is the deviance that the truth reaches on the average: as drawn numbers say, too."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.noise_floor import pair_noise_floor, product_noise_floor, product_quantiles
from ordercast.sample.market.parameters import Floats, expected_pieces, extra_pieces, kept_lines, write_market

MARKET = make_market(2, date(2026, 3, 1), accounts=30, products=4)
DRAWS = 3_000


def deviance(target: Floats, mean: Floats) -> Floats:
    logs = target * np.log(np.where(target > 0, target, 1) / np.where(mean > 0, mean, 1))
    result: Floats = 2 * (logs - target + mean)
    return result


def drawn_pieces(lines: Floats) -> Floats:
    """(draws, pairs): pieces drawn line by line, as the description of the parameters has it."""
    random = np.random.default_rng(0)
    count = random.poisson(lines, (DRAWS, len(lines)))
    shape = MARKET.quantity_shape
    # A sum of n negative binomials of shape s and mean m has the shape n s and the mean n m.
    extra = random.poisson(random.gamma(shape * count, np.broadcast_to(extra_pieces(MARKET) / shape, count.shape)))
    pieces: Floats = (count + extra).astype(float)
    return pieces


@pytest.mark.parametrize("clip", [np.inf, 5])
def test_the_floor_of_pairs_is_the_mean_deviance_of_drawn_pieces(clip: float) -> None:
    expected = expected_pieces(MARKET)[:, 48:52].sum(axis=1)
    drawn = drawn_pieces(kept_lines(MARKET)[:, 48:52].sum(axis=1))
    seen = deviance(np.minimum(drawn, clip), expected).mean(axis=1)
    floor = pair_noise_floor(MARKET, 48, 52, clip=clip)
    assert floor.shape == expected.shape
    assert floor.mean() == pytest.approx(seen.mean(), abs=4 * seen.std() / np.sqrt(DRAWS))


@pytest.mark.parametrize("clip", [np.inf, 5])
def test_the_floor_of_a_products_week_is_the_mean_deviance_of_drawn_pieces(clip: float) -> None:
    floor = product_noise_floor(MARKET, 30, 32, clip=clip)
    assert floor.shape == (4, 2)
    for product in range(4):
        pairs = np.array([pair.product == product for pair in MARKET.pairs])
        expected = expected_pieces(MARKET)[pairs, 31].sum()
        drawn = drawn_pieces(kept_lines(MARKET)[:, 31])[:, pairs].sum(axis=1)
        seen = deviance(np.minimum(drawn, clip), expected)
        assert floor[product, 1] == pytest.approx(seen.mean(), abs=4 * seen.std() / np.sqrt(DRAWS) + 1e-9)


def test_a_product_that_is_not_sold_is_known_exactly() -> None:
    long_ago = product_noise_floor(MARKET, 600, 601)
    assert long_ago == pytest.approx(np.zeros((4, 1)))


def test_quantiles_of_a_product_are_those_of_drawn_pieces() -> None:
    levels = (0.05, 0.5, 0.95)
    lines = kept_lines(MARKET)
    for product in range(4):
        pairs = np.array([pair.product == product for pair in MARKET.pairs])
        drawn = drawn_pieces(lines[:, 31])[:, pairs].sum(axis=1)
        for level, quantile in zip(levels, product_quantiles(MARKET, product, 32, levels)[:, 31], strict=True):
            assert (drawn < quantile).mean() <= level + 0.02
            assert (drawn <= quantile).mean() >= level - 0.02


def test_the_example_of_the_page_about_samples_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen: it lacked an import."""
    page = (Path(__file__).parents[4] / "docs/samples.md").read_text()
    _, _, after = page.partition("In Python, with")
    example = "\n".join(line[4:] for line in after.partition("The noise floor")[0].splitlines()[1:])
    monkeypatch.chdir(tmp_path)
    write_market(Path("out/market_1.json"), MARKET)
    found: dict[str, Any] = {}
    exec(example, found)  # noqa: S102 - our own page
    assert found["pieces"].shape == (len(MARKET.pairs), 60)
    assert found["weeks"].shape == (len(MARKET.products), 4)
    assert found["pairs"].shape == (len(MARKET.pairs),)
