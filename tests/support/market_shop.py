"""A small simulated shop as a training of `demand` reads it."""

from datetime import date
from functools import cache

from ordercast.contracts.model_manifest import TopicPosition
from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.market_activity import activity_columns
from ordercast.sample.market.simulate import simulate
from ordercast.services.trainer.training.demand_rows import DemandRows

UNTIL = date(2026, 1, 1)


@cache
def market_rows(accounts: int = 120, products: int = 24) -> DemandRows:
    """A year until `UNTIL`; the same arguments give the same shop."""
    history = simulate(make_market(1, UNTIL, accounts=accounts, products=products))
    return DemandRows(activity_columns(history), (TopicPosition("orders", 0, len(history.orders)),))
