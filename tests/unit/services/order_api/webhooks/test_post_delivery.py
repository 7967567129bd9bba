"""The connection goes to the address that was looked at, and nothing that a receiver does costs more than it may."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from ordercast.services.order_api.webhooks import post_delivery
from ordercast.services.order_api.webhooks.post_delivery import ANSWER_BYTES, Answer, PostDelivery, open_post_delivery


class Names:
    """Answers a name with one address after the other, as a name's owner may."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = list(addresses)
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return [self._addresses.pop(0)]


async def streamed(*pieces: bytes) -> AsyncIterator[bytes]:
    """As a real answer comes: not read before somebody asks for it."""
    for piece in pieces:
        yield piece


class Receiver:
    def __init__(self, answer: httpx.Response | Exception) -> None:
        self._answer = answer
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


async def post(receiver: Receiver, names: Names, url: str = "https://shop.example:8443/in?a=1") -> Answer:
    async with httpx.AsyncClient(transport=httpx.MockTransport(receiver), follow_redirects=False) as client:
        return await PostDelivery(client, names, private=False)(url, {"webhook-id": "a"}, b"{}")


async def test_it_goes_to_the_address_that_was_looked_at_and_names_the_host() -> None:
    receiver, names = Receiver(httpx.Response(204, content=streamed())), Names("1.1.1.1", "10.0.0.1")
    assert (await post(receiver, names)).is_success
    (request,) = receiver.requests
    assert str(request.url) == "https://1.1.1.1:8443/in?a=1"
    assert request.headers["host"] == "shop.example:8443"
    assert request.extensions["sni_hostname"] == "shop.example"
    assert names.asked == ["shop.example"]


async def test_a_name_that_has_another_address_later_is_refused_then() -> None:
    receiver, names = Receiver(httpx.Response(204, content=streamed())), Names("1.1.1.1", "10.0.0.1")
    await post(receiver, names)
    later = await post(receiver, names)
    assert (later.status, later.is_success) == (None, False)
    assert "10.0.0.1" in later.start
    assert len(receiver.requests) == 1


async def test_what_anybody_may_read_is_refused_where_the_setting_that_allowed_it_is_off() -> None:
    receiver = Receiver(httpx.Response(204, content=streamed()))
    answer = await post(receiver, Names("1.1.1.1"), "http://shop.example/in")
    assert (answer.status, receiver.requests) == (None, [])
    assert "https" in answer.start


async def test_a_redirect_is_not_followed_and_no_success() -> None:
    receiver = Receiver(httpx.Response(307, headers={"location": "http://10.0.0.1/"}, content=streamed()))
    answer = await post(receiver, Names("1.1.1.1"))
    assert (answer.status, answer.is_success, len(receiver.requests)) == (307, False, 1)


async def test_of_an_endless_answer_the_start_is_read() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 100

    answer = await post(Receiver(httpx.Response(500, content=endless())), Names("1.1.1.1"))
    assert answer.start == "x" * ANSWER_BYTES
    assert read <= ANSWER_BYTES / 100 + 1


async def test_what_is_compressed_is_not_unpacked() -> None:
    packed = gzip.compress(b"x" * 10_000_000)

    headers = {"content-encoding": "gzip"}
    answer = await post(Receiver(httpx.Response(200, headers=headers, content=streamed(packed))), Names("1.1.1.1"))
    assert len(answer.start) <= ANSWER_BYTES
    assert "xxx" not in answer.start


async def test_an_answer_can_be_kept_by_postgresql() -> None:
    answer = await post(Receiver(httpx.Response(200, content=streamed(b"a\0\xff"))), Names("1.1.1.1"))
    assert answer.start == "a\ufffd\ufffd"


@pytest.mark.parametrize(
    "url", ["http://", "http://a..b/", "ftp://1.1.1.1/", "http://[::1", "nonsense", "http://a:99999/"]
)
async def test_a_url_that_cannot_be_is_a_failure_with_its_reason(url: str) -> None:
    async with open_post_delivery(private=False) as deliver:
        answer = await deliver(url, {}, b"{}")
    assert answer.status is None
    assert answer.start


async def test_a_connection_that_fails_is_a_failure_with_its_reason() -> None:
    answer = await post(Receiver(httpx.ConnectError("refused")), Names("1.1.1.1"))
    assert (answer.status, answer.start) == (None, "refused")


async def test_who_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post_delivery, "TIMEOUT_S", 0.01)

    async def silent() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(3_600)
            yield b""

    answer = await post(Receiver(httpx.Response(200, content=silent())), Names("1.1.1.1"))
    assert (answer.status, answer.is_success) == (None, False)
    assert "no answer" in answer.start


async def test_a_receivers_cookies_go_nowhere() -> None:
    async with open_post_delivery(private=False) as deliver:
        request = httpx.Request("POST", "http://1.1.1.1/")
        deliver._client.cookies.extract_cookies(httpx.Response(200, headers={"set-cookie": "a=b"}, request=request))
        assert not deliver._client.cookies
