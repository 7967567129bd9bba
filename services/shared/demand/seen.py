"""What a model has seen, and whether a row lies outside of it, in words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from ordercast.contracts.because import Sentence, sentence
from ordercast.contracts.demand_manifest import MOST_WEEKS
from ordercast.services.shared.demand.activity import Bools, positions
from ordercast.services.shared.demand.conformal import Floats, Ints
from ordercast.services.shared.demand.feature_list import Feature, unknown

# A value that so few of the rows exceed (one in ten thousand, and none of fewer) is not what a model can have learned from.
RARE_SHARE: Final = 10_000
# A shop that is closed for longer is none that days without an order were learned from: more likely its history has ended.
MOST_SILENT_DAYS: Final = 28
# Counts, ages, quantities and prices grow from day to day: up to twice the most seen is no other world.
MARGIN: Final = float(np.log(2))
# Silence does not grow by itself: a pair, account or product that ordered is at 0 again. So no more days are let pass beyond the
# longest that was seen than lie between the last moment learned from and the end of the data: two horizons, or the weeks held out.
SILENCES: Final = "days_since_last"
WEEKS_HELD_OUT_DAYS: Final = 7 * MOST_WEEKS


@dataclass(frozen=True, slots=True)
class Seen:
    """The lowest and highest value of each feature in the rows learned from, whether "never" was among them, and the products in
    them, sorted.

    "Never" is no bound: a shop that had accounts without an order has not seen any whose last one is three years ago.
    """

    low: Floats
    high: Floats
    never: Bools
    products: Ints


def seen_in(features: Sequence[Feature], values: Floats, product_ids: Ints) -> Seen:
    """From the rows learned from, [rows, features]; the rarest values do not count.

    Raises:
        ValueError: there is no row.
    """
    if not len(values):
        raise ValueError("nothing has been seen: there is no row")
    rare = len(values) // RARE_SHARE
    bounds = [_bounds(feature, column, rare) for feature, column in zip(features, values.T, strict=True)]
    low, high, never = (np.array(column) for column in zip(*bounds, strict=True))
    return Seen(low, high, never, np.unique(product_ids))


def outside(
    seen: Seen,
    features: Sequence[Feature],
    values: Floats,
    product_ids: Ints,
    horizon_days: int,
    silent_days: int = 0,
) -> list[tuple[Sentence, ...]]:
    """By row, why what was learned says nothing about it; empty where it does.

    `horizon_days` are those of the training. `silent_days` are those before the moment of which nothing is known of the whole shop.
    Flags, shares and the calendar lie within their bounds whatever happens, and are not looked at.
    """
    known = positions(seen.products, product_ids) >= 0
    ended = [sentence("nothing-known-lately", days=silent_days)] if silent_days > MOST_SILENT_DAYS else []
    reasons: list[list[Sentence]] = [
        [*ended] if there else [*ended, sentence("product-not-learned", product=str(product))]
        for there, product in zip(known, product_ids, strict=True)
    ]
    grows, silence = _grow_and_are_silences(tuple(features))
    most = np.where(silence, np.log1p(np.expm1(seen.high) + silence_let_pass(horizon_days)), seen.high + MARGIN)
    never = values == unknown(features)
    more, less = (values > most) & grows & ~never, (values < seen.low - MARGIN) & grows & ~never
    new = never & ~seen.never
    for row, place in np.argwhere(more | less | new).tolist():
        if new[row, place]:
            reasons[row].append(sentence("never-not-seen", feature=features[place].name))
            continue
        bound, code = (seen.high, "far-more-than-seen") if more[row, place] else (seen.low, "far-less-than-seen")
        code = "silent-for-longer-than-seen" if silence[place] and more[row, place] else code
        reasons[row].append(_beyond(code, features[place], float(values[row, place]), float(bound[place])))
    return [tuple(row) for row in reasons]


@lru_cache(maxsize=64)
def _grow_and_are_silences(features: tuple[Feature, ...]) -> tuple[Bools, Bools]:
    grow, silences = (
        [feature.kind.startswith("log") for feature in features],
        [feature.name.endswith(SILENCES) for feature in features],
    )
    return np.array(grow), np.array(silences)


def silence_let_pass(horizon_days: int) -> int:
    """Days of a silence beyond the longest that was seen which are nothing new."""
    return max(2 * horizon_days, WEEKS_HELD_OUT_DAYS)


def _bounds(feature: Feature, column: Floats, rare: int) -> tuple[float, float, bool]:
    """The lowest and the highest value but for so many rows, and whether more than so many were "never"."""
    never = column == unknown([feature])
    known = np.sort(column[~never])
    if len(known) <= 2 * rare:  # nothing that is known has been seen
        return feature.high, feature.low, True
    return float(known[rare]), float(known[-1 - rare]), int(never.sum()) > rare


def _beyond(code: str, feature: Feature, value: float, bound: float) -> Sentence:
    return sentence(code, feature=feature.name, value=_plain(feature, value), seen=_plain(feature, bound))


def _plain(feature: Feature, value: float) -> float:
    """In the unit before the logarithm."""
    return math.exp(value) if feature.kind == "log ratio" else math.expm1(value)
