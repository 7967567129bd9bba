"""Views that the orders of a history could have had: the file has none, and a model needs some.

No person made them, so every one is marked `simulated`. For each line of an order, some time in the week before it,

    views = 1 + round(10 * sqrt(quantity) * lognormal(0, 0.4))

so that more views go with more pieces, along a bent line and with noise. What a model learns from them is this formula and
nothing about real customers.
"""

import math
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any, Final

from ordercast.imports.online_retail.invoices import Invoice

VIEWS_PER_ROOT: Final = 10.0
SPREAD: Final = 0.4  # of the logarithm
LONGEST_BEFORE_S: Final = 7 * 24 * 3600


def simulate_views(invoice: Invoice, seed: int) -> Iterator[dict[str, Any]]:
    """Lines of `POST /views/batch`, one for each line of an order, none for a cancellation.

    The same invoice and seed give the same views, whatever else the file holds.
    """
    if invoice.cancellation:
        return
    random = Random(f"{seed}/{invoice.order_ref}")  # noqa: S311 - simulated data, no secret
    for line in invoice.lines:
        count = 1 + round(VIEWS_PER_ROOT * math.sqrt(line.quantity) * random.lognormvariate(0, SPREAD))
        before = timedelta(seconds=random.randint(60, LONGEST_BEFORE_S))
        yield {
            "account_ref": invoice.account_ref,
            "sku": line.sku,
            "count": count,
            "occurred_at": (invoice.occurred_at - before).isoformat(),
            "simulated": True,
        }
