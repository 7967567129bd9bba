"""The picture of a simulated market: a few products' weeks, expected and as they came.

python -m ordercast.demo.draw_market docs/market_weeks.png
"""

import sys
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ordercast.demo.draw_predictions import BLUE, GREY, ORANGE
from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.noise_floor import product_quantiles
from ordercast.sample.market.parameters import WEEKS, WEEKS_AFTER, Market, expected_pieces, pair_columns
from ordercast.sample.market.simulate import History, simulate

BAND: Final = (0.05, 0.95)
# Of the committed picture: it must not change with the day.
SEED: Final = 1
UNTIL: Final = date(2026, 1, 1)


def draw_market(path: Path, history: History) -> None:
    """Writes a PNG: the product with the most pieces sold all year, of the new ones, and of those that end.

    Raises:
        OSError: the file cannot be written.
    """
    chosen = _chosen(history.market)
    figure = Figure(figsize=(12, 3 * len(chosen)), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    rows = figure.subplots(len(chosen), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (words, product) in zip(rows, chosen.items(), strict=True):
        _draw_weeks(axes, history, product)
        axes.set_title(f"{history.market.products[product].sku}: {words}", loc="left")
    rows[0].legend(loc="upper right", ncols=3)
    rows[-1].set_xlabel("week; the history ends at the dashed line")
    figure.savefig(path)


def _chosen(market: Market) -> dict[str, int]:
    """What there is to say of a product, and its place. A small market has not each kind."""
    _, product, _ = pair_columns(market)
    pieces = np.bincount(product, expected_pieces(market, WEEKS).sum(axis=1), minlength=len(market.products))
    kinds: dict[str, list[int]] = {"sold all year": [], "new": [], "ends": []}
    for place, one in enumerate(market.products):
        kinds["new" if one.first_week else "ends" if one.end_week < WEEKS else "sold all year"].append(place)
    return {words: max(places, key=lambda place: pieces[place]) for words, places in kinds.items() if places}


def _draw_weeks(axes: Axes, history: History, product: int) -> None:
    market, weeks = history.market, WEEKS + WEEKS_AFTER
    _, products, _ = pair_columns(market)
    expected = expected_pieces(market, weeks)[products == product].sum(axis=0)
    low, high = product_quantiles(market, product, weeks, BAND)
    axes.fill_between(np.arange(weeks), low, high, step="mid", color=GREY, alpha=0.3, label="90 % of all weeks")
    axes.plot(np.arange(weeks), expected, color=BLUE, label="expected")
    axes.plot(np.arange(WEEKS), history.kept_pieces(product), "o", color=ORANGE, markersize=4, label="ordered and kept")
    axes.axvline(WEEKS - 0.5, color=GREY, linestyle="--")
    axes.set_ylabel("pieces a week")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)


if __name__ == "__main__":
    draw_market(Path(sys.argv[1]), simulate(make_market(SEED, UNTIL)))
