"""Ordercast for the tests of other projects: a pytest plugin that starts all of it, and what tests do with it.

    # conftest.py
    pytest_plugins = ["ordercast.testing.plugin"]

    # test_points.py
    async def test_each_piece_gives_a_point(ordercast: Ordercast) -> None:
        customer, bread = await ordercast.customer(), await ordercast.product()
        order_id = await customer.order((bread, 3))
        async for event in ordercast.events("orders", account_id=customer.id):
            ...

system      where a running system listens, and the two makers of one
embedded    ... as processes of this machine
containers  ... as Docker containers
driver      customers, products, orders, events, trainings
blocking    the same without asyncio
plugin      options and fixtures
"""

from ordercast.testing.blocking import BlockingOrdercast, open_blocking
from ordercast.testing.driver import Customer, Ordercast, TrainingFailed, open_ordercast
from ordercast.testing.events import NoEvent
from ordercast.testing.system import StackName, SystemUnderTest, open_system

__all__ = [
    "BlockingOrdercast",
    "Customer",
    "NoEvent",
    "Ordercast",
    "StackName",
    "SystemUnderTest",
    "TrainingFailed",
    "open_blocking",
    "open_ordercast",
    "open_system",
]
