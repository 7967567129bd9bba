"""Each page while there is nothing yet, and with each service down: what to do next, and what failed."""

import asyncio
from collections.abc import Mapping, Set
from typing import Final

import httpx
import pytest

from tests.integration.console.test_all_pages import PAGES, shop
from tests.integration.console.test_log_in import log_in, reading
from tests.support.console_journey import Way
from tests.support.console_letters import Letters
from tests.support.console_pairs import Pairs
from tests.support.console_predictions import Predictions
from tests.support.console_records import Records
from tests.support.console_services import SERVICES, Shop

SAMPLE: Final = "ordercast sample --mode market"
TRAIN: Final = "ordercast train --recipe demand"
# What pages that show several things say while there are none: the commands and links that lead on.
NEXT: Final = {
    "/": (SAMPLE, TRAIN, 'href="/import"'),
    "/flow": (SAMPLE, 'href="/import"'),
    "/journey": (SAMPLE, 'href="/import"'),
    "/forecasts": (TRAIN, 'href="/trainings"'),
    "/forecasts?search=teapot": ('href="/forecasts?',),
    "/predict": (SAMPLE, 'href="/import"', "ordercast train --recipe baseline"),
    "/predict?account_search=ann&product_search=number": (SAMPLE, 'href="/import"'),
    "/models": (TRAIN, "ordercast train --recipe baseline", 'href="/trainings"'),
    "/trainings": (TRAIN, 'action="/trainings"'),
    "/import": ('type="file"',),
    "/shop": (SAMPLE, "ordercast import products FILE"),
    "/shop?search=teapot&starting_after=30": ('href="/shop"',),
    "/shop/cart": ('href="/shop"',),
    "/shop/orders": ('href="/shop"',),
    "/features": (SAMPLE, 'href="/import"'),
    "/events": (SAMPLE,),
    "/events?type=order.placed&of=account&key=8&since=1h": (SAMPLE,),
    "/dead-letters?state=all": ("There is none",),
    "/orders": (SAMPLE, 'href="/import"', "ordercast trigger order.placed"),
    "/products": (SAMPLE, 'href="/import"', 'href="/products/new"'),
    "/accounts": (SAMPLE, 'href="/import"'),
}
# What asks for nothing that could be missing.
ALWAYS: Final = {"/products/new", "/models/pin/remove?recipe=demand"}
OF_ONE_THING: Final = [path for path in PAGES if path not in NEXT and path not in ALWAYS]
# Between two looks (s).
LOOK_S: Final = 0.1
BEGINNING: Final = "ordercast_orders_accepted_total 0.0\nordercast_views_accepted_total 0.0\n"


def empty() -> Shop:
    """As the system is when it came up for the first time."""
    return Shop(
        orders=[],
        model=False,
        metrics={"order_api": BEGINNING},
        predictions=Predictions(products=0, accounts=[], models=[], demand=False, baseline=False, counted=None),
        way=Way(there=False),
        pairs=Pairs(row=None),
        letters=Letters(data=[]),
        records=Records(orders=[], reviews=[], keys=[], audit=[]),
    )


def main_of(answer: httpx.Response) -> str:
    """What the page itself shows, without the commands that do the same."""
    return answer.text.partition("<main")[2].partition('<details class="same">')[0]


def test_each_page_is_one_of_several_things_of_one_thing_or_always_there() -> None:
    assert {*NEXT, *ALWAYS} <= set(PAGES)
    assert len(NEXT) + len(ALWAYS) + len(OF_ONE_THING) == len(PAGES)


async def test_while_there_is_nothing_each_page_says_what_to_do_next() -> None:
    async with reading(empty()) as http:
        await log_in(http, "adam")
        for path, said in NEXT.items():
            answer = await http.get(path)
            assert answer.status_code in (200, 503), path
            assert [text for text in said if text not in main_of(answer)] == [], (path, main_of(answer))


async def test_what_is_not_there_is_said_with_a_way_back() -> None:
    async with reading(empty()) as http:
        await log_in(http, "adam")
        for path in OF_ONE_THING:
            answer = await http.get(path)
            main = main_of(answer)
            # A page with parts that do not need the thing shows these.
            assert answer.status_code in (200, 404), path
            assert answer.status_code == 200 or "did not bring this" in main, (path, main)
            assert 'href="/' in main, (path, main)
            # Nothing is down.
            assert "ordercast restart" not in main, (path, main)


@pytest.fixture(scope="module")
async def asked() -> Mapping[str, Set[str]]:
    """By page: the services that it asks."""
    told, found = shop(), {}
    async with reading(told) as http:
        await log_in(http, "adam")
        for path in PAGES:
            told.asked = set()
            assert (await http.get(path)).status_code == 200
            found[path] = told.asked
    return found


@pytest.mark.parametrize("service", SERVICES)
async def test_with_a_service_down_each_page_that_asks_it_says_so_and_how_to_start_it(
    service: str, asked: Mapping[str, Set[str]]
) -> None:
    told = shop()
    asking = {path for path, services in asked.items() if service in services} | {"/", "/flow"}
    async with reading(told) as http:
        await log_in(http, "adam")
        told.down = {service}
        # What it saw of the services holds for two seconds.
        while f"ordercast restart {service}" not in (await http.get("/flow")).text:
            await asyncio.sleep(LOOK_S)
        for path in PAGES:
            answer = await http.get(path)
            assert answer.status_code in ((200, 502) if path in asking else (200,)), (path, main_of(answer))
            says_so = f"ordercast restart {service}" in main_of(answer)
            assert says_so == (path in asking), (path, main_of(answer))
