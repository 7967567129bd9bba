"""The section on the simulated market: tables in Markdown, and the picture of truth against prediction."""

from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ordercast.contracts.demand_manifest import QUESTIONS, Question
from ordercast.demo.draw_predictions import BLUE, GREY
from ordercast.quality.market import ATTAINABLE, FEWEST_IN_GROUP, SERVED, SHOWN, TRUTH, Group, JudgedMarket
from ordercast.quality.questions import Answered
from ordercast.quality.report import section, table

NAMES: Final[dict[Question, str]] = {
    "pair": "A pair within 28 days",
    "line": "An order line",
    "product": "A product by week, 1 to 8 weeks ahead",
}
COVERED: Final = {
    "pair": "new pairs within 28 days",
    "line": "lines of new pairs",
    "week": "products by week",
}
# Of 90 %: no group is to hold less.
LEAST_SHARE: Final = 0.87
WORDS: Final = """
A shop of which everything is known (`ordercast/sample/market/parameters.py`): products with levels, trends and seasons, accounts
with habits, views and carts before orders, a few huge orders. Every second account is the shop that `demand` learned from, as the
service trains it, until eight weeks before the end; these weeks are judged. "The truth itself" answers what the simulation
expects: how far that is from what came is noise, which nobody can foresee. "Boosting that was shown the truth" learned from these
expectations in place of orders: what it lacks against the truth, the features do not tell. "Knows how it is simulated, and the
data" fits level, trend, season and end of each product to its visits so far, and knows what these are drawn from
(`ordercast/quality/attainable.py`): about as far as one gets by a year of data. "Demand, as it is served" are ten
networks, for products by week blended with boosted trees. An account has ordered too seldom to
show its habits, and a year shows no season twice.
"""


def market_section(judged: JudgedMarket, picture: str) -> str:
    """Everything in words and tables; `picture` is its path as the document names it."""
    parts = [WORDS.strip()]
    for question in QUESTIONS:
        answered = judged.answered[question]
        parts += [section(f"{NAMES[question]}, on the simulated market", answered), _distance(answered)]
    parts += [
        "### Truth and prediction",
        f"![Expected pieces, true and predicted]({picture})",
        "### Intervals on the simulated market",
        "For 90 %, in whole pieces, as the version that was trained answers them, of weeks that it was not calibrated on. New "
        "pairs are those of the accounts that it knows nothing of. Where an order is unlikely, no pieces hold more than 90 %. "
        f"Groups of fewer than {FEWEST_IN_GROUP} rows are left out.",
        *(_intervals(COVERED[kind], groups) for kind, groups in judged.covered.items()),
    ]
    return "\n\n".join(parts)


def _distance(answered: Answered) -> str:
    """How far `demand` is from the truth, and from what the features tell."""
    deviance = {one.name: one.scores.deviance for one in answered.opponents}
    own = deviance[SERVED]
    against = [f"{own / deviance[TRUTH] - 1:+.1%} against the truth"]
    if ATTAINABLE in deviance:
        best_known = f"{deviance[ATTAINABLE] / deviance[TRUTH] - 1:+.1%}"
        against.append(f"where {best_known} is what whoever knows the simulation reaches by the data")
    if SHOWN in deviance:
        against.append(f"{own / deviance[SHOWN] - 1:+.1%} against what the features can tell")
        others = {name: value for name, value in deviance.items() if name not in (TRUTH, ATTAINABLE, SHOWN, SERVED)}
        best = min(others, key=others.__getitem__)
        against.append(f"{own / others[best] - 1:+.1%} against the best other answer ({best})")
    return f"Deviance of `demand`: {', '.join(against)}."


def _intervals(name: str, groups: tuple[Group, ...]) -> str:
    rows = [(group.name, f"{group.rows:,}", f"{group.share:.1%}", f"{group.width:g}") for group in groups]
    low = [f"{group.name} ({group.share:.1%})" for group in groups if group.share < LEAST_SHARE]
    least = (
        f"less than {LEAST_SHARE:.0%} hold: {', '.join(low)}" if low else f"every group holds {LEAST_SHARE:.0%} or more"
    )
    return f"{table((name, 'count', 'held', 'width'), rows)}\n\nOf {name}, {least}."


def draw_truth(path: Path, judged: JudgedMarket) -> None:
    """Writes a PNG: each pair's and each product's week, expected against predicted.

    Raises OSError if the file cannot be written.
    """
    truth_figure(judged).savefig(path)


def truth_figure(judged: JudgedMarket) -> Figure:
    figure = Figure(figsize=(12, 4.2), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    for axes, question in zip(figure.subplots(1, len(QUESTIONS)), QUESTIONS, strict=True):
        truth, said = judged.truth[question], judged.said[question]
        some = truth > 0  # of a product that is sold no more nothing is expected
        ends = np.quantile(truth[some], (0.005, 0.9995))
        axes.plot(ends, ends, color=GREY, linestyle="--", label="prediction = truth")
        axes.plot(truth[some], said[some], ".", color=BLUE, markersize=2, alpha=0.25)
        axes.set(xscale="log", yscale="log", xlim=ends, ylim=(ends[0] / 2, ends[1] * 2), title=NAMES[question])
        axes.set_xlabel("expected pieces, as the simulation has it")
        for axis in (axes.xaxis, axes.yaxis):
            _label_in_pieces(axis)
        axes.grid(alpha=0.25)
    figure.axes[0].set_ylabel("expected pieces, as predicted")
    figure.axes[0].legend(loc="upper left")
    return figure


def _label_in_pieces(axis: Axis) -> None:
    """As numbers, and few enough to stand beside each other: over less than three decades also 2 and 5 of each."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1_000 * low else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
