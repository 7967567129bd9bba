"""Files that the console keeps: handed in once, sent, cancelled, and whose they are."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ordercast.client.errors import ProblemAnswer
from ordercast.services.console.errors import TooManyFiles
from ordercast.services.console.imports import kept_files
from ordercast.services.console.imports.remembered import Remembered
from ordercast.services.console.imports.told import Told
from tests.integration.console.test_import import ORDERS, TOLD, act, hand_in, looked_at, settled
from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.support.console_imports import Imported
from tests.support.console_services import Shop, console_of


async def test_a_form_that_is_sent_twice_hands_in_one_file() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        form = {"csrf": csrf_in((await http.get("/import")).text), **TOLD}

        async def send(content: str) -> str:
            answer = await http.post("/import/files", data=form, files={"file": ("orders.csv", content.encode())})
            location: str = answer.headers["location"]
            return location

        first, second = await asyncio.gather(send(ORDERS), send(ORDERS))
        assert first == second == await send(ORDERS)
        # Another file of the same page, and the same one of another page.
        assert await send(ORDERS + "\n") != first
        path, _ = await looked_at(http, ORDERS)
        assert path != first
        assert (await http.get("/import")).text.count('<a href="/import/') == 3
        csrf = csrf_in((await http.get(first)).text)
        await http.post(f"{first}/delete", data={"csrf": csrf})
        assert await send(ORDERS) != first


async def test_progress_of_a_file_that_is_gone_leads_to_what_says_so() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        asked = await http.get("/import/gone/state")
        assert (asked.status_code, asked.headers["hx-redirect"]) == (204, "/import/gone")
        for language, told in (("en", "The file is no longer here"), ("ko", "파일이 더 이상 여기에 없습니다")):
            answer = await http.get("/import/gone", headers={"Accept-Language": language})
            assert answer.status_code == 404
            assert f"<h1>{told}</h1>" in answer.text


async def test_a_send_goes_on_while_order_api_is_away_for_a_moment_and_twice_changes_nothing() -> None:
    shop = Shop(imported=Imported(away=1))
    async with reading(shop) as http:
        await log_in(http, "olga")
        path, _ = await looked_at(http, ORDERS)
        assert "What came in" in await act(http, path, "send")
        assert shop.imported.requests == 2
        # It is done, and its file gone: a second click begins nothing.
        await act(http, path, "send")
        assert shop.imported.requests == 2
        path, _ = await looked_at(http, ORDERS)
        assert "orders that were there already: <strong>2</strong>" in await act(http, path, "send")


async def test_a_cancelled_file_can_be_gone_on_with_and_a_deleted_one_is_gone(tmp_path: Path) -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        path, page = await looked_at(http, ORDERS)
        shop.imported.gate.clear()
        csrf = csrf_in(page)
        await http.post(f"{path}/send", data={"csrf": csrf})
        await shop.imported.asked.wait()
        await http.post(f"{path}/cancel", data={"csrf": csrf})
        shop.imported.gate.set()
        assert "It was cancelled after 0 rows" in await settled(http, path)
        assert "What came in" in await act(http, path, "send")
        await http.post(f"{path}/delete", data={"csrf": csrf})
        answer = await http.get(path)
        assert answer.status_code == 404
        assert "kept for an hour" in answer.text


async def test_views_that_were_sent_are_not_sent_again(tmp_path: Path) -> None:
    views = "Customer no,Item code,Time,Count\nK-17,MUG,2026-03-26T20:00:00+01:00,12\n"
    shop = Shop()
    for _ in range(2):
        async with reading(shop, views_sent=tmp_path / "views_sent") as http:
            await log_in(http, "olga")
            path, _ = await looked_at(http, views, "views.csv", subject="views")
            await act(http, path, "send")
    assert len(shop.imported.views) == 1


async def test_files_are_bounded_in_size_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_files, "MOST_FILES", 2)
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        paths = [(await looked_at(http, ORDERS))[0] for _ in range(3)]
        # The oldest made room.
        assert [(await http.get(path)).status_code for path in paths] == [404, 200, 200]
        csrf = csrf_in((await http.get("/import")).text)
        large = await http.post(
            "/import/files", data={"csrf": csrf}, files={"file": ("large.csv", bytes((64 << 20) + 100_000))}
        )
        assert large.status_code == 413
        assert "ordercast import" in large.text
        form = await http.post(f"{paths[2]}/look", data={"csrf": csrf, "zone": "x" * 2_000_000})
        assert form.status_code == 413
        empty = await hand_in(http, "", "empty.csv")
        assert empty.status_code == 422
        assert 'value="Europe/Berlin"' in empty.text


async def test_a_colleague_s_file_that_is_not_sent_yet_makes_no_room(tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield ORDERS.encode()

    files = kept_files.KeptFiles(tmp_path, tmp_path / "views_sent", Remembered(tmp_path / "told.json"))
    told = Told("orders")
    kept = [await files.keep(account, "a.csv", pieces(), told) for account in [1] * (kept_files.MOST_FILES - 1) + [2]]
    await asyncio.gather(*(file.task for file in kept if file.task))
    newest = await files.keep(2, "b.csv", pieces(), told)
    assert files.of(1) == kept[-2::-1]
    assert files.of(2) == [newest]
    with pytest.raises(TooManyFiles):
        await files.keep(3, "c.csv", pieces(), told)
    kept[0].state = "done"
    await files.keep(3, "c.csv", pieces(), told)
    assert kept[0] not in files.of(1)
    await files.close()


async def test_a_file_called_as_the_folder_of_what_was_refused_is_sent() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        path, _ = await looked_at(http, ORDERS, "refused")
        await act(http, path, "send")
        assert (await http.get(f"{path}/rejects.csv")).status_code == 200


async def test_a_log_in_that_ends_while_a_file_is_sent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any) -> None:
        raise ProblemAnswer(401, "invalid-token", "The token is not good")

    monkeypatch.setattr(kept_files, "send", refuse)
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        path, _ = await looked_at(http, ORDERS)
        assert "the log-in ended" in await act(http, path, "send")


@pytest.mark.parametrize("name", ["carl", "olga"])
async def test_files_are_their_operator_s_alone_and_each_act_wants_the_form_s_token(name: str) -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        path, _ = await looked_at(http, ORDERS)
        if name == "carl":
            http.cookies.clear()
            await log_in(http, name)
        for what in ("files", *(f"{path.rpartition('/')[2]}/{act}" for act in ("look", "send", "cancel", "delete"))):
            answer = await http.post(f"/import/{what}", data={"csrf": "made up"}, files={"file": ("a", b"b")})
            assert answer.status_code == 403, what
        assert shop.imported.orders == {}


async def test_a_second_click_hands_no_file_in_twice(open_reader: Any, tmp_path: Path) -> None:
    """The button takes no click from the first one on, and takes one again for another file."""
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/import")
        button = reader.page.locator("form[data-once] button.main")
        await reader.page.set_input_files("#file", path)
        # It stays on its page, where its button can be looked at.
        await button.evaluate("one => one.form.addEventListener('submit', sent => sent.preventDefault())")
        await button.evaluate("one => one.click()")
        assert await button.is_disabled()
        await reader.page.set_input_files("#file", path.rename(tmp_path / "others.csv"))
        assert await button.is_enabled()
