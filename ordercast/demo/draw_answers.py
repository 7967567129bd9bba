"""The two pictures of the demo: what pairs will order, and a product's weeks, beside what is true and what came."""

from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, ScalarFormatter

from ordercast.demo.demand_steps import BASELINE, DEMAND, AskedPairs, AskedProducts
from ordercast.demo.draw_predictions import BLUE, GREEN, GREY, ORANGE
from ordercast.demo.market_steps import WEEKS_ASKED, Ints, SentMarket

# Pairs in the picture: more would not be told apart at the width of a page.
PAIRS_SHOWN: Final = 48
# Of the pairs, those that order next to nothing all look alike.
LEAST_SHOWN: Final = 0.1
PRODUCTS_SHOWN: Final = 3
WEEKS_BEFORE: Final = 30
TRUTH_LABEL: Final = "the truth: mean of all that may come"
# An interval of one number is drawn this high (pieces), so that it is seen.
LEAST_HEIGHT: Final = 0.06
TICKS: Final = (0, 1, 2, 5, 10, 20, 50, 100, 200)


def draw_pairs(path: Path, sent: SentMarket, found: AskedPairs) -> None:
    """Writes a PNG: what `demand` says of pairs, and what `baseline` says of the same ones.

    Raises:
        OSError: the file cannot be written.
    """
    shown = _spread_out(found)
    figure = Figure(figsize=(12, 6.4), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.2, 1))
    place = np.arange(len(shown))
    intervals = [found.answers[one].interval for one in shown.tolist()]
    low, high = (np.array([getattr(one, side) for one in intervals], float) for side in ("low", "high"))
    height = np.maximum(high - low, LEAST_HEIGHT)
    left.bar(
        place, height, bottom=low, width=0.7, color=BLUE, alpha=0.25, linewidth=0, label="interval for 90 %, by demand"
    )
    left.plot(place, found.expected[shown], "o", color=BLUE, markersize=6, label="expected, by demand")
    right.plot(place, found.baseline[shown], "s", color=ORANGE, markersize=6, label="said by baseline")
    over = {one.name: one.over_floor for one in found.standing}
    for axes, name, answer in ((left, "demand", DEMAND), (right, "baseline", BASELINE)):
        axes.step(place, found.truth[shown], where="mid", color=GREEN, linewidth=2, label=TRUTH_LABEL)
        axes.plot(place, found.pairs.ordered[shown], "x", color="black", markersize=5, label="ordered afterwards")
        axes.set_title(f"{name}: {over[answer]:,.0%} over the noise floor", loc="left", fontsize=13)
        axes.set_xticks([])
        axes.set_xlabel("each column: one account and one product, by the truth")
        axes.grid(alpha=0.25, axis="y")
    left.set_yscale("symlog", linthresh=1, linscale=0.7)
    left.yaxis.set_major_locator(FixedLocator(TICKS))
    left.yaxis.set_major_formatter(ScalarFormatter())
    most = max(found.truth[shown].max(), high.max(), found.baseline[shown].max(), found.pairs.ordered[shown].max())
    left.set_ylim(-0.15, 1.3 * most)
    left.set_ylabel("pieces in 28 days")
    _legend_below(figure, left, right)
    figure.suptitle(f"What will an account order of a product in the 28 days from {sent.moment} on?", fontsize=15)
    figure.savefig(path)


def _legend_below(figure: Figure, *drawn: Axes) -> None:
    """One legend for all, under them."""
    named = {label: handle for axes in drawn for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=3, fontsize=11)


def _spread_out(found: AskedPairs) -> Ints:
    """The places of pairs from the least to the most wanted, evenly on a scale of logarithms."""
    order = np.argsort(found.truth)
    order = order[found.truth[order] >= LEAST_SHOWN]
    if len(order) <= PAIRS_SHOWN:
        return order
    logs = np.log(found.truth[order])
    places = np.searchsorted(logs, np.linspace(logs[0], logs[-1], PAIRS_SHOWN)).clip(0, len(order) - 1)
    return np.asarray(order[np.unique(places)], np.int64)


def draw_weeks(path: Path, sent: SentMarket, found: AskedProducts) -> None:
    """Writes a PNG: the weeks of the products that were ordered most before.

    Raises:
        OSError: the file cannot be written.
    """
    before = found.ordered[:, : sent.first_week].sum(axis=1)
    chosen = sorted(found.forecasts, key=lambda product: -before[product])[:PRODUCTS_SHOWN]
    figure = Figure(figsize=(12, 2.6 * len(chosen) + 1.4), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    rows = figure.subplots(len(chosen), 1, sharex=True, squeeze=False)[:, 0]
    for axes, product in zip(rows, chosen, strict=True):
        _draw_product(axes, sent, found, product)
    rows[-1].set_xlabel(f"weeks before and after {sent.moment}, the day from which on the forecast knew nothing")
    _legend_below(figure, rows[0])
    figure.suptitle("Pieces of a product by week: what came, and what was forecast", fontsize=15)
    figure.savefig(path)


def _draw_product(axes: Axes, sent: SentMarket, found: AskedProducts, product: int) -> None:
    forecast, week = found.forecasts[product], sent.first_week
    weeks = np.arange(-WEEKS_BEFORE, WEEKS_ASKED)
    ordered = found.ordered[product, week + weeks]
    ahead, known = weeks[WEEKS_BEFORE:], weeks[:WEEKS_BEFORE]
    low, high = (np.array([getattr(one, side) for one in forecast.weeks], float) for side in ("low", "high"))
    interval = "interval that holds 9 of 10 weeks"
    axes.bar(ahead, high - low, bottom=low, width=1, color=BLUE, alpha=0.2, linewidth=0, label=interval)
    axes.plot(ahead, [one.expected for one in forecast.weeks], color=BLUE, linewidth=2.5, label="forecast by demand")
    axes.plot(weeks, found.truth[product, week + weeks], color=GREEN, linestyle=":", linewidth=2, label=TRUTH_LABEL)
    axes.plot(known, ordered[:WEEKS_BEFORE], "o", color=GREY, markersize=4, label="ordered before")
    axes.plot(ahead, ordered[WEEKS_BEFORE:], "x", color="black", markersize=6, label="ordered afterwards")
    axes.axvline(-0.5, color=GREY, linestyle="--", linewidth=1)
    said, came = forecast.expected, ordered[WEEKS_BEFORE:].sum()
    title = f"{forecast.sku}: {said:.0f} pieces forecast for {WEEKS_ASKED} weeks, {came:.0f} came"
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_ylabel("pieces a week")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
