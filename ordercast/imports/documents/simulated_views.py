"""Views that the orders of a history could have had: the file has none, and a model needs some.

No person made them, so every one is marked `simulated`. For each line of an order, some time in the week before it,

    views = 1 + round(10 * sqrt(quantity) * lognormal(0, 0.4))

so that more views go with more pieces, along a bent line and with noise. What a model learns from them is this formula and
nothing about real customers.
"""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from ordercast.imports.documents.orders import Order

VIEWS_PER_ROOT: Final = 10.0
SPREAD: Final = 0.4  # of the logarithm
LONGEST_BEFORE_S: Final = 7 * 24 * 3600


def simulate_views(order: Order, seed: int) -> Iterator[dict[str, Any]]:
    """Lines of `POST /views/batch`, one for each item of an order, none for a cancellation.

    The same order and seed give the same views, whatever else the file holds.
    """
    if order.takes_back:
        return
    line = order.line
    random = Random(f"{seed}/{line['order_ref']}")  # noqa: S311 - simulated data, no secret
    account = "account_ref" if isinstance(line["account_ref"], str) else "account_id"
    for item in line["items"]:
        count = 1 + round(VIEWS_PER_ROOT * math.sqrt(item["quantity"]) * random.lognormvariate(0, SPREAD))
        before = timedelta(seconds=random.randint(60, LONGEST_BEFORE_S))
        yield {
            account: line["account_ref"],
            "sku": item["sku"],
            "count": count,
            "occurred_at": (datetime.fromisoformat(line["occurred_at"]) - before).isoformat(),
            "simulated": True,
        }
