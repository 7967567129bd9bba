"""The client without asyncio: where it may be used. What it does is tested as that of the one with it, in test_client.py."""

import asyncio
from typing import assert_type

from ordercast.client import Addresses
from ordercast.client.blocking import open_client
from ordercast.client.blocking.follow_events import follow_events
from ordercast.client.order_answers import Order, Product
from tests.support.oracle_http import Answer, Received, serving
from tests.unit.client.test_client import ORDER


async def test_it_works_where_an_event_loop_is_running() -> None:
    """As in a cell of Jupyter."""

    async def answer(_: Received) -> Answer:
        return Answer(201, ORDER)

    async def cell(url: str) -> Order:
        with open_client(
            Addresses(url, url, url), connections=1
        ) as client:  # which keeps this loop waiting, and it alone
            order = client.order_api.place_order([(3, 2)])
            assert_type(order, Order)
            return order

    async with serving(answer) as url:
        assert (await asyncio.to_thread(asyncio.run, cell(url))).items[0].quantity == 2


async def test_a_stream_that_is_left_early_gives_its_connection_back() -> None:
    pages = [{"id": n, "sku": f"s{n}", "name": "n", "price": "1.5", "currency": "EUR"} for n in (1, 2)]
    stream = "".join(f'id: orders:{n}\ndata: {{"n":{n}}}\n\n' for n in (1, 2))

    async def answer(request: Received) -> Answer:
        return Answer(200, stream if request.path == "/events" else {"data": pages, "has_more": True})

    def first_ones(url: str) -> tuple[Product, str]:
        with open_client(Addresses(url, url, url), connections=1, retry_for_s=0) as client:
            event = next(follow_events(client.order_api))
            return next(client.order_api.products()), event.id

    async with serving(answer) as url:
        product, event_id = await asyncio.to_thread(first_ones, url)
    assert (product.id, event_id) == (1, "orders:1")
