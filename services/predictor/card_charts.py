"""Charts of a card as inline SVG: lines and points between two axes."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from ordercast.services.predictor.card_page import element, number

# Size in the units of the drawing, of which a letter has about 11; margins for the numbers beside the axes.
WIDTH: Final = 360
HEIGHT: Final = 220
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 34
# Steps on an axis, about.
TICKS: Final = 4

Point = tuple[float, float]


class Series(NamedTuple):
    """Points in order of x. `style` is a class of the page's style; `points` draws them too, `title` is read over a line."""

    style: str
    points: Sequence[Point]
    dots: bool = False
    title: str = ""


def chart(title: str, x_label: str, series: Sequence[Series], *, from_zero: bool = False) -> Element:
    """A figure with its caption. Points that are no finite numbers are left out."""
    shown = [one._replace(points=[point for point in one.points if all(map(math.isfinite, point))]) for one in series]
    xs = [x for one in shown for x, _ in one.points] or [0.0, 1.0]
    ys = [y for one in shown for _, y in one.points] or [0.0, 1.0]
    x_ticks, y_ticks = _ticks(min(xs), max(xs)), _ticks(0.0 if from_zero else min(ys), max(ys))

    def place(x: float, y: float) -> Point:
        across = (x - x_ticks[0]) / (x_ticks[-1] - x_ticks[0])
        up = (y - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    svg = element("svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=title)
    for tick in y_ticks:
        x, y = place(x_ticks[0], tick)
        svg.append(element("path", class_="axis", d=f"M{x:.1f} {y:.1f}H{WIDTH - RIGHT}"))
        svg.append(element("text", number(tick), x=f"{LEFT - 5}", y=f"{y + 4:.1f}", text_anchor="end"))
    for tick in x_ticks:
        x, _ = place(tick, y_ticks[0])
        svg.append(element("text", number(tick), x=f"{x:.1f}", y=f"{HEIGHT - BOTTOM + 14}", text_anchor="middle"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    svg.append(element("text", x_label, x=f"{middle:.0f}", y=f"{HEIGHT - 5}", text_anchor="middle"))
    for one in shown:
        places = [place(x, y) for x, y in one.points]
        if len(places) > 1:
            path = element("path", class_=one.style, d="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places))
            if one.title:
                path.append(element("title", one.title))
            svg.append(path)
        if one.dots or len(places) == 1:
            svg.extend(element("circle", class_="point", cx=f"{x:.1f}", cy=f"{y:.1f}", r="3.5") for x, y in places)
    return element("figure", svg, element("figcaption", title))


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers that hold both ends."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{place * step:.10g}") for place in range(first, last + 1)]
