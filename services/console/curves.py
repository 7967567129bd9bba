"""Small curves within a line of a table, as the points of an SVG."""

from collections.abc import Sequence
from typing import Final

# Pixels that stay free above and below, so that the line's width is not cut off.
_MARGIN: Final = 2


def points(
    values: Sequence[float], width: int, height: int, *, most: float | None = None, first: int = 0, count: int = 0
) -> str:
    """The `points` of a polyline from 0 at the bottom to `most` (the highest value, if not given) at the top. The values begin at
    the place `first` of `count` along the width: curves of one picture share these."""
    top = max(most if most is not None else max(values, default=0.0), 1e-9)
    step = width / max((count or len(values)) - 1, 1)
    usable = height - 2 * _MARGIN
    return " ".join(
        f"{(first + place) * step:.1f},{height - _MARGIN - usable * max(value, 0.0) / top:.1f}"
        for place, value in enumerate(values)
    )


def trend(values: Sequence[tuple[float, float]], width: int, height: int, span_s: float) -> str:
    """The same of (seconds before now, value): the last `span_s` are the width."""
    top = max(max((value for _, value in values), default=0.0), 1e-9)
    usable = height - 2 * _MARGIN
    return " ".join(
        f"{width * (1 + at_s / span_s):.1f},{height - _MARGIN - usable * max(value, 0.0) / top:.1f}"
        for at_s, value in values
    )
