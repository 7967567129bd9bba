"""What is true of a simulated shop. The file of it has the fields below, as JSON; everything that happens follows from them.

An account comes back to a product again and again. Such an *occasion* begins with 1 to 12 views; some put the product into the
cart, and of those some buy. For a pair of account and product in week w (from 0; week 52 is the first after the history):

    occasions(pair, w)  ~ Poisson(account.visits * habit_visits (if it is a habit) * factor(product, w))
    factor(product, w)  = level * exp(trend * (w / 52 - 1/2) + season * cos(2 pi (w - peak_week) / 52)), 0 while it is not sold
    views               ~ habit_views or browsing_views: the probabilities of 1, 2, ... 12
    P(buys | views)     = buys_after_views, which is P(cart | views) * buys_after_cart: nobody buys without a cart
    pieces              ~ 1 + negative binomial(mean extra_pieces * quantity_factor, variance mean + mean^2 / quantity_shape)

An order is cancelled with probability `cancelled_share`, in whole. Huge orders come on top of this and are in no expectation.
"""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

WEEKS: Final = 52
# Weeks that anybody may be asked for after the last one.
WEEKS_AFTER: Final = 8

Floats: TypeAlias = npt.NDArray[np.float64]


class Product(msgspec.Struct, frozen=True):
    """Sold from `first_week` to before `end_week`. `extra_pieces`: those beyond the first, for an account with the factor 1."""

    sku: str
    name: str
    price: Decimal
    level: float
    trend: float
    season: float
    peak_week: float
    first_week: int
    end_week: int
    extra_pieces: float


class Account(msgspec.Struct, frozen=True):
    """`visits`: occasions a week for each of its products; `quantity_factor` multiplies the pieces beyond the first."""

    account_ref: str
    visits: float
    quantity_factor: float


class Pair(msgspec.Struct, frozen=True, array_like=True):
    """Indices into accounts and products, and whether it is a habit: three values in a list in the file."""

    account: int
    product: int
    habit: bool


class HugeOrder(msgspec.Struct, frozen=True):
    """An order that nobody could expect. `cancelled_after_s`: seconds until it was taken back, None if it was kept."""

    account: int
    product: int
    pieces: int
    day: int
    cancelled_after_s: int | None


class Market(msgspec.Struct, frozen=True):
    """`until`: the history is the 52 weeks before this day (UTC)."""

    seed: int
    until: date
    habit_visits: float
    habit_views: list[float]
    browsing_views: list[float]
    buys_after_views: list[float]
    buys_after_cart: float
    cancelled_share: float
    quantity_shape: float
    products: list[Product]
    accounts: list[Account]
    pairs: list[Pair]
    huge_orders: list[HugeOrder]


def write_market(path: Path, market: Market) -> None:
    """Raises OSError if the file cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(market))


def read_market(path: Path) -> Market:
    """
    Raises:
        OSError: the file cannot be read.
        msgspec.ValidationError: it holds something else.
    """
    return msgspec.json.decode(path.read_bytes(), type=Market)


def product_factors(market: Market, weeks: int = WEEKS + WEEKS_AFTER) -> Floats:
    """(products, weeks): how many times as often as at level 1 a product is looked at."""
    products = market.products
    week = np.arange(weeks)
    level, trend, season, peak, first, end = (
        np.array([getattr(product, name) for product in products], dtype=float)[:, None]
        for name in ("level", "trend", "season", "peak_week", "first_week", "end_week")
    )
    waves = season * np.cos(2 * np.pi * (week - peak) / WEEKS)
    sold = (week >= first) & (week < end)
    factors: Floats = level * np.exp(trend * (week / WEEKS - 0.5) + waves) * sold
    return factors


def occasions(market: Market, weeks: int = WEEKS + WEEKS_AFTER) -> Floats:
    """(pairs, weeks): the expected number of occasions."""
    account, product, habit = pair_columns(market)
    visits = np.array([one.visits for one in market.accounts])[account] * np.where(habit, market.habit_visits, 1.0)
    rates: Floats = visits[:, None] * product_factors(market, weeks)[product]
    return rates


def kept_lines(market: Market, weeks: int = WEEKS + WEEKS_AFTER) -> Floats:
    """(pairs, weeks): the expected number of order lines that are not cancelled. The number is Poisson."""
    _, _, habit = pair_columns(market)
    habitual, browsing = (
        np.dot(views, market.buys_after_views) for views in (market.habit_views, market.browsing_views)
    )
    bought = np.where(habit, habitual, browsing)
    lines: Floats = occasions(market, weeks) * bought[:, None] * (1 - market.cancelled_share)
    return lines


def extra_pieces(market: Market) -> Floats:
    """(pairs,): the expected pieces of an order line beyond the first."""
    account, product, _ = pair_columns(market)
    extra = np.array([one.extra_pieces for one in market.products])[product]
    factor = np.array([one.quantity_factor for one in market.accounts])[account]
    pieces: Floats = extra * factor
    return pieces


def expected_pieces(market: Market, weeks: int = WEEKS + WEEKS_AFTER) -> Floats:
    """(pairs, weeks): the expected pieces, less those of cancelled orders. Summed over a product's pairs: the product's."""
    pieces: Floats = kept_lines(market, weeks) * (1 + extra_pieces(market))[:, None]
    return pieces


def pair_columns(market: Market) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Accounts, products and habits of the pairs."""
    columns = np.array([(pair.account, pair.product, pair.habit) for pair in market.pairs], dtype=np.int64).reshape(
        -1, 3
    )
    return columns[:, 0], columns[:, 1], columns[:, 2].astype(bool)
