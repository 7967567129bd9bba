"""A year of a shop with 10,000 products and 1,000,000 feature rows, brought in by a shop's own ways (`/products/import`,
`/orders/import`, `/views/batch`): each row of each table is what the system itself made of it.
"""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from ordercast.client import Client

PRODUCTS: Final = 10_000
ACCOUNTS: Final = 20_000
ROWS: Final = 1_000_000
# Of the pairs; the others were only looked at.
ORDERED: Final = 300_000
# Of the ordered ones, so many had been looked at before.
VIEWED_BEFORE: Final = 100_000
LINES_OF_AN_ORDER: Final = 3
# Shares of the orders: placed once more on another day, cancelled a day later, not confirmed yet.
REPEATED, CANCELLED, PENDING = 0.2, 0.03, 0.002
DAYS: Final = 364
DAY_S: Final = 86_400
THINGS: Final = ("Teapot", "Mug", "Kettle", "Plate", "Bowl", "Spoon", "Tray", "Jar", "Lamp", "Clock")
CURRENCY: Final = "EUR"
# Lines of one request: as many as a batch of views may have.
CHUNK: Final = 10_000
# The first products are ordered most: product n as often as 1 / (n + 50) ** 0.9.
LEAD, FALL = 50, 0.9

Ints = npt.NDArray[np.int64]
Line = tuple[float, dict[str, Any]]


class Totals(msgspec.Struct):
    orders: int = 0
    views: int = 0


def sku(product: int) -> str:
    return f"large-{product:05}"


def account_ref(account: int) -> str:
    return f"customer-{account:05}"


async def bring_in(admin: Client, seed: int = 1) -> Totals:
    """Products, then orders beside views, until all are acknowledged.

    Raises:
        RuntimeError: a line was refused.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    random = np.random.default_rng(seed)
    answer = await admin.order_api.import_products(_products(random))
    _expect_none(answer.refused)
    account, product = _pairs(random)
    orders = _orders(account[:ORDERED], product[:ORDERED], random, now)
    views = _views(account[ORDERED - VIEWED_BEFORE :], product[ORDERED - VIEWED_BEFORE :], random, now)
    await asyncio.gather(_send_orders(admin, orders), _send_views(admin, views))
    return Totals(len(orders), len(views))


def _products(random: np.random.Generator) -> Iterator[dict[str, Any]]:
    for product, price in enumerate(random.lognormal(2.3, 0.8, PRODUCTS).tolist()):
        name = f"{THINGS[product % len(THINGS)]} number {product}"
        yield {"sku": sku(product), "name": name, "price": f"{0.5 + price:.2f}", "currency": CURRENCY}


def _pairs(random: np.random.Generator) -> tuple[Ints, Ints]:
    """Accounts and products of all pairs, in no order."""
    weight = (np.arange(PRODUCTS) + LEAD) ** -FALL
    # More than are wanted, since popular ones come more than once.
    product = random.choice(PRODUCTS, 2 * ROWS, p=weight / weight.sum())
    keys = np.unique(random.integers(0, ACCOUNTS, 2 * ROWS) * PRODUCTS + product)
    account, product = np.divmod(random.permutation(keys)[:ROWS], PRODUCTS)
    return account, product


def _orders(account: Ints, product: Ints, random: np.random.Generator, now: datetime) -> list[Line]:
    """By time. Each pair is in one, and in those that are repeated."""
    place = np.argsort(account, kind="stable")
    account, product = account[place], product[place]
    number_of_account = np.arange(len(account)) - np.searchsorted(account, account)
    first = np.flatnonzero(number_of_account % LINES_OF_AN_ORDER == 0)
    pieces = 1 + random.negative_binomial(1, 0.3, len(account))
    baskets = np.concatenate([first, first[random.random(len(first)) < REPEATED]])
    ends = np.append(first[1:], len(account))[np.searchsorted(first, baskets)]
    ago = random.integers(60, DAYS * DAY_S, len(baskets))
    fate = random.random(len(baskets))
    lines = []
    for number, (begin, end, seconds, share) in enumerate(
        zip(baskets.tolist(), ends.tolist(), ago.tolist(), fate.tolist(), strict=True)
    ):
        at = now - timedelta(seconds=seconds)
        line: dict[str, Any] = {
            "order_ref": f"large-{number}",
            "account_ref": account_ref(int(account[begin])),
            "occurred_at": at.isoformat(),
            "currency": CURRENCY,
            "items": [
                {"sku": sku(int(product[row])), "quantity": int(pieces[row]), "unit_price": "9.90"}
                for row in range(begin, end)
            ],
        }
        if share < CANCELLED:
            line |= {"status": "CANCELLED", "cancelled_at": min(now, at + timedelta(days=1)).isoformat()}
        elif share < CANCELLED + PENDING:
            line |= {"status": "PENDING"}
        lines.append((-seconds, line))
    return sorted(lines, key=lambda timed: timed[0])


def _views(account: Ints, product: Ints, random: np.random.Generator, now: datetime) -> list[Line]:
    """By time, one for each pair."""
    ago = np.sort(random.integers(60, DAYS * DAY_S, len(account)))[::-1]
    counts = random.geometric(0.4, len(account))
    columns = (column.tolist() for column in (account, product, ago, counts))
    return [
        (
            -seconds,
            {
                "account_ref": account_ref(who),
                "sku": sku(what),
                "count": count,
                "occurred_at": (now - timedelta(seconds=seconds)).isoformat(),
            },
        )
        for who, what, seconds, count in zip(*columns, strict=True)
    ]


async def _send_orders(admin: Client, lines: list[Line]) -> None:
    for chunk in _chunks(lines):
        answer = await admin.order_api.import_orders(chunk, create_missing=True, currency=CURRENCY)
        _expect_none(answer.refused)


async def _send_views(admin: Client, lines: list[Line]) -> None:
    for number, chunk in enumerate(_chunks(lines)):
        answer = await admin.order_api.add_views(chunk, key=f"large-{number}", create_missing=True, currency=CURRENCY)
        _expect_none(answer.refused)


def _chunks(lines: list[Line]) -> Iterable[list[dict[str, Any]]]:
    for begin in range(0, len(lines), CHUNK):
        yield [line for _, line in lines[begin : begin + CHUNK]]


def _expect_none(refused: list[Any]) -> None:
    if refused:
        raise RuntimeError(f"{len(refused):,} lines were refused, the first one because: {refused[0]}")
