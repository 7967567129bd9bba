"""Events sent on to a URL: tried again where that may help, said clearly where it does not; and the file that keeps how far."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ordercast.reading import forward_events
from ordercast.reading.forward_events import ForwardEvents, NotForwarded, PositionFile, PositionFileWrong

EVENT: dict[str, Any] = {"id": "e-1", "type": "ordercast.order.placed.v1", "data": {"total": "1.50"}}
URL = "http://receiver/hook"


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward_events, "FIRST_PAUSE_S", 0.0)


def forward(answers: Callable[[httpx.Request], httpx.Response], retry_for_s: float = 10.0) -> ForwardEvents:
    return ForwardEvents(httpx.AsyncClient(transport=httpx.MockTransport(answers)), URL, retry_for_s=retry_for_s)


async def test_what_may_be_taken_later_is_sent_again_as_it_was() -> None:
    statuses, seen = iter([503, 429, 0, 500, 204]), list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        status = next(statuses)
        if not status:
            raise httpx.ReadTimeout("too slow")
        return httpx.Response(status)

    assert await forward(answer)(EVENT) == 204
    assert [json.loads(request.content) for request in seen] == [EVENT] * 5
    assert {request.headers["content-type"] for request in seen} == {"application/cloudevents+json"}


@pytest.mark.parametrize("status", [302, 400, 404, 410])
async def test_a_refusal_is_told_with_what_the_receiver_says(status: int) -> None:
    with pytest.raises(NotForwarded, match=rf"e-1 was not taken: http://receiver/hook answers {status}: no such"):
        await forward(lambda _: httpx.Response(status, text="no such"))(EVENT)


async def test_a_receiver_that_stays_away_is_told_after_the_time() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(NotForwarded, match="does not answer: refused"):
        await forward(away, retry_for_s=-1.0)(EVENT)


def test_a_position_comes_back_and_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    file = PositionFile(tmp_path / "at")
    assert file.read() is None
    for position in ("orders:1,2", "orders:1,3"):
        file.write(position)
        assert file.read() == position
    assert [path.name for path in tmp_path.iterdir()] == ["at"]


@pytest.mark.parametrize("content", [b"", b"\xff", b"two\nlines"])
def test_what_is_no_position_file_is_not_taken_for_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "at").write_bytes(content)
    with pytest.raises(PositionFileWrong):
        PositionFile(tmp_path / "at").read()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PositionFileWrong, match="cannot be written: "):
        PositionFile(tmp_path / "none" / "at").write("orders:1")
