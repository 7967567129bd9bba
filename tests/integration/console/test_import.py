"""A file by the console: looked at, told how it is read, and what would come in of it."""

import asyncio
import gzip
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from ordercast.services.console.imports import kept_files
from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.support.console_imports import Imported
from tests.support.console_services import Shop, console_of

ORDERS: Final = """Order no;Customer no;Order date;Item code;Product name;Qty;Price
9001;K-17;27.03.2026 09:15;MUG;Mug, red;2;10,25
9001;K-17;27.03.2026 09:15;TEA;Tea towel;1;8,00
9002;K-18;28.03.2026 18:40;MUG;Mug, red;none;10,25
9003;K-19;28.03.2026 19:05;TEA;Tea <towel>;4;8,00
"""
TOLD: Final = {"subject": "orders", "zone": "Europe/Berlin", "currency": "EUR"}


async def hand_in(
    http: httpx.AsyncClient, content: bytes | str, name: str = "orders.csv", **told: str
) -> httpx.Response:
    content = content.encode() if isinstance(content, str) else content
    form = {"csrf": csrf_in((await http.get("/import")).text), **TOLD, **told}
    return await http.post("/import/files", data=form, files={"file": (name, content)})


async def settled(http: httpx.AsyncClient, path: str) -> str:
    """The page when nothing is under way."""
    while "data-" and 'id="state"' in (page := (await http.get(path)).text):
        await asyncio.sleep(0.02)
    return page


async def looked_at(http: httpx.AsyncClient, *file: Any, **told: str) -> tuple[str, str]:
    answer = await hand_in(http, *file, **told)
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    return path, await settled(http, path)


async def act(http: httpx.AsyncClient, path: str, what: str, **form: Any) -> str:
    csrf = csrf_in((await http.get(path)).text)
    assert (await http.post(f"{path}/{what}", data={"csrf": csrf, **form})).status_code == 303
    return await settled(http, path)


async def test_a_file_is_handed_in_seen_mapped_and_sent_and_its_refused_rows_fetched(
    open_reader: Any, tmp_path: Path
) -> None:
    shop = Shop(imported=Imported(refused={"9003": "the product was taken off"}))
    path = tmp_path / "till <1>.csv"
    path.write_text(ORDERS.replace("Customer no", "Wer"))
    async with console_of(shop) as address:
        reader = await open_reader(address)
        page = reader.page
        await reader.log_in()
        await page.click("nav >> text=Import")
        await reader.picture("import")
        assert await reader.violations() == []
        await page.set_input_files("#file", path)
        await page.click("text=Look at it")
        await page.get_by_text("It cannot come in as it is").wait_for()
        assert "account_ref" in await page.inner_text("[role=alert]")
        assert "9001" in await page.inner_text("main")
        await reader.picture("import-open")
        assert await reader.violations() == []
        await page.get_by_label("account_ref").fill("Wer")
        await page.fill("[name=zone]", "Europe/Berlin")
        await page.fill("[name=currency]", "EUR")
        await page.keyboard.press("Enter")
        await page.get_by_text("What would come in").wait_for()
        text = await page.inner_text("main")
        for told in ("2 × MUG (10.2500), 1 × TEA (8.0000)", "Qty is no number", "2026-03-27T08:15:00", "semicolon"):
            assert told in text, told
        assert "Would come in, rows\n\n3" in text
        await page.click("summary")
        command = "ordercast import orders till_1_.csv --map account_ref=Wer --zone Europe/Berlin --currency EUR"
        assert command in await page.inner_text("main")
        await reader.picture("import-looked")
        assert await reader.violations() == []
        shop.imported.gate.clear()
        await page.click("text=Import it")
        await page.get_by_text("0 of 4 rows").or_(page.get_by_text("it begins")).wait_for()
        await reader.picture("import-sending")
        assert await reader.violations() == []
        # In the background, too: it asks again by itself, and is led to the end.
        await page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        shop.imported.gate.set()
        await page.get_by_text("What came in").wait_for()
        assert list(shop.imported.orders) == ["9001"]
        assert "refused by the API: the product was taken off" in await page.inner_text("main")
        await reader.picture("import-done")
        assert await reader.violations() == []
        async with page.expect_download() as downloading:
            await page.click("text=Refused rows")
        download = await downloading.value
        assert download.suggested_filename == "rejects_till_1_.csv"
        rows = Path(await download.path()).read_text().splitlines()
        assert rows[0].startswith("ordercast_row,ordercast_reason,Order no,Wer")
        assert len(rows) == 3
        assert reader.problems == []


async def test_a_file_with_the_columns_of_one_that_came_in_is_read_as_that_was(tmp_path: Path) -> None:
    mine = ORDERS.replace("Customer no", "Wer")
    for round_ in range(2):  # the second one after a restart
        async with reading(Shop(), told_of_files=tmp_path / "told.json") as http:
            await log_in(http, "olga")
            path, page = await looked_at(http, mine, "next.csv", zone="", currency="EUR" if not round_ else "")
            assert ("the last file with the same columns" in page) == bool(round_)
            if round_:
                assert "What would come in" in page
                assert "--map account_ref=Wer --zone Europe/Berlin --currency EUR" in page
                # Whoever takes it out has taken it out.
                told = {"subject": "orders", "zone": "Asia/Seoul", "currency": "EUR"}
                page = await act(http, path, "look", **told)
                assert "no column is known to be account_ref" in page
            else:
                told = {**TOLD, "field": "account_ref", "column": "Wer"}
                assert "What would come in" in await act(http, path, "look", **told)
                assert "What came in" in await act(http, path, "send")


async def test_columns_that_are_not_read_are_listed_before_and_after_it_comes_in() -> None:
    with_discount = "\n".join(f"{line};<5>" for line in ORDERS.splitlines()).replace("<5>", "Discount", 1)
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        path, page = await looked_at(http, with_discount, zone="Europe/Berlin", currency="EUR")
        for shown in (page, await act(http, path, "send")):
            assert "Columns that are not read: Discount<" in shown


def bomb() -> bytes:
    """Made when it is wanted: every process of a run imports this module, and it takes a second."""
    return gzip.compress(bytes(300 << 20), 9, mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "a.csv",
            ORDERS.replace("27.03", "05.03").replace("28.03", "06.03"),
            "whether the day or the month stands first",
        ),
        ("a.csv", b"\0\1\2\3" * 99, "neither text nor a workbook"),
        ("a.zip", b"PK\x03\x04 is no archive", "a.zip is damaged"),
        ("a.csv", "name\nMug\n", "no column is known to be"),
        ("bomb.gz", bomb, "bomb.gz unpacks to more than 256 MB"),
    ],
)
async def test_what_cannot_be_read_is_told_as_the_command_tells_it(
    name: str, content: bytes | str | Callable[[], bytes], told: str
) -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        path, page = await looked_at(http, content() if callable(content) else content, name)
        assert told in page
        assert 'value="Europe/Berlin"' in page
        assert "ordercast-console-" not in page
        assert "Import it" not in page
        # Nor can it be sent by a form of one's own.
        assert "It cannot come in" in await act(http, path, "send")


async def test_a_far_cell_of_a_workbook_is_told_before_it_takes_the_memory() -> None:
    book = BytesIO()
    sheet = '<worksheet><dimension ref="A1:CV900000"/><sheetData><row r="900000"><c r="CV900000"/></row></sheetData></worksheet>'
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        _, page = await looked_at(http, book.getvalue(), "far.xlsx")
        assert "reaches over more than 10,000,000 cells" in page


async def test_the_wrong_encoding_is_told_and_another_one_read() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        path, page = await looked_at(http, ORDERS.replace("Mug, red", "Tasse für Äpfel").encode("cp1252"))
        assert "CP1252" in page.upper()
        page = await act(http, path, "look", **TOLD, encoding="no-such-code")
        assert "no-such-code" in page
        assert 'role="alert"' in page


async def test_a_column_s_name_with_bytes_that_are_no_text_is_read_shown_and_remembered(tmp_path: Path) -> None:
    content = ORDERS.replace("Product name", "Größe").encode("cp1252")
    for _ in range(2):  # as it is remembered, and as that is looked for
        async with reading(Shop(), told_of_files=tmp_path / "told.json") as http:
            await log_in(http, "olga")
            path, page = await looked_at(http, content, encoding="utf-8")
            assert "Gr\ufffd\ufffde" in page
            assert "What would come in" in page
            assert "What came in" in await act(http, path, "send")


async def test_a_look_that_fails_or_is_cancelled_says_that_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise OSError("no space left on device")

    async def wait(*_: Any) -> None:
        await asyncio.Event().wait()

    async with reading(Shop()) as http:
        await log_in(http, "olga")
        path, page = await looked_at(http, ORDERS)
        for look, told in ((fail, "no space left on device"), (wait, "Its reading was cancelled")):
            monkeypatch.setattr(kept_files, "look_at", look)
            csrf = csrf_in(page)
            await http.post(f"{path}/look", data={"csrf": csrf, **TOLD})
            if look is wait:
                await http.post(f"{path}/cancel", data={"csrf": csrf})
            page = await settled(http, path)
            assert told in page
            assert re.search("[Nn]othing was sent", page)
            assert "What came in stays" not in page
            assert "Look again</button>" in page
            # What it said before was of another reading.
            assert "Import it" not in page


async def test_a_shop_s_own_words_for_views_and_carts_are_told_in_the_form() -> None:
    begin = "K-17,MUG,2026-03-26T20:00:00+01:00"
    views = f"Customer no,Item code,Time,Kind\n{begin},gesehen\n{begin},gelegt\n"
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        path, page = await looked_at(http, views, "views.csv", subject="views")
        assert "No row would come in" in page
        told = TOLD | {"subject": "views", "view_words": "gesehen, geschaut", "cart_words": "gelegt"}
        page = await act(http, path, "look", **told)
        assert "--kind gesehen=view --kind geschaut=view --kind gelegt=cart" in page
        assert 'value="gesehen, geschaut"' in page
        await act(http, path, "send")
    assert [line.get("kind") for line in shop.imported.views] == [None, "cart"]


async def test_the_word_for_an_order_among_views_and_carts_is_told_in_the_form() -> None:
    begin = "9001,K-17,2026-03-26T20:00:00+01:00,MUG,2,10.25"
    events = f"Order no,Customer no,Time,Item code,Qty,Price,Event\n{begin},view\n{begin},acquired\n"
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        path, page = await looked_at(http, events, "events.csv")
        assert "Write below the word of the rows that are orders" in page
        page = await act(http, path, "look", **TOLD, order_word="acquired")
        assert "--kind acquired=order" in page
        assert 'value="acquired"' in page
        assert "What would come in" in page


async def test_what_is_missing_is_said_in_words_of_the_form_and_not_of_the_command() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        for changed, told in (
            ({"zone": ""}, "Write below where the shop’s clock hangs"),
            ({"currency": ""}, "Write it below, such as EUR"),
            ({"currency": "XXQ"}, "its code of ISO 4217, such as EUR"),
        ):
            _, page = await looked_at(http, ORDERS, "orders.csv", **changed)
            notice = page.split('role="alert"')[1].split("</div>")[0]
            assert told in notice
            assert "--" not in notice
        _, page = await looked_at(http, ORDERS.replace("Customer no", "Wer"), "orders.csv")
        assert "Choose below the column that is account_ref" in page


def test_no_file_means_nothing_that_reads_files_is_loaded() -> None:
    script = (
        "import sys, ordercast.services.console.app; "
        "print([name for name in ('duckdb', 'pandas', 'pyarrow', 'numpy', 'python_calamine') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert re.sub(r"\s", "", done.stdout) == "[]"


async def test_a_file_is_dropped_anywhere_on_its_box(open_reader: Any) -> None:
    drop = """(box) => {
      const carried = new DataTransfer();
      carried.items.add(new File(["a"], "till.csv"));
      return ["dragover", "drop"].map((kind) =>
        box.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true })));
    }"""
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.goto(f"{address}/import")
        # False: the browser does not open the file in place of the page.
        assert await reader.page.locator(".drop").evaluate(drop) == [False, False]
        assert await reader.page.locator("#file").evaluate("field => field.files[0].name") == "till.csv"
        assert reader.problems == []
