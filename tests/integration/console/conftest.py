"""One browser for all tests of the console: Debian's chromium, driven by playwright."""

import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page, async_playwright

from ordercast.services.console import parts
from ordercast.services.console.overview import look_at_services
from tests.support.compiled_templates import compiled_once
from tests.support.console_services import PASSWORD
from tests.support.npm_packages import install_packages

FOLDER: Final = Path(__file__).parent
ARGUMENTS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
DESKTOP: Final = (1280, 900)
PHONE: Final = (390, 844)
# How long a page waits for a part here (s), in place of the 2.5 s that a reader waits.
PATIENCE_S: Final = 20.0
# From the top of a page to its last button, and once around.
MOST_TABS: Final = 150
# What somebody sees of the element that has the focus: whether it is the wanted one, whether it is within the window, and whether
# it has a ring, or what stands for one.
_FOCUS: Final = """(wanted) => {
  const focused = document.activeElement;
  const box = focused.getBoundingClientRect();
  const styles = [focused, ...focused.querySelectorAll("rect")].map((each) => getComputedStyle(each));
  const ringed = (style) => style.outlineStyle === "auto" || parseFloat(style.strokeWidth) >= 3
    || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  return {
    is: focused === wanted,
    none: focused === document.body,
    what: focused.outerHTML.slice(0, 200),
    seen: box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
    ringed: styles.some(ringed),
  };
}"""


@pytest.fixture(autouse=True)
def patient_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a service of a test answers late; these tests are about services that answer or are away."""
    monkeypatch.setattr(parts, "PART_DEADLINE_S", PATIENCE_S)
    monkeypatch.setattr(look_at_services, "PART_DEADLINE_S", PATIENCE_S)


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> Iterator[None]:
    with compiled_once():
        yield


@pytest.fixture(scope="session")
def npm_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """node_modules with what is locked beside this file."""
    return install_packages(FOLDER / "npm", tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        missing = "chromium is missing: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        try:
            yield found
        finally:
            await found.close()


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody with a browser at a console. `problems` are what the browser complains of."""

    page: Page
    address: str
    axe: str
    problems: list[str]

    async def log_in(self, name: str = "olga", at: str = "/") -> None:
        """By a request of the browser, which keeps the cookies, and shows the page `at`: the form itself has tests of its own."""
        request = self.page.context.request
        found = re.search(r'name="csrf" value="([^"]+)"', await (await request.get(f"{self.address}/log-in")).text())
        assert found
        form = {"csrf": found[1], "after": at, "email": f"{name}@shop.example", "password": PASSWORD}
        answer = await request.post(f"{self.address}/log-in", form=form, max_redirects=0)
        assert answer.status == 303
        await self.page.goto(self.address + at)

    async def tab_to(self, what: str) -> None:
        """Presses Tab until that has the focus, as who has no mouse does: each stop on the way can be seen, and has a ring."""
        wanted = self.page.locator(what).first
        for _ in range(MOST_TABS):
            focus = await wanted.evaluate(_FOCUS)
            assert focus["none"] or (focus["seen"], focus["ringed"]) == (True, True), focus["what"]
            if focus["is"]:
                return
            await self.page.keyboard.press("Tab")
        pytest.fail(f"no Tab leads to {what}")

    async def press(self, what: str, key: str = "Enter") -> None:
        """By keyboard alone."""
        await self.tab_to(what)
        await self.page.keyboard.press(key)

    async def log_in_by_keyboard(self, name: str = "olga") -> None:
        await self.page.goto(f"{self.address}/log-in")
        for field, text in (("#email", f"{name}@shop.example"), ("#password", PASSWORD)):
            await self.tab_to(field)
            await self.page.keyboard.type(text)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url(lambda url: "/log-in" not in url)

    async def violations(self) -> list[str]:
        """What axe finds on the page as it is shown now."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(f"() => {{ {self.axe} }}")
        found: dict[str, Any] = await self.page.evaluate("() => axe.run({ resultTypes: ['violations'] })")
        return [f"{one['id']}: {one['nodes'][0]['html']} ({one['help']})" for one in found["violations"]]

    async def picture(self, name: str) -> None:
        """Kept where CONSOLE_PICTURES says, to be looked at: of a desktop and of a phone."""
        folder = os.environ.get("CONSOLE_PICTURES")
        if not folder:
            return
        for kind, (width, height) in {"phone": PHONE, "desktop": DESKTOP}.items():
            await self.page.set_viewport_size({"width": width, "height": height})
            await self.page.screenshot(path=f"{folder}/{name}-{kind}.png", full_page=True)


@pytest.fixture
async def open_reader(browser: Browser, npm_packages: Path) -> AsyncIterator[Any]:
    """`await open_reader(address, **options of the browser's context)`: a fresh browser each time."""
    contexts = []
    axe = (npm_packages / "axe-core" / "axe.min.js").read_text("utf-8")

    async def open_one(address: str, **options: Any) -> Reader:
        context = await browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, **options)
        contexts.append(context)
        page = await context.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        return Reader(page, address, axe, problems)

    yield open_one
    for context in contexts:
        await context.close()
