"""Draws the parameters of a shop. The same arguments give the same shop."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np

from ordercast.sample.market.parameters import WEEKS, Account, HugeOrder, Market, Pair, Product

ACCOUNTS: Final = 1_000
PRODUCTS: Final = 60
# Of the accounts; the others look around and hardly ever order.
REGULARS_SHARE: Final = 0.25
# Of people who put a thing into the cart 55 % buy, of one view 1.4 %, of five views 12 % (a real shop's file of events).
BUYS_AFTER_CART: Final = 0.55
BUYS_AFTER_ONE: Final = 0.014
BUYS_AFTER_FIVE: Final = 0.12
VIEWS_MAX: Final = 12
# How much more often an account comes back for what it has the habit to buy, and how the views of an occasion fall off.
HABIT_VISITS: Final = 8.0
HABIT_FALL: Final = 0.85
BROWSING_FALL: Final = 0.4
CANCELLED_SHARE: Final = 0.03
QUANTITY_SHAPE: Final = 3.0
HUGE_ORDERS: Final = 4


def make_market(seed: int, until: date, *, accounts: int = ACCOUNTS, products: int = PRODUCTS) -> Market:
    """A shop whose year ends before `until`."""
    random = np.random.default_rng(seed)
    drawn = [_product(seed, number, random) for number in range(1, products + 1)]
    regulars = max(1, round(accounts * REGULARS_SHARE))
    return Market(
        seed=seed,
        until=until,
        habit_visits=HABIT_VISITS,
        habit_views=_falling(HABIT_FALL),
        browsing_views=_falling(BROWSING_FALL),
        buys_after_views=_buys_after_views(),
        buys_after_cart=BUYS_AFTER_CART,
        cancelled_share=CANCELLED_SHARE,
        quantity_shape=QUANTITY_SHAPE,
        products=drawn,
        accounts=[_account(seed, number, random) for number in range(1, accounts + 1)],
        pairs=[pair for account in range(accounts) for pair in _pairs(account, account < regulars, products, random)],
        huge_orders=[_huge_order(number, regulars, drawn, random) for number in range(HUGE_ORDERS)],
    )


def _product(seed: int, number: int, random: np.random.Generator) -> Product:
    fate = random.random()
    return Product(
        sku=f"market-{seed}-{number:03}",
        name=f"Market product {number}",
        price=Decimal(round(100 * float(random.lognormal(2.3, 0.8))) + 50) / 100,
        level=float(random.lognormal(0, 0.7)),
        trend=float(random.normal(0, 0.5)),
        season=float(random.uniform(0, 0.6)),
        peak_week=float(random.uniform(0, WEEKS)),
        first_week=int(random.integers(8, 40)) if fate < 0.2 else 0,
        # One that does not end is sold for as long as anybody may ask.
        end_week=int(random.integers(12, 46)) if fate > 0.85 else 10 * WEEKS,
        extra_pieces=float(random.lognormal(0.7, 0.7)),
    )


def _account(seed: int, number: int, random: np.random.Generator) -> Account:
    return Account(
        account_ref=f"market-{seed}-account-{number:04}",
        visits=float(random.gamma(2, 0.02)),
        quantity_factor=float(random.lognormal(0, 0.5)),
    )


def _pairs(account: int, regular: bool, products: int, random: np.random.Generator) -> Iterator[Pair]:
    """The products that an account looks at: a regular one has habits, and looks around beside them."""
    known = min(products, int(random.integers(14, 30) if regular else random.integers(2, 16)))
    habits = int(random.integers(6, 14)) if regular else 0
    for place, product in enumerate(random.permutation(products)[:known]):
        yield Pair(account, int(product), place < habits)


def _huge_order(number: int, regulars: int, products: list[Product], random: np.random.Generator) -> HugeOrder:
    """The first and every second one are cancelled minutes later. The product is sold all year."""
    all_year = [place for place, product in enumerate(products) if product.first_week == 0 and product.end_week > WEEKS]
    return HugeOrder(
        account=int(random.integers(regulars)),
        product=int(random.choice(all_year or [0])),
        pieces=int(random.integers(2_000, 30_000)),
        day=int(random.integers(7 * WEEKS)),
        cancelled_after_s=None if number % 2 else int(random.integers(120, 900)),
    )


def _falling(share: float) -> list[float]:
    """The probabilities of 1 to 12 views: each is `share` of the one before."""
    weights = share ** np.arange(VIEWS_MAX)
    return [float(weight) for weight in weights / weights.sum()]


def _buys_after_views() -> list[float]:
    """For 1 to 12 views: a power of their number through the two rates that are known."""
    power = np.log(BUYS_AFTER_FIVE / BUYS_AFTER_ONE) / np.log(5)
    return [float(BUYS_AFTER_ONE * views**power) for views in range(1, VIEWS_MAX + 1)]
