"""The steps of the demo that bring a simulated shop's year in, and what is known of it there."""

import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ordercast.demo.data_steps import Counted, until_counted
from ordercast.demo.story import Story
from ordercast.progress import bars
from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.parameters import WEEKS, Floats, expected_pieces, pair_columns, write_market
from ordercast.sample.market.post_market import market_totals, post_market
from ordercast.sample.market.simulate import DAY_S, DAYS, History, simulate
from ordercast.system.access import Access

Ints = npt.NDArray[np.int64]

# The same for everybody who runs the demo, so that its results can be compared with those that are shown.
UNTIL: Final = date(2026, 11, 1)
# The last weeks of the year, which nothing is learned from: what was said of them can be compared with what came.
WEEKS_ASKED: Final = 8
HORIZON_WEEKS: Final = 4


@dataclass(frozen=True, slots=True)
class SentMarket:
    """A market that is in the system. `account_ids` and `product_ids` stand in the order of its lists.

    `moment`: what happened on this day or later is not to be known to who is asked.
    """

    history: History
    account_ids: Ints
    product_ids: Ints

    @property
    def moment(self) -> date:
        return self.history.market.until - timedelta(weeks=WEEKS_ASKED)

    @property
    def first_week(self) -> int:
        """The first one that is asked for, counted from the beginning of the year."""
        return WEEKS - WEEKS_ASKED


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs that an account had looked at or bought before the moment, a value for each.

    `account` and `product` are places in the market's lists, `pair` is the place among its pairs; `views` and `pieces` were before
    the moment, huge orders not among them; `ordered` is what was ordered and kept in the four weeks from the moment on.
    """

    pair: Ints
    account: Ints
    product: Ints
    views: Ints
    pieces: Ints
    ordered: Ints

    def only(self, chosen: Ints) -> "Pairs":
        return Pairs(*(getattr(self, name)[chosen] for name in self.__slots__))


async def send_market(access: Access, seed: int, accounts: int, out: Path, story: Story) -> SentMarket:
    """Imports the market as a shop would its history, and waits until all of it is counted.

    Raises:
        AnotherMarket: the API refuses a part, for one because a market with this seed and another end is there.
        StepFailed: it is not counted.
    """
    market = make_market(seed, UNTIL, accounts=accounts)
    history = simulate(market)
    began = time.monotonic()
    with bars(story.console, market_totals(history)) as progress:
        posted = await post_market(access.admin, history, advance=progress.advance)
    write_market(out / f"market_{seed}.json", market)
    story.say(
        f"{len(market.products)} products, {len(market.accounts)} accounts, {len(history.view_lines()):,} views and carts, "
        f"{len(history.orders):,} orders of the 52 weeks before {UNTIL}, {posted.orders:,} of them new: "
        f"{time.monotonic() - began:.1f} s"
    )
    shop = access.admin.order_api
    accounts_there = {one.account_ref: one.id async for one in shop.accounts(search=f"market-{seed}-account-")}
    products_there = {one.sku: one.id async for one in shop.products(search=f"market-{seed}-")}
    sent = SentMarket(
        history,
        np.array([accounts_there.get(one.account_ref, 0) for one in market.accounts]),
        np.array([products_there[one.sku] for one in market.products]),
    )
    await until_counted(shop, _counted(sent), first=UNTIL - timedelta(days=DAYS), last=UNTIL - timedelta(days=1))
    story.say(f"All of it is counted after {time.monotonic() - began:.1f} s.")
    return sent


def _counted(sent: SentMarket) -> dict[int, Counted]:
    """What the trends have to hold, by product id."""
    history = sent.history
    pieces, views = np.zeros((2, len(sent.product_ids)), np.int64)
    for order in history.orders:
        for product, quantity in order.lines.items():
            pieces[product] += quantity
    for one in history.occasions:
        views[history.market.pairs[one.pair].product] += one.views
    counted = zip(pieces.tolist(), views.tolist(), strict=True)
    return dict(zip(sent.product_ids.tolist(), (Counted(*both) for both in counted), strict=True))


def known_pairs(history: History, week: int) -> Pairs:
    """The market's pairs of which something had happened before that week."""
    account, product, _ = pair_columns(history.market)
    begin, end = 7 * DAY_S * week, 7 * DAY_S * (week + HORIZON_WEEKS)
    views, pieces, ordered = np.zeros((3, len(account)), np.int64)
    for one in history.occasions:
        if one.at < begin:
            views[one.pair] += one.views
    place = {(pair.account, pair.product): number for number, pair in enumerate(history.market.pairs)}
    for order in history.orders:
        for bought, quantity in order.lines.items():
            number = place.get((order.account, bought))
            if number is None:
                continue
            if order.at < begin and not order.huge and not 0 < order.cancelled < begin:
                pieces[number] += quantity
            elif begin <= order.at < end and not order.cancelled:
                ordered[number] += quantity
    known = np.flatnonzero(views)
    return Pairs(known, account[known], product[known], views[known], pieces[known], ordered[known])


def true_of_pairs(history: History, week: int) -> Floats:
    """(pairs,): the expected pieces of the four weeks from that one on."""
    truth: Floats = expected_pieces(history.market)[:, week : week + HORIZON_WEEKS].sum(axis=1)
    return truth


def true_of_products(history: History) -> Floats:
    """(products, weeks): the expected pieces of a product by week."""
    _, product, _ = pair_columns(history.market)
    truth = np.zeros((len(history.market.products), expected_pieces(history.market).shape[1]))
    np.add.at(truth, product, expected_pieces(history.market))
    return truth
