"""The picture of a model: predicted quantity over view count, the ensemble's band, and the data behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ordercast.client.model_answers import Prediction
from ordercast.sample.make_sample import VIEWS_MAX, VIEWS_MIN, signal_curve

# Colours that stay apart for colour-blind readers (Okabe and Ito, 2008).
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREEN: Final = "#009E73"
GREY: Final = "#8C8C8C"
# Quantities are whole numbers: moved up and down by up to this much, points do not hide each other.
JITTER: Final = 0.25


@dataclass(frozen=True, slots=True)
class Point:
    """A row that a model learned from; `group` names the sample it belongs to."""

    view_count: int
    quantity: int
    group: str


def draw_predictions(path: Path, predictions: Sequence[Prediction], points: Sequence[Point]) -> None:
    """Writes a PNG. `predictions` stand in rising order of their view counts.

    Raises:
        OSError: the file cannot be written.
    """
    figure = Figure(figsize=(12, 6), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    axes: Axes = figure.add_subplot()
    _draw_data(axes, points)
    _draw_baselines(axes, points)
    _draw_model(axes, predictions)
    if any(point.group == "signal sample" for point in points):
        views = np.linspace(VIEWS_MIN, VIEWS_MAX, 200)
        curve = [signal_curve(view) for view in views]
        axes.plot(views, curve, color=GREEN, linestyle=":", linewidth=2, label="the curve behind the signal sample")
    axes.set_xlabel("views of the product by the account")
    axes.set_ylabel(f"quantity of the first order (dots are moved by up to {JITTER:g}, so that none hides another)")
    axes.set_title(f"Predicted quantity over view count, model {predictions[0].model_version}")
    axes.set_ylim(0, 11)
    axes.grid(alpha=0.25)
    figure.legend(loc="outside right upper", markerscale=4)  # beside the data, which fills the plot
    figure.savefig(path)


def _draw_data(axes: Axes, points: Sequence[Point]) -> None:
    random = np.random.default_rng(0)
    for group, colour in zip(sorted({point.group for point in points}), (BLUE, GREY, "black"), strict=False):
        views, quantities = _columns([point for point in points if point.group == group])
        moved = quantities + random.uniform(-JITTER, JITTER, len(quantities))
        axes.scatter(views, moved, s=6, alpha=0.35, color=colour, linewidths=0, label=f"{group}: {len(views):,} pairs")


def _draw_baselines(axes: Axes, points: Sequence[Point]) -> None:
    views, quantities = _columns(points)
    mean = float(quantities.mean())
    axes.axhline(mean, color="black", linewidth=1, linestyle="--", label=f"the mean ({mean:.2f})")
    slope, height = np.polyfit(views, quantities, 1)
    ends = np.array([views.min(), views.max()])
    axes.plot(ends, height + slope * ends, color="black", linewidth=1, label="the straight line (least squares)")


def _draw_model(axes: Axes, predictions: Sequence[Prediction]) -> None:
    views = [prediction.view_count for prediction in predictions]
    quantity = np.array([prediction.quantity for prediction in predictions])
    spread = np.array([prediction.spread for prediction in predictions])
    lowest = [min(prediction.members) for prediction in predictions]
    highest = [max(prediction.members) for prediction in predictions]
    axes.fill_between(views, lowest, highest, color=ORANGE, alpha=0.10, label="lowest to highest member")
    axes.fill_between(views, quantity - spread, quantity + spread, color=ORANGE, alpha=0.25, label="± 1 spread")
    axes.plot(views, quantity, color=ORANGE, linewidth=2.5, label="the ensemble (mean of its members)")


def _columns(points: Sequence[Point]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    views = np.array([point.view_count for point in points], dtype=np.float64)
    return views, np.array([point.quantity for point in points], dtype=np.float64)
