"""What happened in a simulated shop: views, carts and orders, in the order of time. The same parameters give the same history."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

import numpy as np

from ordercast.sample.make_sample import CURRENCY
from ordercast.sample.market.parameters import WEEKS, Market, extra_pieces, occasions, pair_columns

DAYS: Final = 7 * WEEKS
DAY_S: Final = 86_400
# People look between seven and ten in the evening (UTC); the order that follows is placed before midnight.
OPENS_S: Final = 7 * 3_600
CLOSES_S: Final = 22 * 3_600
# Seconds from the views to the cart, and from the last cart of the day to the order.
PAUSE_S: Final = (30, 600)
# A cancellation comes within so many seconds of its order, and before the end of the history.
CANCELLED_WITHIN_S: Final = 10 * DAY_S


@dataclass(frozen=True, slots=True)
class Occasion:
    """Times are seconds from the beginning of the history; `carted` and `pieces` are 0 where it did not come to that."""

    pair: int
    at: int
    views: int
    carted: int
    pieces: int


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """`lines`: pieces by product (index). `cancelled` is the time of its cancellation in seconds, 0 if it was kept."""

    account: int
    at: int
    cancelled: int
    lines: dict[int, int]
    huge: bool = False


@dataclass(frozen=True, slots=True)
class History:
    market: Market
    occasions: list[Occasion]
    orders: list[PlacedOrder]

    def view_lines(self) -> list[dict[str, Any]]:
        """For POST /views/batch, by time."""
        timed = []
        for one in self.occasions:
            pair = self.market.pairs[one.pair]
            who = {
                "account_ref": self.market.accounts[pair.account].account_ref,
                "sku": self.market.products[pair.product].sku,
            }
            timed.append((one.at, {**who, "count": one.views, "occurred_at": self._time(one.at)}))
            if one.carted:
                timed.append((one.carted, {**who, "kind": "cart", "occurred_at": self._time(one.carted)}))
        return [line for _, line in sorted(timed, key=lambda entry: entry[0])]

    def order_lines(self) -> list[dict[str, Any]]:
        """For POST /orders/import, by time."""
        return [self._order_line(number, order) for number, order in enumerate(self.orders, start=1)]

    def kept_pieces(self, product: int) -> list[int]:
        """Pieces of a product by the week of the order, less cancelled and huge orders: what the expectations are about."""
        weeks = [0] * WEEKS
        for order in self.orders:
            if not order.cancelled and not order.huge:
                weeks[order.at // (7 * DAY_S)] += order.lines.get(product, 0)
        return weeks

    def _order_line(self, number: int, order: PlacedOrder) -> dict[str, Any]:
        ended = {"status": "CANCELLED", "cancelled_at": self._time(order.cancelled)} if order.cancelled else {}
        products = self.market.products
        return {
            "order_ref": f"market-{self.market.seed}-{number:06}",
            "account_ref": self.market.accounts[order.account].account_ref,
            "occurred_at": self._time(order.at),
            "currency": CURRENCY,
            "items": [
                {"sku": products[product].sku, "quantity": pieces, "unit_price": str(products[product].price)}
                for product, pieces in order.lines.items()
            ],
            **ended,
        }

    def _time(self, seconds: int) -> str:
        begin = datetime.combine(self.market.until, time(), UTC) - timedelta(days=DAYS)
        return (begin + timedelta(seconds=seconds)).isoformat()


def simulate(market: Market) -> History:
    """The 52 weeks before `until`."""
    random = np.random.default_rng([market.seed, 1])
    happened = _occasions(market, random)
    orders = [*_orders(market, happened, random), *_huge_orders(market)]
    return History(market, happened, sorted(orders, key=lambda order: (order.at, order.account)))


def _occasions(market: Market, random: np.random.Generator) -> list[Occasion]:
    pair, week = np.nonzero(counts := random.poisson(occasions(market, WEEKS)))
    repeats = counts[pair, week]
    pair, week = np.repeat(pair, repeats), np.repeat(week, repeats)
    count = len(pair)
    _, _, habit = pair_columns(market)
    chance = random.random(count)
    cumulated = np.cumsum([market.browsing_views, market.habit_views], axis=1)[:, :-1]
    views = 1 + (chance[:, None] > cumulated[habit[pair].astype(int)]).sum(axis=1)
    # One draw for both: whoever buys has put it into the cart.
    buys = np.array(market.buys_after_views)[views - 1]
    draw = random.random(count)
    carted, bought = draw < buys / market.buys_after_cart, draw < buys
    at = (7 * week + random.integers(0, 7, count)) * DAY_S + random.integers(OPENS_S, CLOSES_S, count)
    cart_at = at + random.integers(*PAUSE_S, count)
    extra = random.poisson(random.gamma(market.quantity_shape, extra_pieces(market)[pair] / market.quantity_shape))
    columns = zip(pair, at, views, np.where(carted, cart_at, 0), np.where(bought, 1 + extra, 0), strict=True)
    return [Occasion(*(int(value) for value in row)) for row in columns]


def _orders(market: Market, happened: list[Occasion], random: np.random.Generator) -> list[PlacedOrder]:
    """What an account buys on a day is one order. A product that it buys twice on a day is in two, so that each line of a
    product is kept or cancelled by itself, as the expectations have it."""
    baskets = defaultdict[tuple[int, int, int], list[Occasion]](list)
    times = defaultdict[tuple[int, int], int](int)
    for one in happened:
        if one.pieces:
            day = one.at // DAY_S
            baskets[market.pairs[one.pair].account, day, times[one.pair, day]].append(one)
            times[one.pair, day] += 1
    orders = []
    for (account, _, _), basket in baskets.items():
        at = max(one.carted for one in basket) + int(random.integers(*PAUSE_S))
        within = min(CANCELLED_WITHIN_S, DAYS * DAY_S - at)
        later = at + int(random.integers(1, within))
        cancelled = later if random.random() < market.cancelled_share else 0
        lines = {market.pairs[one.pair].product: one.pieces for one in basket}
        orders.append(PlacedOrder(account, at, cancelled, lines))
    return orders


def _huge_orders(market: Market) -> list[PlacedOrder]:
    orders = []
    for huge in market.huge_orders:
        at = huge.day * DAY_S + CLOSES_S
        cancelled = 0 if huge.cancelled_after_s is None else at + huge.cancelled_after_s
        orders.append(PlacedOrder(huge.account, at, cancelled, {huge.product: huge.pieces}, huge=True))
    return orders
