"""Ordercast for the tests of other projects: a pytest plugin that starts all of it, and what tests do with it.

    # conftest.py
    pytest_plugins = ["ordercast.testing.plugin"]

    # test_points.py
    async def test_each_piece_gives_a_point(ordercast: Ordercast) -> None:
        customer, bread = await ordercast.customer(), await ordercast.product()
        order_id = await customer.order((bread, 3))
        async for event in ordercast.events("orders", account_id=customer.id):
            ...

system      where a running system listens
start       starts one, as a process of its own
driver      customers, products, orders, events, trainings
commands    what it lets the command line do
blocking    the same without asyncio
plugin      options and fixtures

It imports nothing of the system itself, which runs in processes of its own, made by `ordercast.stacks`.
"""

from ordercast.testing.blocking import BlockingOrdercast, open_blocking
from ordercast.testing.driver import Customer, Ordercast, TrainingFailed, open_ordercast
from ordercast.testing.events import NoEvent
from ordercast.testing.start import NotStarted, open_system
from ordercast.testing.system import StackName, SystemUnderTest

__all__ = [
    "BlockingOrdercast",
    "Customer",
    "NoEvent",
    "NotStarted",
    "Ordercast",
    "StackName",
    "SystemUnderTest",
    "TrainingFailed",
    "open_blocking",
    "open_ordercast",
    "open_system",
]
