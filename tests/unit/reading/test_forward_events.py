"""Events sent on to a URL: tried again where that may help, said clearly where it does not; and the file that keeps how far."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ordercast.reading import forward_events
from ordercast.reading.forward_events import ForwardEvents, NotForwarded, PositionFile, PositionFileWrong, open_forward

EVENT: dict[str, Any] = {"id": "e-1", "type": "ordercast.order.placed.v1", "data": {"total": "1.50"}}
URL = "http://receiver/hook"


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward_events, "FIRST_PAUSE_S", 0.0)


def forward(
    answers: Callable[[httpx.Request], httpx.Response], retry_for_s: float = 10.0, url: str = URL
) -> ForwardEvents:
    return ForwardEvents(httpx.AsyncClient(transport=httpx.MockTransport(answers)), url, retry_for_s=retry_for_s)


class Streamed(httpx.AsyncByteStream):
    """A body of so many parts; an error after them."""

    def __init__(self, part: bytes, count: int, error: Exception | None = None) -> None:
        self._part = part
        self._count = count
        self._error = error
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._count):
            self.read += len(self._part)
            yield self._part
        if self._error is not None:
            raise self._error


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


async def test_an_event_that_waits_for_its_receiver_is_told_once() -> None:
    statuses, told = iter([503, 503, 204]), list[str]()
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(next(statuses))))
    assert await ForwardEvents(http, URL, retry_for_s=10.0, report=told.append)(EVENT) == 204
    assert told == [f"{URL} answers 503: Service Unavailable; the event is tried again for 10 s"]


@pytest.mark.parametrize("status", [302, 400, 404, 410])
async def test_a_refusal_is_told_with_what_the_receiver_says(status: int) -> None:
    with pytest.raises(NotForwarded, match=rf"e-1 was not taken: http://receiver/hook answers {status}: no such"):
        await forward(lambda _: httpx.Response(status, text="no such"))(EVENT)


async def test_a_receiver_that_stays_away_is_told_after_the_time() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(NotForwarded, match="does not answer: refused"):
        await forward(away, retry_for_s=-1.0)(EVENT)


async def test_no_more_of_an_answer_is_read_than_is_shown() -> None:
    body = Streamed(b"x" * 150, 1_000)
    with pytest.raises(NotForwarded, match=r"answers 400: x{200}$"):
        await forward(lambda _: httpx.Response(400, stream=body))(EVENT)
    assert body.read == 300


@pytest.mark.parametrize("status", [200, 400])
async def test_the_status_counts_of_an_answer_whose_body_cannot_be_read(status: int) -> None:
    for body, headers in (
        (Streamed(b"plain text", 1), {"Content-Encoding": "gzip"}),
        (Streamed(b"", 1, httpx.ReadError("cut")), {}),
    ):
        answer = forward(lambda _, body=body, headers=headers: httpx.Response(status, stream=body, headers=headers))  # type: ignore[misc]
        if status == 200:
            assert await answer(EVENT) == 200
        else:
            with pytest.raises(NotForwarded, match=r"answers 400: Bad Request$"):
                await answer(EVENT)


async def test_an_answer_that_is_none_to_the_client_counts_as_none() -> None:
    def undecodable(request: httpx.Request) -> httpx.Response:
        raise httpx.DecodingError("no gzip")

    with pytest.raises(NotForwarded, match="does not answer: no gzip"):
        await forward(undecodable, retry_for_s=-1.0)(EVENT)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://ann:s3cret@receiver/hook@x", "http://receiver/hook@x answers 400"),
        ("http://ann:s3cret@receiver:port/hook", "http://receiver:port/hook is no URL"),
        ("http://ann:s3/cret@receiver/hook", "http://receiver/hook is no URL"),
        ("ftp://ann:s3cret@receiver/hook", "ftp://receiver/hook is no URL of HTTP"),
    ],
)
async def test_no_error_shows_the_user_and_password_of_a_url(url: str, shown: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"].startswith("Basic ")
        return httpx.Response(400)

    with pytest.raises(NotForwarded) as refused:
        await forward(answer, url=url)(EVENT)
    assert shown in str(refused.value)
    assert "s3" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://ann:s3cret@receiver:99999/hook", "http://receiver:99999/hook is no URL"),
        ("http://receiver:-1/", "http://receiver:-1/ is no URL"),
        ("http://receiver:0/", "http://receiver:0/ is no URL"),
        ("http://ü..é/", "http://ü..é/ is no URL"),
        ("receiver", "receiver is no URL of HTTP"),
        ("", "'' is no URL of HTTP"),
        ("http:///hook", "http:///hook is no URL of HTTP"),
    ],
)
async def test_what_is_no_url_is_told_before_any_event_comes(url: str, said: str) -> None:
    with pytest.raises(NotForwarded) as refused:
        async with open_forward(url, retry_for_s=1.0):
            pass
    assert (str(refused.value), refused.value.hint) == (said, forward_events.SUCH_AS)


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
