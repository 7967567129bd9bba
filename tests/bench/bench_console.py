"""Each page of the console before a large shop: bytes, time of the answer, and when a browser has drawn it; and what pages ask for.

`python -m tests.bench.bench_console [ROUNDS]` fills a system with 10,000 products and 1,000,000 feature rows, which takes some
minutes, then asks for each page ROUNDS times. With `--state DIR` the system is kept there, and used again the next time.
"""

import argparse
import asyncio
import os
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import msgspec
import psutil
from playwright.async_api import Browser, async_playwright

from ordercast.client import Addresses, Client, open_client
from ordercast.infra.local.ports import Ports
from ordercast.infra.local.state import StateFolder, SystemInfo
from ordercast.system.operator_account import AdminNotMade, create_admin
from tests.bench.asked_of_services import questions
from tests.bench.bench_start import MIB, up
from tests.bench.filled_system import fill, size_of
from tests.bench.shop_extras import PASSWORD
from tests.support.all_pages import PAGES

ROUNDS: Final = 20
# Times that a browser draws each page, and how long (s) it may take to.
DRAWN: Final = 5
DRAWN_WITHIN_S: Final = 30
ADMIN: Final = "boss@shop.example"
# Who takes less than this share of a core over so many seconds does nothing.
REST_S, REST_SHARE = 3.0, 0.05
AT_REST_WITHIN_S: Final = 600
# What the product promises of each page, alone and drawn.
MAX_BYTES: Final = 100_000
MAX_MS: Final = 300
CHROMIUM: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
_LOADED: Final = re.compile(r'(?:src|href)="(/static/[^"]+)"')
_CSRF: Final = re.compile(r'name="csrf" value="([^"]+)"')
# When the first thing was painted, and when all was loaded, from the moment that the browser set out.
_TIMES: Final = """() => {
    const [page] = performance.getEntriesByType("navigation");
    const [painted] = performance.getEntriesByName("first-contentful-paint");
    return page.loadEventEnd > 0 && painted ? [painted.startTime, page.loadEventEnd] : null;
}"""


@dataclass(frozen=True, slots=True)
class Figures:
    """`size` of the answer and `cold` with all that it loads, in bytes; times in ms. Of what `lacks`, a part did not come."""

    path: str
    size: int
    cold: int
    first_byte: Sequence[float]
    whole: Sequence[float]
    lacks: bool
    status: int

    def told(self, drawn: tuple[float, float] | None) -> str:
        painted, loaded = drawn or (0.0, 0.0)
        slow = max(at_95(self.whole), painted, loaded) > MAX_MS
        notes = (
            "  large" * (self.cold > MAX_BYTES),
            "  slow" * slow,
            "  a part is missing" * self.lacks,
            f"  answered {self.status}" * (self.status != 200),
        )
        return (
            f"{self.path:52} {self.size:7,} {self.cold:7,}  {middle(self.first_byte):6.0f} {at_95(self.first_byte):5.0f}"
            f"  {middle(self.whole):6.0f} {at_95(self.whole):5.0f}  {painted:6.0f} {loaded:6.0f}{''.join(notes)}"
        )


def middle(times: Sequence[float]) -> float:
    return statistics.median(times)


def at_95(times: Sequence[float]) -> float:
    """95 % of them are no longer."""
    return sorted(times)[max(0, -(-95 * len(times) // 100) - 1)]


@asynccontextmanager
async def reader(address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as http:
        found = _CSRF.search((await http.get("/log-in")).text)
        assert found is not None
        form = {"csrf": found[1], "email": ADMIN, "password": PASSWORD}
        assert (await http.post("/log-in", data=form)).status_code == 303
        yield http


async def read(http: httpx.AsyncClient, named: str, path: str, rounds: int) -> Figures:
    first_byte, whole = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        async with http.stream("GET", path) as answer:
            first_byte.append(1_000 * (time.perf_counter() - began))
            body = await answer.aread()
        whole.append(1_000 * (time.perf_counter() - began))
    files = [await http.get(file) for file in set(_LOADED.findall(body.decode()))]
    cold = len(body) + sum(len(file.content) for file in files)
    return Figures(
        named, len(body), cold, sorted(first_byte), sorted(whole), b"did not bring this" in body, answer.status_code
    )


async def draw(browser: Browser, address: str, paths: Sequence[str]) -> list[tuple[float, float]]:
    """Of each path, when it was painted and when all was loaded (ms): medians, by a reader who has been there before."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    await page.goto(f"{address}/log-in")
    await page.fill("#email", ADMIN)
    await page.fill("#password", PASSWORD)
    await page.click("button.main")
    await page.wait_for_url(lambda url: "/log-in" not in url)
    drawn = []
    for path in paths:
        times = []
        for _ in range(DRAWN):
            await page.goto(address + path)
            handle = await page.wait_for_function(_TIMES, timeout=1_000 * DRAWN_WITHIN_S)
            times.append(await handle.json_value())
        drawn.append((middle([one[0] for one in times]), middle([one[1] for one in times])))
    await context.close()
    return drawn


async def until_at_rest(info: SystemInfo) -> None:
    """The predictor reads the shop and calibrates intervals after a start, and once a week: pages are measured after that."""
    processes = [psutil.Process(info.processes[name].pid) for name in ("predictor", "feature_worker")]
    async with asyncio.timeout(AT_REST_WITHIN_S):
        while True:
            before = [sum(process.cpu_times()[:2]) for process in processes]
            await asyncio.sleep(REST_S)
            after = [sum(process.cpu_times()[:2]) for process in processes]
            if all(now - then < REST_SHARE * REST_S for then, now in zip(before, after, strict=True)):
                return


async def measure(info: SystemInfo, admin: Client, names: dict[str, object], rounds: int) -> None:
    paths = [page.format_map(names) for page in PAGES]
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        flush=True,
    )
    async with reader(info.urls["console"]) as http:
        figures = [await read(http, named, path, rounds) for named, path in zip(PAGES, paths, strict=True)]
    drawn: list[tuple[float, float]] | list[None] = [None] * len(paths)
    if chromium := shutil.which("chromium"):
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM))
            drawn = await draw(browser, info.urls["console"], paths)
            await browser.close()
    print(f"{'page':52} {'bytes':>7} {'cold':>7}  {'first byte':>12}  {'whole':>12}  {'painted':>7} {'loaded':>6}")
    for one, of_it in zip(figures, drawn, strict=True):
        print(one.told(of_it))
    over = [
        one.path
        for one, of_it in zip(figures, drawn, strict=True)
        if "  slow" in one.told(of_it) or one.cold > MAX_BYTES
    ]
    print(f"over {MAX_MS} ms or {MAX_BYTES // 1000} kB: {', '.join(over) or 'none'}", flush=True)
    for question in questions(names):
        times = sorted([await question.seconds(admin, number) for number in range(question.rounds or rounds)])
        print(f"{question.name:66} {1_000 * middle(times):7.0f} {1_000 * at_95(times):7.0f}", flush=True)
    for service, record in sorted(info.processes.items()):
        print(f"memory of {service:16}  {psutil.Process(record.pid).memory_info().rss / MIB:5.0f} MiB resident")


async def main(rounds: int, state: Path | None) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = StateFolder.at(state or made)
        kept = folder.root / "bench_names.json"
        async with up(folder.root, Ports(Ports(5000).next_free_offset())):
            info = folder.system()
            try:
                await create_admin(info.database_url, ADMIN, "boss", PASSWORD)
            except AdminNotMade:
                assert state is not None, "a system that was kept has one"
            async with open_client(Addresses.of(info.urls)) as anonymous:
                admin = await anonymous.log_in(ADMIN, PASSWORD)
                if not kept.exists():
                    kept.write_bytes(msgspec.json.encode(await fill(folder, info, anonymous, admin)))
                print(f"in the system: {await size_of(info)}", flush=True)
                began = time.perf_counter()
                await until_at_rest(info := folder.system())
                print(f"at rest after {time.perf_counter() - began:.0f} s", flush=True)
                await measure(info, admin, msgspec.json.decode(kept.read_bytes()), rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=ROUNDS)
    parser.add_argument("--state", type=Path)
    asked = parser.parse_args()
    asyncio.run(main(asked.rounds, asked.state))
