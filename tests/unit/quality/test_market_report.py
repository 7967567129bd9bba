"""The picture of the simulated market."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from ordercast.contracts.demand_manifest import QUESTIONS
from ordercast.quality.market import JudgedMarket
from ordercast.quality.market_report import truth_figure


@pytest.mark.parametrize(("least", "most"), [(0.001, 7.0), (1.3, 16.0), (1.1, 38.0), (2.0, 9.0), (0.5, 400.0)])
def test_no_label_of_an_axis_stands_over_another(least: float, most: float) -> None:
    truth = dict.fromkeys(QUESTIONS, np.geomspace(least, most, 999))
    figure = truth_figure(JudgedMarket({}, truth, truth, {}))
    canvas: Any = figure.canvas
    canvas.draw()
    renderer = canvas.get_renderer()
    for axes in figure.axes:
        for axis, side in ((axes.xaxis, "x"), (axes.yaxis, "y")):
            low, high = axis.get_view_interval()
            shown = [
                tick.label1
                for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
                if tick.label1.get_text() and low <= tick.get_loc() <= high
            ]
            boxes = sorted(
                (box.x0, box.x1) if side == "x" else (box.y0, box.y1)
                for box in (one.get_window_extent(renderer) for one in shown)
            )
            assert len(boxes) >= 2
            assert all(before[1] < after[0] for before, after in pairwise(boxes))
