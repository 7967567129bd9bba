"""The sample data: accounts, products, orders and views, made from a seed alone; `post_sample` sends them to a system.

Two modes, each with accounts and products of its own, so that both fit on one system:

* `uniform`: 7 accounts, 100 products, 10,000 orders. Quantities are `int(gauss(5, 2))` held to 1..10, and views are drawn
  apart from them: views say nothing of the quantity, so no model can beat the mean.
* `signal`: 20 accounts, 100 products, 4,000 orders, and the quantity follows the views along `signal_curve`, a bell:

      quantity = round(1.5 + 7 * exp(-((views - 5500) / 1800) ** 2) + gauss(0, 0.7)), held to 1..10

  The bell is even about the middle of the views (1000..10000), so the best straight line through it is flat and no better
  than the mean, while a model that can bend has most of the variance to gain. There are 20 accounts so that a training set
  that holds the uniform sample too (700 pairs without any relation) is still mostly signal (2,000 pairs).

Each part has a generator of its own (seed, mode and part), so that asking for more orders does not change the views.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Final, Literal, TypeAlias

Mode: TypeAlias = Literal["uniform", "signal"]

ACCOUNTS: Final[dict[Mode, int]] = {"uniform": 7, "signal": 20}
PRODUCTS: Final = 100
# Enough that nearly every pair of account and product is ordered at least once (2.5 items an order).
ORDERS: Final[dict[Mode, int]] = {"uniform": 10_000, "signal": 4_000}
VIEWS_MIN: Final = 1_000
VIEWS_MAX: Final = 10_000
ITEMS_MAX: Final = 5
QUANTITY_MAX: Final = 10
CURRENCY: Final = "USD"

SIGNAL_FLOOR: Final = 1.5
SIGNAL_HEIGHT: Final = 7.0
SIGNAL_CENTRE: Final = 5_500  # views; the middle of VIEWS_MIN..VIEWS_MAX
SIGNAL_WIDTH: Final = 1_800  # views
SIGNAL_NOISE: Final = 0.7  # pieces, standard deviation


@dataclass(frozen=True, slots=True)
class SampleAccount:
    email: str
    nickname: str
    login_type: str = "PASSWORD"
    role: str = "CUSTOMER"


@dataclass(frozen=True, slots=True)
class SampleProduct:
    sku: str
    name: str
    price: Decimal
    currency: str = CURRENCY


@dataclass(frozen=True, slots=True)
class SampleItem:
    """`product` is an index into the sample's products."""

    product: int
    quantity: int


@dataclass(frozen=True, slots=True)
class SampleOrder:
    """`number` counts from 1; `account` is an index into the sample's accounts."""

    number: int
    account: int
    items: tuple[SampleItem, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """`views[account][product]` is how often an account looked at a product, by index."""

    mode: Mode
    seed: int
    order_count: int
    accounts: tuple[SampleAccount, ...]
    products: tuple[SampleProduct, ...]
    views: tuple[tuple[int, ...], ...]

    def orders(self) -> Iterator[SampleOrder]:
        """The orders, made one after the other; each call gives the same ones."""
        random = _generator(self.seed, self.mode, "orders")
        for number in range(1, self.order_count + 1):
            account = random.randrange(len(self.accounts))
            items = tuple(self._item(account, random) for _ in range(_held(int(random.gauss(3, 1)), ITEMS_MAX)))
            yield SampleOrder(number, account, items)

    def _item(self, account: int, random: Random) -> SampleItem:
        product = random.randrange(len(self.products))
        if self.mode == "uniform":
            quantity = int(random.gauss(5, 2))
        else:
            quantity = round(signal_curve(self.views[account][product]) + random.gauss(0, SIGNAL_NOISE))
        return SampleItem(product, _held(quantity, QUANTITY_MAX))


def make_sample(mode: Mode, seed: int, *, accounts: int | None = None, orders: int | None = None) -> Sample:
    """The sample of a mode; the same arguments give the same sample on every machine."""
    count = ACCOUNTS[mode] if accounts is None else accounts
    # Both modes ask for the nicknames User1, User2, ...; the second one on a system gets User1_1, User2_1, ...
    mailbox = "user" if mode == "uniform" else "signal"
    random = _generator(seed, mode, "products")
    products = tuple(
        SampleProduct(f"{mode}-{number:03}", f"Product {number}", Decimal(random.randint(100, 10_000)) / 100)
        for number in range(1, PRODUCTS + 1)
    )
    random = _generator(seed, mode, "views")
    return Sample(
        mode=mode,
        seed=seed,
        order_count=ORDERS[mode] if orders is None else orders,
        accounts=tuple(SampleAccount(f"{mailbox}{n}@example.com", f"User{n}") for n in range(1, count + 1)),
        products=products,
        views=tuple(tuple(random.randint(VIEWS_MIN, VIEWS_MAX) for _ in products) for _ in range(count)),
    )


def signal_curve(views: float) -> float:
    """The expected quantity (pieces, before rounding and holding to 1..10) of a pair with that many views."""
    return SIGNAL_FLOOR + SIGNAL_HEIGHT * math.exp(-(((views - SIGNAL_CENTRE) / SIGNAL_WIDTH) ** 2))


def nickname_candidates(wanted: str) -> Iterator[str]:
    """`wanted`, then `wanted_1`, `wanted_2`, ...: the first one that is free is the account's."""
    yield wanted
    number = 1
    while True:
        yield f"{wanted}_{number}"
        number += 1


def _held(value: int, highest: int) -> int:
    return min(max(value, 1), highest)


def _generator(seed: int, mode: Mode, part: str) -> Random:
    return Random(f"{seed}/{mode}/{part}")  # noqa: S311 - sample data, no secret
