"""A simulated history as activity by day: what the worker makes of it, without sending it anywhere."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import numpy.typing as npt

from ordercast.sample.market.simulate import DAY_S, DAYS, History
from ordercast.services.shared.demand.activity import AMOUNT_UNITS, COLUMNS


def activity_columns(history: History) -> dict[str, npt.NDArray[np.int64]]:
    """Rows by name of their columns; those of the same account, product and days are not summed.

    Accounts and products have their place in the market's lists, from 1 on, as ids.
    """
    rows = np.array([*_orders(history), *_views(history)], np.int64).reshape(-1, len(COLUMNS))
    begin = (history.market.until - date(1970, 1, 1)).days - DAYS
    columns = dict(zip(COLUMNS, rows.T.copy(), strict=True))
    return columns | {name: columns[name] + begin for name in ("day", "known_on")}


def _orders(history: History) -> Iterator[tuple[int, ...]]:
    products = history.market.products
    for order in history.orders:
        day = order.at // DAY_S
        for line, (product, pieces) in enumerate(order.lines.items()):
            key, amount = (order.account + 1, product + 1, day), int(products[product].price * pieces * AMOUNT_UNITS)
            yield (*key, day, int(line == 0), pieces, amount, 0, 0, 0)
            if order.cancelled:
                yield (*key, order.cancelled // DAY_S, 0, 0, 0, pieces, 0, 0)


def _views(history: History) -> Iterator[tuple[int, ...]]:
    for one in history.occasions:
        pair, day = history.market.pairs[one.pair], one.at // DAY_S
        key = (pair.account + 1, pair.product + 1)
        yield (*key, day, day, 0, 0, 0, 0, one.views, 0)
        if one.carted:
            carted = one.carted // DAY_S
            yield (*key, carted, carted, 0, 0, 0, 0, 0, 1)
