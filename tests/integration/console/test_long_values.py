"""What is long takes no room from what stands beside it, and is not cut to something else."""

from typing import Any, Final

from tests.integration.console.conftest import DESKTOP, PHONE
from tests.support.console_services import Shop, console_of

# A name as long as order_api allows, without a blank: in the first row.
_LONG_NAME: Final = """() => document.querySelector("tbody tr a").textContent = "W".repeat(200)"""
# Whether all columns can be seen beside it.
_FITS: Final = """() => {
  const box = document.querySelector("tbody").closest(".scrolls");
  return box.scrollWidth <= box.clientWidth;
}"""
# Lines of a figure of pieces, which is one.
_LINES: Final = """() => {
  const text = document.querySelector(".figure").firstChild;
  text.textContent = "1,000,000 ";
  const number = document.createRange();
  number.selectNodeContents(text);
  return new Set([...number.getClientRects()].map((line) => Math.round(line.top))).size;
}"""
_WITH_AN_EVENT: Final = """() => {
  document.getElementById("opened").hidden = false;
  const cells = ["2026-11-27 18:01:58.711", "ordercast.product.changed.v1", "468"].map((cell) => `<td>${cell}</td>`);
  document.getElementById("rows").innerHTML = `<tr>${cells.join("")}</tr>`;
}"""


async def test_a_name_without_a_blank_leaves_the_other_columns_their_room(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in()
        for path in ("/products", "/accounts"):
            await reader.page.goto(address + path)
            await reader.page.evaluate(_LONG_NAME)
            assert await reader.page.evaluate(_FITS), path
        # A pair's names are a heading.
        await reader.page.goto(f"{address}/predict")
        await reader.page.evaluate("""() => document.querySelector("main h2").textContent = "W".repeat(200)""")
        assert await reader.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_key_of_an_event_is_seen_beside_one_that_is_open(open_reader: Any) -> None:
    """Of a column that is cut, the beginning would be read as another key."""
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/events")
        await reader.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        await reader.page.evaluate(_WITH_AN_EVENT)
        assert await reader.page.evaluate(_FITS)


async def test_a_number_stays_whole_on_a_phone(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await reader.page.goto(f"{address}/products/1")
        assert await reader.page.evaluate(_LINES) == 1
        await reader.page.goto(f"{address}/shop/products/1")
        await reader.page.fill("[name=quantity]", "1000000")
        await reader.page.click("text=Put into the cart")
        assert await reader.page.locator("[name=quantity]").evaluate("(field) => field.offsetWidth") >= 110
        room = await reader.page.locator("[name=quantity]").evaluate("(field) => field.clientWidth")
        assert room >= await reader.page.evaluate(
            """() => {
              const field = document.querySelector("[name=quantity]"), style = getComputedStyle(field);
              const pen = document.createElement("canvas").getContext("2d");
              pen.font = style.font;
              // The arrows of a field for a number take 18 px.
              return pen.measureText(field.value).width + parseFloat(style.paddingLeft) + parseFloat(style.paddingRight) + 18;
            }"""
        )
