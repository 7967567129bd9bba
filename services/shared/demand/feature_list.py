"""The features of a pair and of a product at a moment: one list each, in the order of the columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

import numpy as np

from ordercast.contracts.demand_forward import MOST_LOG_MEAN
from ordercast.services.shared.demand.activity import Floats

Kind = Literal["log count", "log days", "log quantity", "log price", "log ratio", "share", "flag", "calendar"]


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """One column, equal to itself alone: so what a list of them says is quickly found again.

    `log` is log(1 + x) of whole counts and of days; every value is held between `low` and `high`, but for the default, which stands
    for what is not known.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    default: float
    low: float
    high: float


# log(1 + 10**6): more of anything says no more.
_MOST: Final = 13.9
# Of pieces, ten thousand lines of the most that one may have.
_MOST_PIECES: Final = MOST_LOG_MEAN
# "Never", of days: longer ago than anything that ever happened.
_NEVER: Final = 8.21
# log(1 + 3676 days): more than ten years ago says no more, and is not never.
_LONG_AGO: Final = 8.2099


def _count(name: str, meaning: str, unit: str = "log(1 + n)") -> Feature:
    return Feature(name, "log count", unit, meaning, 0.0, 0.0, _MOST)


def _days(name: str, meaning: str, default: float = _NEVER) -> Feature:
    return Feature(name, "log days", "log(1 + days)", meaning, default, 0.0, _LONG_AGO)


def _quantity(name: str, meaning: str) -> Feature:
    return Feature(name, "log quantity", "log(1 + pieces)", meaning, 0.0, 0.0, _MOST_PIECES)


def _ratio(name: str, meaning: str) -> Feature:
    return Feature(name, "log ratio", "log", meaning, 0.0, -4.0, 4.0)


def _calendar(name: str, meaning: str) -> Feature:
    return Feature(name, "calendar", "1", meaning, 0.0, -1.0, 1.0)


CALENDAR: Final = (
    _calendar("weekday_sin", "sine of the moment's weekday"),
    _calendar("weekday_cos", "cosine of the moment's weekday"),
    _calendar("year_sin", "sine of the moment's day of the year"),
    _calendar("year_cos", "cosine of the moment's day of the year"),
)

# No input of networks: pairs of a shop that rests are not learned from (`closed_shop`).
SHOP_RESTS: Final = "shop_rests"

PAIR_FEATURES: Final[tuple[Feature, ...]] = (
    Feature("pair_known", "flag", "0 or 1", "the pair has an order, of which pieces are left", 0.0, 0.0, 1.0),
    _count("pair_orders", "days with an order of the pair"),
    _quantity("pair_pieces", "pieces that the pair ordered, without cancelled ones"),
    _days("pair_days_since_first", "days since the pair's first order"),
    _days("pair_days_since_last", "days since the pair's last order"),
    _quantity("pair_last_quantity", "pieces of the pair's last order"),
    _quantity("pair_mean_log_quantity", "mean of log(1 + pieces) of the pair's orders"),
    _quantity(
        "pair_level", "mean of log(1 + pieces) of the pair's orders, shrunken to what product and account let expect"
    ),
    _count("pair_views_7", "views of the pair in the last 7 days"),
    _count("pair_views_28", "views of the pair in the last 28 days"),
    _count("pair_views_90", "views of the pair in the last 90 days"),
    _count("pair_views_since_order", "views on days after the pair's last order, all without one"),
    _count("pair_carts_28", "times put into the cart in the last 28 days"),
    _count("pair_carts_since_order", "times put into the cart on days after the pair's last order"),
    _quantity("product_level", "the product's pieces a week by exponential smoothing"),
    _count("product_lines", "pair-days with an order of the product"),
    _count("product_lines_28", "pair-days with an order of the product in the last 28 days"),
    _count("product_accounts", "accounts that ordered the product"),
    _quantity("product_mean_log_quantity", "mean of log(1 + pieces) of the product's lines, shrunken to all"),
    _quantity(
        "product_mean_log_quantity_28",
        "mean of log(1 + pieces) of the product's lines of the last 28 days, shrunken to that of all days",
    ),
    Feature(
        "product_mean_price",
        "log price",
        "log(1 + price)",
        "price of a piece, geometric mean of the product's lines",
        0.0,
        0.0,
        _MOST,
    ),
    _ratio("product_price_ratio", "price on the product's last day with an order, against its mean price"),
    _days("product_age", "days since the product's first order", 0.0),
    _days("product_days_since_last", "days since the product's last order"),
    _count("product_views_28", "views of the product in the last 28 days"),
    _count("account_orders", "orders of the account"),
    _count("account_lines", "pair-days with an order of the account"),
    _count("account_products", "products that the account ordered"),
    _days("account_age", "days since the account's first order", 0.0),
    _days("account_days_since_last", "days since the account's last order"),
    _ratio("account_factor", "the account's log quantities against its products' means, shrunken to 0"),
    _ratio(
        "account_factor_60",
        "the account's log quantities of the last 60 days against its products' means, shrunken to those of all days",
    ),
    _count("account_views_28", "views of the account in the last 28 days"),
    _days(
        SHOP_RESTS,
        "days without an order of the whole shop, once it rests: all else but the calendar is as before them",
        0.0,
    ),
    *CALENDAR,
)

PRODUCT_FEATURES: Final[tuple[Feature, ...]] = (
    _quantity("level", "pieces a week by exponential smoothing"),
    _quantity(
        "visit_level",
        "pieces a week as visits let expect them: their level, times the pieces that came of one; without visits, the level",
    ),
    _quantity(
        "curve_level",
        "pieces a week: the mean of the visits' level and of what the next four weeks are if level, trend and season so far go on",
    ),
    *(_quantity(f"week_{ago}", f"pieces in the last week but {ago - 1}") for ago in range(1, 7)),
    *(_quantity(f"mean_{weeks}", f"mean pieces a week of the last {weeks} weeks") for weeks in (2, 4, 8, 13)),
    _quantity("mean_all", "mean pieces a week since the first order"),
    _quantity("median_8", "median pieces a week of the last 8 weeks"),
    _quantity("most_8", "most pieces a week of the last 8 weeks"),
    Feature("empty_8", "share", "share", "weeks without a piece, of the last 8", 1.0, 0.0, 1.0),
    _count("lines", "pair-days with an order"),
    _count("lines_7", "pair-days with an order in the last 7 days"),
    _count("lines_28", "pair-days with an order in the last 28 days"),
    _count("views_28", "views in the last 28 days"),
    _quantity("mean_log_quantity", "mean of log(1 + pieces) of its lines, shrunken to all"),
    Feature(
        "mean_price", "log price", "log(1 + price)", "price of a piece, geometric mean of its lines", 0.0, 0.0, _MOST
    ),
    _ratio("price_ratio", "price on its last day with an order, against the mean price"),
    _days("age", "days since the first order", 0.0),
    _days("days_since_last", "days since the last order"),
    _ratio("shop_week", "pieces of all products in the last week, against the mean of 8 weeks"),
    _ratio("shop_month", "pieces of all products in the last 4 weeks, against the mean since the first"),
    *CALENDAR,
)


def names(features: Sequence[Feature]) -> tuple[str, ...]:
    return _names(tuple(features))


def unknown(features: Sequence[Feature]) -> Floats:
    """By feature the value of "never", which is far from all others and says something else; not-a-number where there is none."""
    return _unknown(tuple(features))


# Asked for each answer, for which they would take as long as a layer of the networks.
@lru_cache(maxsize=64)
def _names(features: tuple[Feature, ...]) -> tuple[str, ...]:
    return tuple(feature.name for feature in features)


@lru_cache(maxsize=64)
def _unknown(features: tuple[Feature, ...]) -> Floats:
    never = [feature.default if feature.kind == "log days" and feature.default else np.nan for feature in features]
    return _read_only(np.array(never))


@lru_cache(maxsize=64)
def _default_low_high(features: tuple[Feature, ...]) -> Floats:
    return _read_only(np.array([(feature.default, feature.low, feature.high) for feature in features]).T)


def _read_only(array: Floats) -> Floats:
    array.flags.writeable = False
    return array


def matrix(features: Sequence[Feature], columns: Mapping[str, Floats | float], rows: int) -> Floats:
    """The columns [rows, features] in the order of the list; not-a-number is unknown and becomes the default.

    Raises:
        KeyError: a feature has no column.
    """
    values = np.empty((rows, len(features)))
    for place, feature in enumerate(features):
        values[:, place] = columns[feature.name]
    return held(features, values)


def held(features: Sequence[Feature], values: Floats) -> Floats:
    """The values [rows, features] themselves, within their bounds; not-a-number becomes the default."""
    default, low, high = _default_low_high(tuple(features))
    np.maximum(values, low, out=values)
    np.minimum(values, high, out=values)
    np.copyto(values, default, where=np.isnan(values))
    return values


@lru_cache(maxsize=8)
def as_before(features: tuple[Feature, ...]) -> tuple[Feature, ...]:
    """The list as versions up to `ordercast.demand/5` learned from it: ten years ago was never, and a million pieces the most."""
    high = {"log days": _NEVER, "log quantity": _MOST}
    return tuple(replace(feature, high=high.get(feature.kind, feature.high)) for feature in features)
