"""What fits on a screen: a phone's, and that of a desktop."""

from typing import Any, Final

import pytest

from tests.integration.console.conftest import DESKTOP, PHONE
from tests.integration.console.test_all_pages import shop
from tests.integration.console.test_flow import shop_of
from tests.support.console_flow import Numbers
from tests.support.console_services import Shop, console_of

# Pixels above what a page shows: its name and tools, and one row of pages.
MOST_ABOVE: Final = 110
# Texts of the picture that hang over their box, to the pixel.
_OVER: Final = """(picture) => [...picture.querySelectorAll("a")].flatMap((box) => {
  const right = box.querySelector("rect").getBoundingClientRect().right;
  return [...box.querySelectorAll("text")].filter((text) => text.getBoundingClientRect().right > right)
    .map((text) => text.textContent);
})"""


async def test_on_a_phone_the_pages_stand_in_one_row_that_begins_at_the_one_that_is_shown(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        for path in ("/", "/features", "/shop"):
            await reader.page.goto(address + path)
            main = await reader.page.locator("main").bounding_box()
            assert main["y"] < MOST_ABOVE
            current = reader.page.locator("nav [aria-current]")
            await reader.page.wait_for_function(
                "(one) => { const box = one.getBoundingClientRect(); return box.left >= 0 && box.right <= innerWidth; }",
                arg=await current.element_handle(),
            )
        # It can be moved from there.
        await reader.page.goto(f"{address}/features")
        await reader.page.locator("nav").evaluate(
            "(nav) => Promise.all(nav.getAnimations().map((one) => one.finished)).then(() => nav.scrollTo(0, 0))"
        )
        assert await reader.page.locator("nav").evaluate("(nav) => nav.scrollLeft") == 0
        assert await reader.violations() == []
        await reader.picture("phone-pages")


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_no_text_of_the_flow_hangs_over_its_box(open_reader: Any, language: str) -> None:
    many = Numbers(
        orders=1_000_000,
        views=9_000_000,
        applied=10_000_000,
        backlog=1_234_567,
        oldest_s=98_765,
        refused_by_kafka=1_234_567,
    )
    many.lag_s = 98_765.4
    for numbers in (Numbers(orders=5, views=30, applied=30), many):
        shop = shop_of(numbers)
        async with console_of(shop) as address:
            reader = await open_reader(address, locale=language)
            await reader.log_in()
            for kind, (width, height) in {"wide": DESKTOP, "narrow": PHONE}.items():
                numbers.go_on(2, orders=3_000, views=90_000, counted=90_000)
                shop.metrics = numbers.pages()
                await reader.page.set_viewport_size({"width": width, "height": height})
                await reader.page.goto(f"{address}/flow")
                assert await reader.page.locator(f".flow.{kind}").evaluate(_OVER) == [], (kind, language)
            await reader.picture(f"flow-{language}-{numbers.orders}")


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_the_overview_is_one_screen(open_reader: Any, language: str) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address, locale=language)
        await reader.log_in()
        await reader.page.goto(f"{address}/")
        await reader.picture(f"overview-{language}")
        await reader.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        assert await reader.page.evaluate("document.documentElement.scrollHeight") <= DESKTOP[1]


# Cells of tables that are cut off on the right, or that are moved out of sight.
_CUT: Final = """() => [...document.querySelectorAll("tbody :is(td, th)")].filter((cell) => cell.textContent.trim()
  && (cell.getBoundingClientRect().right > innerWidth || cell.scrollWidth > cell.clientWidth + 1)).map((cell) => cell.outerHTML)"""


async def test_on_a_phone_each_row_is_a_card_with_the_names_of_its_columns(open_reader: Any) -> None:
    async with console_of(shop()) as address:
        reader = await open_reader(address)
        await reader.log_in("adam")
        await reader.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        for path in ("/orders", "/journey", "/products", "/forecasts", "/models", "/trainings", "/dead-letters"):
            await reader.page.goto(address + path)
            assert await reader.page.locator("tbody tr").count() > 0, path
            assert await reader.page.evaluate(_CUT) == [], path
            assert await reader.violations() == [], path
        await reader.page.goto(f"{address}/products")
        cell = reader.page.get_by_role("table").get_by_role("row").nth(1).get_by_role("cell").nth(1)
        assert await cell.evaluate("(cell) => getComputedStyle(cell, '::before').content") == '"Price of a piece" / ""'
        assert await reader.page.get_by_role("columnheader", name="Price of a piece").count() == 1
