"""What a model has seen, and whether a row lies outside of it, in words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ordercast.services.shared.demand.activity import positions
from ordercast.services.shared.demand.conformal import Floats, Ints
from ordercast.services.shared.demand.feature_list import Feature

# A value that so few of the rows exceed (one in ten thousand, and none of fewer) is not what a model can have learned from.
RARE_SHARE: Final = 10_000
# Counts, days, quantities and prices grow from day to day: up to twice the most seen is no other world.
MARGIN: Final = float(np.log(2))


@dataclass(frozen=True, slots=True)
class Seen:
    """The lowest and highest value of each feature in the rows learned from, and the products in them, sorted."""

    low: Floats
    high: Floats
    products: Ints


def seen_in(values: Floats, product_ids: Ints) -> Seen:
    """From the rows learned from, [rows, features]; the rarest values do not count.

    Raises:
        ValueError: there is no row.
    """
    if not len(values):
        raise ValueError("nothing has been seen: there is no row")
    rare = len(values) // RARE_SHARE
    ordered = np.partition(values, (rare, len(values) - 1 - rare), axis=0)
    return Seen(ordered[rare], ordered[len(values) - 1 - rare], np.unique(product_ids))


def outside(seen: Seen, features: Sequence[Feature], values: Floats, product_ids: Ints) -> list[tuple[str, ...]]:
    """By row, why what was learned says nothing about it; empty where it does.

    Flags, shares and the calendar lie within their bounds whatever happens, and are not looked at.
    """
    known = positions(seen.products, product_ids) >= 0
    reasons: list[list[str]] = [
        [] if there else [f"product {product} was not in what was learned from"]
        for there, product in zip(known, product_ids, strict=True)
    ]
    grows = np.array([feature.kind.startswith("log") for feature in features])
    more, less = (values > seen.high + MARGIN) & grows, (values < seen.low - MARGIN) & grows
    for row, place in np.argwhere(more | less).tolist():
        bound, words = (seen.high, ("more", "most")) if more[row, place] else (seen.low, ("less", "least"))
        reasons[row].append(_in_words(features[place], float(values[row, place]), float(bound[place]), *words))
    return [tuple(row) for row in reasons]


def _in_words(feature: Feature, value: float, bound: float, more: str, most: str) -> str:
    said, known = _plain(feature, value), _plain(feature, bound)
    return f"{feature.name} is {said}, far {more} than the {most} that was seen, {known}"


def _plain(feature: Feature, value: float) -> str:
    """In the unit before the logarithm."""
    number = math.exp(value) if feature.kind == "log ratio" else math.expm1(value)
    return f"{number:,.3g}" if abs(number) < 100 else f"{number:,.0f}"
