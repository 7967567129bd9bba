"""Points come from real orders: placed over HTTP, published by the relay, read from Kafka."""

import asyncio

from infra.ledger import Ledger
from services.loyalty.follow_orders import running_loyalty

from ordercast.testing import BlockingOrdercast, Ordercast


async def has_points(ledger: Ledger, account_id: int, points: int) -> None:
    """Waits until the account has so many points."""
    async with asyncio.timeout(30):
        while ledger.points_of(account_id) != points:
            await asyncio.sleep(0.05)


async def test_each_piece_of_an_order_gives_a_point(ordercast: Ordercast, loyalty: Ledger) -> None:
    ann, bob = await ordercast.customer(), await ordercast.customer()
    bread, cake = await ordercast.product(), await ordercast.product(price="24.00")
    await ann.order((bread, 3), (cake, 1))
    await bob.order((cake, 2))
    await has_points(loyalty, ann.id, 4)
    await has_points(loyalty, bob.id, 2)


async def test_a_cancelled_order_takes_its_points_back(ordercast: Ordercast, loyalty: Ledger) -> None:
    ann, bread = await ordercast.customer(), await ordercast.product()
    await ann.order((bread, 3))
    order_id = await ann.order((bread, 5))
    await has_points(loyalty, ann.id, 8)
    await ann.client.order_api.cancel_order(order_id)
    await has_points(loyalty, ann.id, 3)


async def test_an_order_that_is_delivered_again_counts_once(ordercast: Ordercast, ledger: Ledger) -> None:
    ann, bread = await ordercast.customer(), await ordercast.product()
    bootstrap = ordercast.system.kafka_bootstrap
    await ann.order((bread, 3))
    async with running_loyalty(bootstrap, ledger, group=f"first-{ann.id}"):
        await has_points(ledger, ann.id, 3)
    # Another group knows no positions of the first one, so Kafka delivers everything again.
    async with running_loyalty(bootstrap, ledger, group=f"second-{ann.id}"):
        await ann.order((bread, 4))
        await has_points(ledger, ann.id, 7)


async def test_the_event_of_an_order_has_its_number_and_its_items(ordercast: Ordercast) -> None:
    ann, bread = await ordercast.customer(), await ordercast.product(price="2.50")
    order_id = await ann.order((bread, 3))
    async for placed in ordercast.events("orders", account_id=ann.id):
        assert (placed.id, placed.type) == (order_id, "ordercast.order.placed.v1")
        break
    await ann.view(bread, 7)
    await ordercast.caught_up()
    assert len(await ordercast.read_events("views", account_id=ann.id)) == 1
    features = await ann.client.predictor.features(ann.id, bread.id)
    assert (features.total_quantity, features.view_count) == (3, 7)


def test_an_order_without_asyncio(ordercast_blocking: BlockingOrdercast) -> None:
    shop, run = ordercast_blocking.ordercast, ordercast_blocking.run
    ann, bread = run(shop.customer()), run(shop.product())
    order_id = run(ann.order((bread, 2)))
    run(shop.caught_up())
    assert [event.id for event in run(shop.read_events("orders", account_id=ann.id))] == [order_id]
