"""One order's way, from its request to a prediction."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from ordercast.services.console.errors import LoggedOut
from ordercast.services.console.journey import routes
from tests.integration.console.test_log_in import log_in, reading
from tests.support.console_journey import ORDER, TRACE, Way
from tests.support.console_predictions import Predictions
from tests.support.console_records import Records
from tests.support.console_services import Shop, console_of

LATER = {
    "shard": 3,
    "number": 57,
    "state": "published",
    "type": "ordercast.order.cancelled.v1",
    "event_id": str(UUID(int=6)),
    "occurred_at": datetime(2026, 11, 26, 10, 2, tzinfo=UTC).isoformat(),
    "committed_at": datetime(2026, 11, 26, 10, 2, tzinfo=UTC).isoformat(),
    "trace_id": None,
    "offset": 31,
    "reason": None,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_each_step_stands_with_its_time_and_place(open_reader: Any, scheme: str) -> None:
    async with console_of(Shop(way=Way(more_events=[LATER]))) as address:
        reader = await open_reader(address, color_scheme=scheme)
        await reader.log_in()
        await reader.page.click("nav >> text=Journey")
        await reader.page.click("tbody tr:first-child a")
        await reader.page.wait_for_url(f"**/journey/{ORDER}")
        text = await reader.page.inner_text("main")
        for told in (
            "It has arrived in the feature rows.",
            TRACE,
            "Number 42 of shard 3",
            "0.008 s after the order",
            "Topic orders, partition 3, offset 17.",
            "counted",
            "It was trained before this order",
            "73.4%",
            "ordercast.order.cancelled.v1",
        ):
            assert told in text
        assert await reader.violations() == []
        await reader.picture(f"journey-{scheme}")
        assert reader.problems == []


async def test_an_order_on_its_way_is_followed_until_it_has_arrived(open_reader: Any) -> None:
    shop = Shop(way=Way(state="waiting"), predictions=Predictions(counted=None))
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in(at=f"/journey/{ORDER}")
        assert "It waits in the outbox" in await reader.page.inner_text("main")
        shop.way.state = "published"
        await reader.page.get_by_text("offset 17").wait_for()
        assert "not yet counted" in await reader.page.inner_text("main")
        shop.predictions.counted = 16
        await reader.page.locator("td >> text=/Nov|2026/").first.wait_for()
        assert "It is on its way." in await reader.page.inner_text("main")
        shop.predictions.counted = 17
        await reader.page.get_by_text("It has arrived").wait_for()
        # Its own event was the last that changed the rows.
        await reader.page.get_by_text("0.88 s after the order").wait_for()
        assert reader.problems == []


@pytest.mark.parametrize(
    ("way", "told"),
    [
        (Way(state="refused", reason="MESSAGE_TOO_LARGE", offset=None), "ordercast outbox retry"),
        (Way(offset=None, kafka="no Kafka broker answers"), "Kafka does not say where:"),
        (Way(offset=None), "Kafka no longer has it."),
        (Way(products=9), "The first 5 products."),
    ],
)
async def test_where_it_is_held_up_is_told(way: Way, told: str) -> None:
    async with reading(Shop(way=way)) as http:
        await log_in(http, "olga")
        assert told in (await http.get(f"/journey/{ORDER}")).text


async def test_by_keyboard_an_order_is_found_by_the_shop_s_number(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/journey")
        await reader.picture("journeys")
        await reader.tab_to("[name=order]")
        await reader.page.keyboard.type("1001")
        await reader.page.keyboard.press("Enter")
        await reader.page.wait_for_url(f"**/journey/{ORDER}")


async def test_pieces_that_were_taken_back_are_not_counted() -> None:
    async with reading(Shop(way=Way(products=3, taken_back=1))) as http:
        await log_in(http, "olga")
        assert ">3</td>" in (await http.get("/journey")).text


async def test_no_more_orders_are_asked_for_than_are_shown() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        assert (await http.get("/journey")).text.count('href="/journey/') == 10
        assert (await http.get("/journey", params={"order": "1001"})).status_code == 303
        assert [asked["limit"] for asked in shop.records.asked] == ["10", "1"]


async def test_what_is_not_there_is_told() -> None:
    way = Way(there=False)
    async with reading(Shop(way=way, records=Records(orders=[]))) as http:
        await log_in(http, "olga")
        assert "ordercast sample" in (await http.get("/journey")).text
        assert "No order has this id or number." in (await http.get("/journey", params={"order": "7"})).text
        way.there = True
        assert (await http.get("/journey", params={"order": str(ORDER)})).headers["location"] == f"/journey/{ORDER}"
        assert (await http.get(f"/journey/{UUID(int=10**9)}")).status_code == 404


async def test_without_the_predictor_the_rest_is_shown() -> None:
    async with reading(Shop(), away=("predictor",)) as http:
        await log_in(http, "olga")
        answer = await http.get(f"/journey/{ORDER}")
        assert answer.status_code == 200
        assert "ordercast restart predictor" in answer.text
        assert "Topic orders, partition 3, offset 17." in answer.text


async def test_a_log_in_that_ends_ends_the_stream_and_the_next_one_leads_to_the_log_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def read(*_: object) -> object:
        raise LoggedOut

    monkeypatch.setattr(routes, "read_journey", read)
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        stream = await http.get(f"/journey/{ORDER}/stream")
        assert (stream.status_code, stream.text) == (200, "retry: 2000\n\n")
        again = await http.get(f"/journey/{ORDER}/stream")
        assert again.headers["location"].startswith("/log-in")
